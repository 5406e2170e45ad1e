package server_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// fragmentsOf cuts a fragmented MP4 into its header and its fragments, as a browser sends them.
func fragmentsOf(t *testing.T, file []byte) [][]byte {
	t.Helper()
	var list [][]byte
	from := 0
	for at := 0; at < len(file); {
		length := int(binary.BigEndian.Uint32(file[at:]))
		if kind := string(file[at+4 : at+8]); kind == "moof" && len(list) > 0 || kind == "moof" && from == 0 && at > 0 {
			list = append(list, file[from:at])
			from = at
		}
		at += length
	}
	return append(list, file[from:])
}

// TestTwoHoursComeInByChunks sends what a browser sends in two hours: 3,600 chunks of two seconds
// each. The recording plays all the time, and is sealed fast.
//
//nolint:paralleltest // it compares how long chunks take
func TestTwoHoursComeInByChunks(t *testing.T) {
	if testing.Short() {
		t.Skip("a short run sends no 3,600 chunks")
	}
	path := ffmpegtest.Clip(t, "long.mp4", "-f lavfi -i testsrc2=s=64x64:r=1:d=7200 -c:v libx264 -preset ultrafast "+
		"-g 2 -keyint_min 2 -sc_threshold 0 -pix_fmt yuv420p -movflags frag_keyframe+empty_moov+default_base_moof")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	chunks := fragmentsOf(t, file)
	if len(chunks) < 3600 || !bytes.Equal(bytes.Join(chunks, nil), file) {
		t.Fatalf("%d chunks, want two seconds each", len(chunks))
	}
	w := newFixture(t)
	u := w.newRecording()
	took := make([]time.Duration, len(chunks))
	for n, body := range chunks {
		began := time.Now()
		w.want(w.putChunk(u, "screen", n, string(body)), 201)
		took[n] = time.Since(began)
		if n == len(chunks)/2 {
			checkLength(t, w, u, n, false)
		}
	}
	began := time.Now()
	w.want(w.complete(u, len(chunks), int64(len(file))), 200)
	t.Logf(
		"a chunk took %s at the beginning and %s at the end; complete took %s",
		mean(took[:100]),
		mean(took[len(took)-100:]),
		time.Since(began).Round(time.Millisecond),
	)
	checkLength(t, w, u, len(chunks)-1, true)
	original := w.want(w.do("GET", "/api/v1/videos/"+u.video+"/original", nil, w.asOwner()), 200)
	if !bytes.Equal(original.body, file) {
		t.Errorf("the original has %d bytes of %d", len(original.body), len(file))
	}
}

func mean(list []time.Duration) time.Duration {
	var sum time.Duration
	for _, d := range list {
		sum += d
	}
	return (sum / time.Duration(len(list))).Round(10 * time.Microsecond)
}

// checkLength checks that the playlist and the shared video have this many fragments of two
// seconds.
func checkLength(t *testing.T, w *fixture, u uploaded, fragments int, ended bool) {
	t.Helper()
	var link struct {
		DurationMS int64 `json:"duration_ms"`
		Playback   struct{ Tracks []struct{ HLS string } }
	}
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200).decode(t, &link)
	if len(link.Playback.Tracks) != 1 {
		t.Fatalf("the shared video is %+v", link)
	}
	want := int64(fragments) * 2000
	if link.DurationMS < want-3000 || link.DurationMS > want+3000 {
		t.Errorf("it lasts %d ms, want about %d", link.DurationMS, want)
	}
	playlist := string(w.want(w.do("GET", link.Playback.Tracks[0].HLS, nil), 200).body)
	if n := strings.Count(
		playlist,
		"#EXTINF:",
	); n < fragments-1 || n > fragments+1 ||
		strings.Contains(playlist, "#EXT-X-ENDLIST") != ended {
		t.Errorf("the playlist has %d segments, want %d; ended, want %v", n, fragments, ended)
	}
}
