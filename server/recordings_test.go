package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// digest is the digest header of a chunk.
func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return "Content-Digest: sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func (w *fixture) newRecording() uploaded {
	w.t.Helper()
	r := w.want(w.do("POST", "/api/v1/videos", object{"source": "recording", "title": "Weekly"}, w.asOwner()), 201)
	var u uploaded
	var body struct {
		ID        string
		LinkToken string `json:"share_token"`
		WatchURL  string `json:"watch_url"`
		Upload    struct{ URL, Token string }
	}
	r.decode(w.t, &body)
	u.video, u.link, u.token, u.location = body.ID, body.LinkToken, body.Upload.Token, strings.TrimPrefix(
		body.Upload.URL,
		w.url,
	)
	if !strings.HasSuffix(body.WatchURL, "/v/"+u.link) {
		w.t.Errorf("watch_url is %s", body.WatchURL)
	}
	return u
}

func (w *fixture) putChunk(u uploaded, track string, n int, body string) reply {
	w.t.Helper()
	return w.do(
		"PUT",
		fmt.Sprintf("%s/tracks/%s/chunks/%d", u.location, track, n),
		body,
		"Authorization: Bearer "+u.token,
		digest(body),
		"Content-Type: video/mp4",
	)
}

func (w *fixture) complete(u uploaded, chunks int, bytes int64) reply {
	w.t.Helper()
	return w.do(
		"POST",
		u.location+"/complete",
		object{"tracks": object{"screen": object{"chunks": chunks, "bytes": bytes}}},
		"Authorization: Bearer "+u.token,
	)
}

func TestChunkProtocol(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newRecording()
	w.want(w.putChunk(u, "screen", 1, "second"), 201) // they overtake one another
	state := w.want(w.do("GET", u.location, nil, "Authorization: Bearer "+u.token), 200)
	if got, want := strings.TrimSpace(
		string(state.body),
	), `{"tracks":{"screen":{"next":0,"bytes":0,"missing":[0]}},"sealed":false}`; got != want {
		t.Errorf("state is %s, want %s", got, want)
	}
	w.want(w.complete(u, 2, 11), 409)
	w.want(w.putChunk(u, "screen", 0, "first"), 201)
	w.want(w.putChunk(u, "screen", 0, "first"), 200)
	other := w.want(w.putChunk(u, "screen", 0, "other"), 409)
	if got, want := "Content-Digest: "+other.header.Get("Content-Digest"), digest("first"); got != want {
		t.Errorf("the stored digest is told as %s, want %s", got, want)
	}
	wrong := w.do("PUT", u.location+"/tracks/screen/chunks/2", "x", "Authorization: Bearer "+u.token, digest("y"))
	w.want(wrong, 422)
	w.want(w.do("PUT", u.location+"/tracks/screen/chunks/2", "x", "Authorization: Bearer "+u.token), 400)
	w.want(w.do("PUT", u.location+"/tracks/sound/chunks/2", "x", "Authorization: Bearer "+u.token, digest("x")), 404)
	w.want(w.do("PUT", u.location+"/tracks/screen/chunks/2", "x", "Authorization: Bearer up_wrong", digest("x")), 401)
	w.want(w.putChunk(u, "screen", 2, strings.Repeat("x", storage.MaxPartBytes+1)), 413)

	beat := w.want(
		w.do(
			"POST",
			u.location+"/heartbeat",
			object{"state": "paused", "started_at": time.Now().UTC()},
			"Authorization: Bearer "+u.token,
		),
		200,
	)
	u.token = beat.text(t, "token")
	w.want(w.do("POST", u.location+"/heartbeat", object{"state": "asleep"}, "Authorization: Bearer "+u.token), 422)
	missing := w.want(w.complete(u, 4, 11), 409)
	if !strings.Contains(string(missing.body), `"missing":{"screen":[2,3]}`) {
		t.Errorf("the answer does not say what is missing: %s", missing.body)
	}
	w.want(w.complete(u, 2, 12), 409)
	done := w.want(w.complete(u, 2, 11), 200)
	if done.text(t, "state") != "processing" || done.text(t, "id") != u.video {
		t.Errorf("the video is %s", done.body)
	}
	w.want(w.complete(u, 2, 11), 200) // the first response may have been lost
	w.want(w.putChunk(u, "screen", 1, "second"), 200)
	w.want(w.putChunk(u, "screen", 2, "late"), 409)
	original := w.want(w.do("GET", "/api/v1/videos/"+u.video+"/original", nil, w.asOwner()), 200)
	if string(original.body) != "firstsecond" {
		t.Errorf("the original is %q", original.body)
	}
}

// TestCompletedTwiceAtOnce is about a client that did not wait for its response.
func TestCompletedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for range 5 {
		u := w.newRecording()
		w.want(w.putChunk(u, "screen", 0, "first"), 201)
		var all sync.WaitGroup
		replies := make([]reply, 6)
		for i := range replies {
			all.Go(func() { replies[i] = w.complete(u, 1, 5) })
		}
		all.Wait()
		for _, r := range replies {
			w.want(r, 200)
			if r.text(t, "id") != u.video || r.text(t, "state") != "processing" {
				t.Errorf("the summary is %s", r.body)
			}
		}
	}
}

func TestRecordingIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newRecording()
	w.want(w.putChunk(u, "screen", 0, "first"), 201)
	w.want(w.do("DELETE", u.location, nil, "Authorization: Bearer "+u.token), 204)
	w.want(w.putChunk(u, "screen", 1, "second"), 410)
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 404)
}

// TestRecordingPlaysWhileItIsMade sends a browser's recording in small pieces and reads it back
// like a viewer.
func TestRecordingPlaysWhileItIsMade(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newRecording()
	file, err := os.ReadFile(filepath.Join("testdata", "recorded.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	const piece = 7000 // not at the ends of boxes
	n := 0
	for at := 0; at < len(file); at += piece {
		w.want(w.putChunk(u, "screen", n, string(file[at:min(at+piece, len(file))])), 201)
		n++
		if at > len(file)/2 && at < len(file)/2+piece {
			checkLive(t, w, u, file[:at+piece], false)
		}
	}
	early := strings.Replace(liveAddress(t, w, u), "screen.m3u8", "screen.whole.mp4", 1)
	w.want(w.do("GET", early, nil), 404) // its index would not be whole
	w.want(w.complete(u, n, int64(len(file))), 200)
	checkLive(t, w, u, file, true)
	checkFile(t, w, u, file)
}

func liveAddress(t *testing.T, w *fixture, u uploaded) string {
	t.Helper()
	var link struct {
		Playback struct{ Tracks []struct{ HLS string } }
	}
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200).decode(t, &link)
	return link.Playback.Tracks[0].HLS
}

// checkFile reads a finished recording as one file. It has the recorded bytes, and after its header
// an index of all fragments to the end. The page and the API must agree.
func checkFile(t *testing.T, w *fixture, u uploaded, recorded []byte) {
	t.Helper()
	var link struct {
		Playback struct {
			Tracks []struct{ Sources []struct{ URL, Type string } }
		}
	}
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200).decode(t, &link)
	if len(link.Playback.Tracks) != 1 || len(link.Playback.Tracks[0].Sources) != 1 {
		t.Fatalf("the shared video is %+v", link)
	}
	source := link.Playback.Tracks[0].Sources[0]
	if !strings.HasPrefix(source.Type, `video/mp4; codecs="avc1.`) {
		t.Errorf("the type is %s", source.Type)
	}
	if page := string(
		w.want(w.do("GET", "/v/"+u.link, nil), 200).body,
	); !strings.Contains(
		page,
		`<source src="`+source.URL+`"`,
	) {
		t.Error("the page has no video, so that nothing plays with scripts off")
	}
	reply := w.want(w.do("GET", source.URL, nil), 200)
	got := reply.body
	wantHeaders(
		t,
		reply,
		map[string]string{"Content-Type": "video/mp4", "Cache-Control": "private, no-store", "Set-Cookie": ""},
	)
	init := bytes.Index(got, []byte("sidx")) - 4
	if init < 0 {
		t.Fatal("there is no index")
	}
	index := got[init:][:binary.BigEndian.Uint32(got[init:])]
	media := got[init+len(index):]
	if !bytes.Equal(got[:init], recorded[:init]) || !bytes.HasPrefix(recorded[init:], media) {
		t.Error("beside the index there is something else than what was recorded")
	}
	rows := index[len(index)-12*int(binary.BigEndian.Uint16(index[38:])):]
	at, lasts := 0, time.Duration(0)
	for ; len(rows) > 0; rows = rows[12:] {
		if string(media[at+4:at+8]) != "moof" {
			t.Fatalf("at %d there is no fragment", at)
		}
		at += int(binary.BigEndian.Uint32(rows))
		lasts += time.Duration(binary.BigEndian.Uint32(rows[4:])) * time.Second / time.Duration(
			binary.BigEndian.Uint32(index[16:]),
		)
	}
	if at != len(media) || at < len(recorded)/2 {
		t.Errorf("the index speaks of %d bytes of %d", at, len(media))
	}
	if (lasts - 8*time.Second).Abs() > 100*time.Millisecond {
		t.Errorf("the index speaks of %s", lasts)
	}
	for _, r := range [][2]int{{0, 10}, {init - 5, init +
		5}, {init + len(index) - 5, init + len(index) + 5}, {init - 5, len(got)}, {len(got) - 9, len(got)}} {
		part := w.want(w.do("GET", source.URL, nil, fmt.Sprintf("Range: bytes=%d-%d", r[0], r[1]-1)), 206)
		if !bytes.Equal(part.body, got[r[0]:r[1]]) {
			t.Errorf("bytes %d to %d are not those of the whole", r[0], r[1])
		}
	}
}

func checkLive(t *testing.T, w *fixture, u uploaded, there []byte, ended bool) {
	t.Helper()
	var link struct {
		State      string
		DurationMS int64 `json:"duration_ms"`
		Playback   struct {
			Tracks []struct {
				Name, HLS string
				Main      bool
			}
		}
	}
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200).decode(t, &link)
	if len(link.Playback.Tracks) != 1 || !link.Playback.Tracks[0].Main || link.Playback.Tracks[0].HLS == "" ||
		link.DurationMS == 0 {
		t.Fatalf("the shared video is %+v", link)
	}
	address := link.Playback.Tracks[0].HLS
	playlist := w.want(w.do("GET", address, nil), 200)
	text := string(playlist.body)
	if strings.Contains(text, "#EXT-X-ENDLIST") != ended || !strings.Contains(text, "#EXT-X-START:TIME-OFFSET=0") ||
		strings.Count(text, "#EXTINF:") < 1 {
		t.Errorf("ended %v, the playlist is\n%s", ended, text)
	}
	if playlist.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("the playlist may be kept: %s", playlist.header.Get("Cache-Control"))
	}
	for line := range strings.SplitSeq(text, "\n") {
		var length, start int
		if _, err := fmt.Sscanf(line, "#EXT-X-BYTERANGE:%d@%d", &length, &start); err != nil {
			continue
		}
		bytes := w.want(
			w.do(
				"GET",
				strings.TrimSuffix(address, ".m3u8")+".mp4",
				nil,
				fmt.Sprintf("Range: bytes=%d-%d", start, start+length-1),
			),
			206,
		)
		if start+length > len(there) || string(bytes.body) != string(there[start:start+length]) ||
			string(bytes.body[4:8]) != "moof" {
			t.Errorf("bytes %d to %d are not those of the recording", start, start+length)
		}
	}
}

// TestARequestWithAKeyMakesOneRecording repeats a request, like a client whose responses were lost.
func TestARequestWithAKeyMakesOneRecording(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	create := func(who, key string) reply {
		t.Helper()
		return w.do("POST", "/api/v1/videos", object{"source": "recording"}, who, "Idempotency-Key: "+key)
	}
	id := func(r reply) string { return w.want(r, 201).text(t, "id") }
	colleague := "Authorization: Bearer " + w.newUser("colleague@example.com", "Colleague")
	first := create(w.asOwner(), `"take-1"`)
	again := create(w.asOwner(), `"take-1"`)
	if id(first) != id(again) || first.text(t, "share_token") != again.text(t, "share_token") {
		t.Errorf("the same key made %s, then %s", first.body, again.body)
	}
	var fresh struct{ Upload struct{ URL, Token string } }
	again.decode(t, &fresh)
	u := uploaded{location: strings.TrimPrefix(fresh.Upload.URL, w.url), token: fresh.Upload.Token}
	w.want(w.putChunk(u, "screen", 0, "first"), 201)
	for name, other := range map[string]string{
		"without quotes it is the same key, and": id(create(w.asOwner(), "take-1")),
		"another key":                            id(create(w.asOwner(), `"take-2"`)),
		"a colleague's key of the same name":     id(create(colleague, `"take-1"`)),
		"no key":                                 id(create(w.asOwner(), "")),
	} {
		if same := strings.HasPrefix(name, "without quotes"); (other == id(first)) != same {
			t.Errorf("%s gives the same recording: %t, want %t", name, !same, same)
		}
	}
	w.want(create(w.asOwner(), `"`+strings.Repeat("k", 256)+`"`), 422)
	w.want(w.do("DELETE", u.location, nil, "Authorization: Bearer "+u.token), 204)
	w.want(create(w.asOwner(), `"take-1"`), 410)
	w.Clock.Move(24*time.Hour + time.Second)
	if id(create(w.asOwner(), `"take-1"`)) == id(first) {
		t.Error("a day later the key still gives the first recording")
	}
}

// TestTheSameRequestTwiceAtOnceMakesOneRecording: a client that gives up early repeats the request
// while the first one still runs.
func TestTheSameRequestTwiceAtOnceMakesOneRecording(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ids := make([]string, 6)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			r := w.do("POST", "/api/v1/videos", object{"source": "recording"}, w.asOwner(), `Idempotency-Key: "take"`)
			if r.status == 201 {
				ids[i] = r.text(t, "id")
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("six at once made %q, want one recording", ids)
		}
	}
}

// TestRecordersBehindOneAddressDoNotCountTogether makes one recorder's connection hang in the
// middle of a chunk. That takes all places of its recording.
func TestRecordersBehindOneAddressDoNotCountTogether(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.MaxParallel = 1 })
	slow, other := w.newRecording(), w.newRecording()
	ended := w.hangingChunk(slow)
	w.want(w.putChunk(slow, "screen", 1, "second"), 429)
	w.want(w.putChunk(other, "screen", 0, "first"), 201)
	if status := ended(); status != 201 {
		t.Errorf("the chunk that hung answers %d", status)
	}
}

// TestAChunkOfARecordingThatIsGivenUpIsTold gives a recording up while a chunk of it is being sent.
func TestAChunkOfARecordingThatIsGivenUpIsTold(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := w.newRecording()
	ended := w.hangingChunk(r)
	w.want(w.do("DELETE", r.location, nil, "Authorization: Bearer "+r.token), 204)
	if status := ended(); status != 410 {
		t.Errorf("the chunk answers %d, want 410", status)
	}
}

// hangingChunk sends the first chunk of a recording, five bytes, as far as "fi", and returns once
// the server is reading it. ended sends the rest and returns the status.
func (w *fixture) hangingChunk(r uploaded) (ended func() int) {
	w.t.Helper()
	body, rest := io.Pipe()
	req := w.request(
		"PUT",
		r.location+"/tracks/screen/chunks/0",
		nil,
		"Authorization: Bearer "+r.token,
		digest("first"),
		"Content-Type: video/mp4",
	)
	req.Body, req.ContentLength = body, 5
	// the body is read only after the server asks for it, so the server is reading by then
	req.Header.Set("Expect", "100-continue")
	patient := &http.Transport{ExpectContinueTimeout: time.Minute}
	w.t.Cleanup(patient.CloseIdleConnections)
	status := make(chan int, 1)
	go func() {
		res, err := patient.RoundTrip(req)
		if err != nil {
			status <- 0
			return
		}
		res.Body.Close()
		status <- res.StatusCode
	}()
	if _, err := rest.Write([]byte("fi")); err != nil {
		w.t.Fatal(err)
	}
	return func() int {
		w.t.Helper()
		if _, err := rest.Write([]byte("rst")); err != nil {
			w.t.Error(err)
		}
		return <-status
	}
}
