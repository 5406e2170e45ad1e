package main_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// recorder sends chunks as a browser does.
type recorder struct {
	*program
	key       string
	ID        string
	LinkToken string `json:"share_token"`
	Upload    struct{ URL, Token string }
}

func (p *program) record(key string) *recorder {
	p.t.Helper()
	r := &recorder{program: p, key: key}
	body, status := p.send(
		"POST",
		p.base+"/api/v1/videos",
		[]byte(`{"source":"recording","title":"Weekly update"}`),
		"Authorization: Bearer "+key,
		"Content-Type: application/json",
	)
	if status != http.StatusCreated {
		p.t.Fatalf("begin a recording: %d %s", status, body)
	}
	if err := json.Unmarshal(body, r); err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *program) send(method, address string, body []byte, headers ...string) ([]byte, int) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer, res.StatusCode
}

// put cuts a file into chunks at arbitrary bytes and sends them. It returns the track's part of the
// complete request.
func (r *recorder) put(track, path string, chunkBytes int) string {
	r.t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for at := 0; at < len(file); at += chunkBytes {
		r.chunk(track, n, file[at:min(at+chunkBytes, len(file))])
		n++
	}
	return fmt.Sprintf(`%q:{"chunks":%d,"bytes":%d}`, track, n, len(file))
}

func (r *recorder) chunk(track string, n int, body []byte) {
	r.t.Helper()
	sum := sha256.Sum256(body)
	answer, status := r.send(
		"PUT",
		fmt.Sprintf("%s/tracks/%s/chunks/%d", r.Upload.URL, track, n),
		body,
		"Authorization: Bearer "+r.Upload.Token,
		"Content-Digest: sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":",
		"Content-Type: video/mp4",
	)
	if status != http.StatusCreated {
		r.t.Fatalf("chunk %d of %s: %d %s", n, track, status, answer)
	}
}

func (r *recorder) complete(claims ...string) {
	r.t.Helper()
	answer, status := r.send(
		"POST",
		r.Upload.URL+"/complete",
		[]byte(`{"tracks":{`+strings.Join(claims, ",")+`}}`),
		"Authorization: Bearer "+r.Upload.Token,
		"Content-Type: application/json",
	)
	if status != http.StatusOK {
		r.t.Fatalf("complete: %d %s", status, answer)
	}
}

type playback struct {
	State      string
	Improving  bool
	DurationMS int64 `json:"duration_ms"`
	Playback   struct {
		Tracks []struct {
			Name, HLS string
			HLSAAC    string `json:"hls_aac"`
			Main      bool
			OffsetMS  int64 `json:"offset_ms"`
			Sources   []struct{ Type, URL string }
		}
		Flattened *struct{ Type, URL string }
		Layout    *struct {
			Bubbles []struct{ X, Y, Size float64 }
		}
	}
}

func (r *recorder) link() (s playback) {
	r.t.Helper()
	r.get("", "/api/v1/shares/"+r.LinkToken, &s)
	return s
}

// TestTwoTracksAreRecordedAndBecomeReady sends what a browser recorded of a screen and a camera,
// and watches it from the first fragment on.
func TestTwoTracksAreRecordedAndBecomeReady(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	r := p.record(key)
	folder := filepath.Dir(samples(t)[0])
	screen := r.put("screen", filepath.Join(folder, "two-tracks-screen.mp4"), 100_000)
	camera := r.put("camera", filepath.Join(folder, "two-tracks-camera.mp4"), 70_000)
	if _, status := p.send(
		"POST",
		r.Upload.URL+"/heartbeat",
		[]byte(`{"state":"recording","camera_offset_ms":40}`),
		"Authorization: Bearer "+r.Upload.Token,
		"Content-Type: application/json",
	); status != http.StatusOK {
		t.Fatalf("heartbeat: %d", status)
	}
	live := r.link()
	if live.State != "recording" || len(live.Playback.Tracks) != 2 || !live.Playback.Tracks[0].Main ||
		live.Playback.Tracks[1].OffsetMS != 40 ||
		live.Playback.Layout == nil {
		t.Fatalf("while it is recorded the shared video is %+v", live)
	}
	if body, status := p.send(
		"GET",
		p.base+live.Playback.Tracks[1].HLS,
		nil,
	); status != http.StatusOK ||
		!strings.Contains(string(body), "#EXTINF") {
		t.Errorf("the camera's playlist: %d\n%s", status, body)
	}
	r.complete(screen, camera)
	var done playback
	p.until(time.Minute, "ready", func() bool {
		done = r.link()
		return done.State == "ready" && !done.Improving
	})
	if len(done.Playback.Tracks) != 2 || len(done.Playback.Tracks[1].Sources) != 1 {
		t.Fatalf("ready, the shared video is %+v", done)
	}
	for _, track := range done.Playback.Tracks {
		source := track.Sources[0]
		if !strings.Contains(source.Type, "avc1") || strings.Contains(source.Type, "mp4a") != track.Main {
			t.Errorf("the track %s is %s", track.Name, source.Type)
		}
		if _, status := p.send("GET", p.base+source.URL, nil); status != http.StatusOK {
			t.Errorf("the track %s answers %d", track.Name, status)
		}
	}
	flat := r.flattened("")
	layout := []byte(`{"layout":{"bubbles":[{"at_ms":0,"x":0.9,"y":0.1,"size":0.3,"visible":true}]}}`)
	if answer, status := p.send(
		"PATCH",
		p.base+"/api/v1/videos/"+r.ID,
		layout,
		"Authorization: Bearer "+key,
		"Content-Type: application/json",
	); status != http.StatusOK {
		t.Fatalf("move the bubble: %d %s", status, answer)
	}
	if moved := r.link().Playback.Layout; moved == nil || moved.Bubbles[0].X != 0.9 {
		t.Errorf("the layout is %+v", moved)
	}
	if now := r.link().Playback.Flattened; now != nil {
		t.Errorf("just moved, it is still offered flattened: %s", now.URL)
	}
	moved := r.flattened(flat)
	html, _ := p.send("GET", p.base+"/v/"+r.LinkToken, nil)
	_, plain, _ := strings.Cut(string(html), "<noscript><video")
	plain, _, _ = strings.Cut(plain, "</noscript>")
	if name := moved[strings.LastIndex(moved, "/"):]; strings.Count(plain, "<source") != 1 ||
		!strings.Contains(plain, name) {
		t.Errorf("with scripts off the page plays, instead of %s:\n%s", name, plain)
	}
	file, status := p.send("GET", p.base+"/v/"+r.LinkToken+"/download", nil)
	if whole, _ := p.send("GET", p.base+moved, nil); status != http.StatusOK || !bytes.Equal(file, whole) {
		t.Errorf("the download: %d, %d bytes, and flattened %d", status, len(file), len(whole))
	}
}

// flattened waits for a flattened rendition at another address than old, and checks its streams.
func (r *recorder) flattened(old string) string {
	r.t.Helper()
	var made struct{ Type, URL string }
	r.until(2*time.Minute, "screen and camera in one picture", func() bool {
		f := r.link().Playback.Flattened
		if f != nil && f.URL != old {
			made = *f
		}
		return made.URL != ""
	})
	if !strings.Contains(made.Type, "avc1") || !strings.Contains(made.Type, "mp4a") {
		r.t.Errorf("flattened it is %s", made.Type)
	}
	return made.URL
}

// TestSoundIsThereAtStop records with Opus and stops: the playlist with AAC is complete before the
// ladder is made.
func TestSoundIsThereAtStop(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	path := ffmpegtest.Clip(t, "long.mp4", "-f lavfi -i testsrc2=s=1280x720:r=10:d=40 -f lavfi -i sine=r=48000:d=40 "+
		"-c:v libx264 -preset ultrafast -g 20 -pix_fmt yuv420p -c:a libopus "+
		"-movflags frag_keyframe+empty_moov+default_base_moof")
	r := p.record(key)
	claim := r.put("screen", path, 200_000)
	p.until(
		30*time.Second,
		"sound while it is recorded",
		func() bool { return r.link().Playback.Tracks[0].HLSAAC != "" },
	)
	r.complete(claim)
	var playlist string
	stopped := time.Now()
	p.until(30*time.Second, "the whole sound", func() bool {
		s := r.link()
		if len(s.Playback.Tracks) == 0 || s.Playback.Tracks[0].HLSAAC == "" {
			t.Fatalf("after stop the shared video is %+v", s.Playback)
		}
		body, _ := p.send("GET", p.base+s.Playback.Tracks[0].HLSAAC, nil)
		playlist = string(body)
		return strings.Contains(playlist, "#EXT-X-ENDLIST")
	})
	t.Logf("the whole sound was there %s after the answer to complete", time.Since(stopped).Round(time.Millisecond))
	if n := strings.Count(playlist, "#EXTINF:"); n != 20 {
		t.Errorf("the playlist has %d segments of 40 s:\n%s", n, playlist)
	}
	p.until(2*time.Minute, "the ladder", func() bool { return r.link().State == "ready" })
	if s := r.link(); s.Playback.Tracks[0].HLSAAC != "" {
		t.Errorf("beside what plays everywhere it is still offered: %s", s.Playback.Tracks[0].HLSAAC)
	}
}

// TestMicrophoneAloneBecomesReady records sound without a picture: it plays, and shows its
// waveform.
func TestMicrophoneAloneBecomesReady(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	path := ffmpegtest.Clip(t, "voice.webm", "-f lavfi -i sine=d=3 -c:a libopus -live 1")
	r := p.record(key)
	r.complete(r.put("screen", path, 5000))
	var s struct {
		playback
		Playback struct {
			Tracks           []struct{ Sources []struct{ Type, URL string } }
			Poster, Waveform string
		}
	}
	p.until(time.Minute, "ready", func() bool {
		p.get("", "/api/v1/shares/"+r.LinkToken, &s)
		return s.State == "ready"
	})
	if len(s.Playback.Tracks) != 1 || !strings.HasPrefix(s.Playback.Tracks[0].Sources[0].Type, "audio/mp4") ||
		s.Playback.Waveform == "" {
		t.Fatalf("the shared video is %+v", s.Playback)
	}
	poster, status := p.send("GET", p.base+s.Playback.Poster, nil)
	if picture, err := jpeg.DecodeConfig(bytes.NewReader(poster)); status != http.StatusOK || err != nil ||
		picture.Width != 1280 {
		t.Errorf("the poster: %d, %v, %+v", status, err, picture)
	}
}

// TestEverySampleIsRecordedInChunks sends each browser's recording as chunks, also WebM.
func TestEverySampleIsRecordedInChunks(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	var recorders []*recorder
	files := samples(t)
	for _, path := range files {
		r := p.record(key)
		r.complete(r.put("screen", path, 64<<10))
		recorders = append(recorders, r)
	}
	for i, r := range recorders {
		p.until(2*time.Minute, filepath.Base(files[i]), func() bool {
			s := r.link()
			if s.State == "failed" {
				t.Fatalf("%s has failed", filepath.Base(files[i]))
			}
			return s.State == "ready"
		})
	}
}

// TestAcknowledgedChunksSurviveAKill kills the server while chunks arrive: what was acknowledged is
// still there.
func TestAcknowledgedChunksSurviveAKill(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	r := p.record(key)
	address := strings.TrimPrefix(r.Upload.URL, p.base)
	file, err := os.ReadFile(samples(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	const size = 40_000
	var claim string
	for n := 0; n*size < len(file); n++ {
		r.chunk("screen", n, file[n*size:min((n+1)*size, len(file))])
		claim = fmt.Sprintf(`"screen":{"chunks":%d,"bytes":%d}`, n+1, len(file))
		if n%3 == 2 {
			p.kill()
			p.start()
			r.Upload.URL = p.base + address
		}
	}
	r.complete(claim)
	original, status := p.send("GET", p.base+"/api/v1/videos/"+r.ID+"/original", nil, "Authorization: Bearer "+key)
	if status != http.StatusOK || !bytes.Equal(original, file) {
		t.Errorf("the original: %d, %d bytes, want the %d that were acknowledged", status, len(original), len(file))
	}
}
