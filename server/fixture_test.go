package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/stages"
)

// fixture is a running server on real stores, with one owner.
type fixture struct {
	*servertest.Fixture
	t       testing.TB
	url     string
	key     string // the owner's, with every scope
	handler http.Handler
	staged  map[string]staged // videos shared by a walk over all routes
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

type change func(*server.Config, *server.Deps, *servertest.Config)

func newFixture(t testing.TB, changes ...change) *fixture {
	t.Helper()
	w := newEmptyFixture(t, changes...)
	w.SetUp(t)
	w.key = w.newKey(servertest.OwnerEmail, storage.AllScopes...)
	return w
}

func newEmptyFixture(t testing.TB, changes ...change) *fixture {
	t.Helper()
	w := &fixture{t: t, staged: map[string]staged{}}
	done := make(chan struct{})
	c := server.Config{
		Version:                "test",
		StreamPause:            time.Millisecond,
		GuestCommentsPerMinute: 1000,
		GuestCommentsPerHour:   10000,
	}
	d := server.Deps{Done: done}
	w.Fixture = servertest.NewEmpty(t, func(sc *servertest.Config) {
		d.Log = sc.Log
		for _, f := range changes {
			f(&c, &d, sc)
		}
	})
	d.Services = &w.Services.Services
	w.handler = server.New(c, d)
	srv := server.HTTPServer(w.handler, d.Log)
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	w.url = "http://" + l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		close(done)
		_ = srv.Close()
		<-ended
	})
	return w
}

func (w *fixture) newKey(email string, scopes ...storage.Scope) string {
	w.t.Helper()
	return must(w.SignIn.AddAPIKey(w.t.Context(), email, "test", scopes, nil))(w.t)
}

// newUser makes another member and returns a key of theirs.
func (w *fixture) newUser(email, name string) string {
	w.t.Helper()
	if _, _, err := w.SignIn.AddUser(
		w.t.Context(),
		signin.Account{Email: email, Name: name, Role: storage.RoleMember},
	); err != nil {
		w.t.Fatal(err)
	}
	return w.newKey(email, storage.AllScopes...)
}

// reply is a response that was read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("decode %d %q: %v", r.status, r.body, err)
	}
}

func (r reply) field(t testing.TB, name string) any {
	t.Helper()
	var m map[string]any
	r.decode(t, &m)
	return m[name]
}

func (r reply) text(t testing.TB, name string) string {
	t.Helper()
	s, ok := r.field(t, name).(string)
	if !ok {
		t.Fatalf("no text %q in %s", name, r.body)
	}
	return s
}

// asOwner is the header that most tests send.
func (w *fixture) asOwner() string { return "Authorization: Bearer " + w.key }

// do sends a request with headers as "Name: value". It checks every JSON response against the
// OpenAPI document.
func (w *fixture) do(method, path string, body any, headers ...string) reply {
	w.t.Helper()
	return w.send(http.DefaultClient, method, path, body, headers...)
}

func (w *fixture) send(client *http.Client, method, path string, body any, headers ...string) reply {
	w.t.Helper()
	req := w.request(method, path, body, headers...)
	noFollow := *client
	noFollow.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := noFollow.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s %s: read answer: %v", method, path, err)
	}
	r := reply{status: res.StatusCode, header: res.Header, body: b}
	checkAnswer(w.t, method, req.URL.Path, r)
	return r
}

func (w *fixture) request(method, path string, body any, headers ...string) *http.Request {
	w.t.Helper()
	var reader io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	case []byte:
		reader = bytes.NewReader(b)
	case io.Reader:
		reader = b
	default:
		reader, kind = bytes.NewReader(must(json.Marshal(b))(w.t)), "application/json"
	}
	if !strings.HasPrefix(path, "http") {
		path = w.url + path
	}
	req := must(http.NewRequestWithContext(w.t.Context(), method, path, reader))(w.t)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Add(name, value)
	}
	return req
}

// want fails unless the status is the expected one.
func (w *fixture) want(r reply, status int) reply {
	w.t.Helper()
	if r.status != status {
		w.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

type object = map[string]any

// logIn returns a session as a header, because Go's cookie jar does not send secure cookies over
// http. Browsers do so on loopback.
func (w *fixture) logIn(email, password string) string {
	w.t.Helper()
	r := w.want(w.do("POST", "/api/v1/session", object{"email": email, "password": password}), 200)
	c, err := http.ParseSetCookie(r.header.Get("Set-Cookie"))
	if err != nil {
		w.t.Fatal(err)
	}
	return "Cookie: " + c.Name + "=" + c.Value
}

// uploaded is an upload that was created.
type uploaded struct {
	location, video, token, link string
}

const tusOn = "Tus-Resumable: 1.0.0"

func (w *fixture) createUpload(length int64, headers ...string) uploaded {
	w.t.Helper()
	meta := "Upload-Metadata: filename " + base64.StdEncoding.EncodeToString(
		[]byte("demo.mp4"),
	) + ",title " + base64.StdEncoding.EncodeToString(
		[]byte("Demo"),
	)
	r := w.want(
		w.do(
			"POST",
			"/api/v1/files/",
			nil,
			append([]string{tusOn, fmt.Sprintf("Upload-Length: %d", length), meta, w.asOwner()}, headers...)...),
		201,
	)
	watch := r.header.Get("Meanwhile-Watch-Url")
	return uploaded{
		location: r.header.Get("Location"),
		video:    r.header.Get("Meanwhile-Video-Id"),
		token:    r.header.Get("Meanwhile-Upload-Token"),
		link:     watch[strings.LastIndex(watch, "/")+1:],
	}
}

func (w *fixture) patch(u uploaded, offset int64, body any, headers ...string) reply {
	w.t.Helper()
	h := append(
		[]string{
			tusOn,
			"Content-Type: application/offset+octet-stream",
			fmt.Sprintf("Upload-Offset: %d", offset),
			"Authorization: Bearer " + u.token,
		},
		headers...)
	return w.do("PATCH", u.location, body, h...)
}

// newVideo uploads bytes. The video then waits for processing.
func (w *fixture) newVideo() uploaded {
	w.t.Helper()
	body := "not really a film, but nobody looks"
	u := w.createUpload(int64(len(body)))
	w.want(w.patch(u, 0, body), 204)
	return u
}

const (
	movieBytes = "moving pictures, as bytes: 0123456789"
	imageBytes = "a still picture"
)

// newReadyVideo uploads and does the work of a worker, so that real rows and objects exist.
func (w *fixture) newReadyVideo() uploaded {
	w.t.Helper()
	u := w.newVideo()
	w.process()
	return u
}

func (w *fixture) process() {
	w.t.Helper()
	ctx := w.t.Context()
	for jobs := w.Queue.Take(); len(jobs) > 0; jobs = w.Queue.Take() {
		for _, j := range jobs {
			task, err := w.Stages.Claim(ctx, j.Stage, "test")
			if err != nil {
				w.t.Fatal(err)
			}
			if err := w.work(task); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *fixture) work(task stages.Task) error {
	ctx := w.t.Context()
	if task.Stage.Step == storage.StepInspect {
		return w.Stages.FinishInspect(ctx, task, storage.Probe{
			Container:  storage.ContainerMP4,
			DurationMS: 90_000,
			Streams:    2,
			Video: &storage.VideoStream{
				Codec:         "h264",
				Profile:       "High",
				Level:         40,
				PixelFormat:   "yuv420p",
				Width:         1920,
				Height:        1080,
				CodedWidth:    1920,
				CodedHeight:   1080,
				FPS:           30,
				BitrateBPS:    1_000_000,
				KeyframeGapMS: 2000,
				Frames:        2700,
			},
			Audio: &storage.AudioStream{Codec: "aac", Channels: 2, SampleRate: 48_000, BitrateBPS: 128_000},
		})
	}
	var out stages.Outcome
	made := madeBy[task.Stage.Step]
	if l := task.Plan.Ladder; task.Stage.Step == storage.StepEncode && l != nil && l.Extras {
		// the same decode makes them
		made = slices.Concat(made, madeBy[storage.StepStoryboard], madeBy[storage.StepPreview])
	}
	for _, a := range made {
		body := bodyOf(a.Name)
		key, n, err := w.Stages.PutDerived(
			ctx,
			task,
			strings.TrimPrefix(path.Ext(a.Name), "."),
			strings.NewReader(body),
		)
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(a.Name + body))
		a.Key, a.SizeBytes, a.Duration, a.SHA256 = key, n, 90*time.Second, hex.EncodeToString(sum[:])
		out.Assets = append(out.Assets, a)
	}
	return w.Stages.Finish(ctx, task, out)
}

const (
	movieType    = `video/mp4; codecs="avc1.640028,mp4a.40.2"`
	playlistType = "application/vnd.apple.mpegurl"
	cuesType     = "text/vtt; charset=utf-8"
)

// madeBy are the assets that a worker makes in each step.
var madeBy = map[storage.Step][]storage.Asset{
	storage.StepCopy: {
		{
			Kind:       storage.AssetCopy,
			Name:       "copy.mp4",
			MediaType:  movieType,
			Everywhere: true,
			Width:      1920,
			Height:     1080,
		},
	},
	storage.StepPoster: {
		{Kind: storage.AssetPoster, Name: "poster.jpg", MediaType: "image/jpeg", Width: 1280, Height: 720},
	},
	storage.StepListen: {
		{Kind: storage.AssetPeaks, Name: "peaks.json", MediaType: "application/json"},
		{Kind: storage.AssetSpeech, Name: "speech.flac", MediaType: "audio/flac"},
	},
	storage.StepPreview: {
		{
			Kind:      storage.AssetPreview,
			Name:      "preview.mp4",
			MediaType: `video/mp4; codecs="avc1.640028"`,
			Width:     320,
			Height:    180,
		},
	},
	storage.StepEncode: {
		{
			Kind:       storage.AssetRendition,
			Name:       "720p.mp4",
			MediaType:  movieType,
			Everywhere: true,
			Width:      1280,
			Height:     720,
		},
		{
			Kind:         storage.AssetRung,
			Name:         "1080p.m4s",
			MediaType:    movieType,
			Width:        1920,
			Height:       1080,
			BandwidthBPS: 4_000_000,
		},
		{Kind: storage.AssetPlaylist, Name: "1080p.m3u8", MediaType: playlistType},
		{
			Kind:         storage.AssetRung,
			Name:         "480p.m4s",
			MediaType:    movieType,
			Width:        854,
			Height:       480,
			BandwidthBPS: 900_000,
		},
		{Kind: storage.AssetPlaylist, Name: "480p.m3u8", MediaType: playlistType},
		{Kind: storage.AssetPlaylist, Name: media.MasterName, MediaType: playlistType},
	},
	storage.StepStoryboard: {
		{Kind: storage.AssetStoryboard, Name: "storyboard.jpg", MediaType: "image/jpeg", Width: 640, Height: 180},
		{Kind: storage.AssetCues, Name: "storyboard.vtt", MediaType: cuesType},
	},
}

// bodyOf is the content of an asset with that name.
func bodyOf(name string) string {
	switch path.Ext(name) {
	case ".jpg":
		return imageBytes
	case ".json":
		return `{"version":1,"interval_ms":90,"peaks":[0,50,100]}`
	case ".m3u8":
		return "#EXTM3U\n" + strings.Repeat("#EXTINF:2.00000,\n#EXT-X-BYTERANGE:1000@0\n480p.m4s\n", 100)
	case ".vtt":
		return "WEBVTT\n"
	}
	return movieBytes
}
