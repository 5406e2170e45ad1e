package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
	"meanwhile/storage/fsstore"
	"meanwhile/storage/sqlstore/sqlstoretest"
	"meanwhile/worker/media"
	"meanwhile/worker/stages"
)

// memBus carries events inside the test.
type memBus struct {
	mu   sync.Mutex
	subs map[string][]chan string
}

func (b *memBus) Publish(_ context.Context, topic, event string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.subs[topic] {
		select {
		case c <- event:
		default:
		}
	}
	return nil
}

func (b *memBus) Subscribe(ctx context.Context, topic string) (<-chan string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[string][]chan string{}
	}
	c := make(chan string, 64)
	b.subs[topic] = append(b.subs[topic], c)
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.subs[topic] = slices.DeleteFunc(b.subs[topic], func(o chan string) bool { return o == c })
		close(c)
	})
	return c, nil
}

// memQueue records jobs; the test is the worker.
type memQueue struct {
	mu   sync.Mutex
	jobs []storage.Job
}

func (q *memQueue) Enqueue(_ context.Context, j storage.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, j)
	return nil
}

func (q *memQueue) take() []storage.Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs := q.jobs
	q.jobs = nil
	return jobs
}

// mailbox gets every mail that is sent.
type mailbox struct {
	mu   sync.Mutex
	mail []storage.Mail
	err  error // instead of taking any
}

func (m *mailbox) Send(_ context.Context, mail storage.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.mail = append(m.mail, mail)
	}
	return m.err
}

func (m *mailbox) take() []storage.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	mail := m.mail
	m.mail = nil
	return mail
}

// plainHasher costs nothing.
type plainHasher struct{}

func (plainHasher) Hash(_ context.Context, p string) (string, error) { return "plain:" + p, nil }
func (plainHasher) Verify(_ context.Context, p, h string) (bool, error) {
	return h == "plain:"+p, nil
}

const (
	ownerEmail    = "ada@example.org"
	ownerPassword = "a long enough password"
)

// world is a running server on real stores, with one owner.
type world struct {
	t       testing.TB
	url     string
	lib     *servertest.Services
	queue   *memQueue
	bus     *memBus
	mail    *mailbox
	key     string // every scope, the owner's
	logged  *logBuffer
	clock   *clock
	handler http.Handler
	staged  map[string]staged // videos that a walk over all routes shares
}

// clock is a time that tests move.
type clock struct {
	mu   sync.Mutex
	plus time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.plus)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plus += d
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
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

func newWorld(t testing.TB, changes ...change) *world {
	t.Helper()
	w := newEmptyWorld(t, changes...)
	ctx := t.Context()
	_, err := w.lib.SignIn.SetUp(
		ctx,
		w.lib.SignIn.SetUpToken(),
		"Crew",
		signin.Account{Email: ownerEmail, Name: "Ada", Password: ownerPassword},
		signin.Entry{Device: "test"},
	)
	if err != nil {
		t.Fatal(err)
	}
	w.key = w.newKey(ownerEmail, storage.AllScopes...)
	return w
}

func newEmptyWorld(t testing.TB, changes ...change) *world {
	t.Helper()
	w := &world{
		t:      t,
		queue:  &memQueue{},
		bus:    &memBus{},
		mail:   &mailbox{},
		logged: &logBuffer{},
		clock:  &clock{},
		staged: map[string]staged{},
	}
	log := slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store := sqlstoretest.Open(t, log)
	objects := must(fsstore.New(filepath.Join(t.TempDir(), "objects")))(t)
	lc := servertest.Config{
		Store:   store,
		Objects: objects,
		Queue:   w.queue,
		Bus:     w.bus,
		Mailer:  w.mail,
		Hasher:  plainHasher{},
		Log:     log,
		Secret:  bytes.Repeat([]byte{7}, 32),
		Now:     w.clock.now,
	}
	done := make(chan struct{})
	c := server.Config{
		Version:                "test",
		StreamPause:            time.Millisecond,
		GuestCommentsPerMinute: 1000,
		GuestCommentsPerHour:   10000,
	}
	d := server.Deps{Log: log, Done: done}
	for _, f := range changes {
		f(&c, &d, &lc)
	}
	w.lib = servertest.New(lc)
	d.Services = &w.lib.Services
	w.handler = server.New(c, d)
	srv := server.HTTPServer(w.handler, log)
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	w.url = "http://" + l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		close(done)
		_ = srv.Close()
		<-ended
		_ = objects.Close()
	})
	return w
}

func (w *world) newKey(email string, scopes ...storage.Scope) string {
	w.t.Helper()
	return must(w.lib.SignIn.AddAPIKey(w.t.Context(), email, "test", scopes, nil))(w.t)
}

// newUser makes another member and gives a key of theirs.
func (w *world) newUser(email, name string) string {
	w.t.Helper()
	if _, _, err := w.lib.SignIn.AddUser(
		w.t.Context(),
		signin.Account{Email: email, Name: name, Role: storage.RoleMember},
	); err != nil {
		w.t.Fatal(err)
	}
	return w.newKey(email, storage.AllScopes...)
}

// reply is an answer, read whole.
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
func (w *world) asOwner() string { return "Authorization: Bearer " + w.key }

// do sends a request with headers as "Name: value" and checks any JSON that comes back against the
// OpenAPI document.
func (w *world) do(method, path string, body any, headers ...string) reply {
	w.t.Helper()
	return w.send(http.DefaultClient, method, path, body, headers...)
}

func (w *world) send(client *http.Client, method, path string, body any, headers ...string) reply {
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

func (w *world) request(method, path string, body any, headers ...string) *http.Request {
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

// want fails unless the status is as it should be.
func (w *world) want(r reply, status int) reply {
	w.t.Helper()
	if r.status != status {
		w.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

type object = map[string]any

// logIn gives a session as a header, because Go's jar holds back secure cookies from http, where
// browsers do not on loopback.
func (w *world) logIn(email, password string) string {
	w.t.Helper()
	r := w.want(w.do("POST", "/api/v1/session", object{"email": email, "password": password}), 200)
	c, err := http.ParseSetCookie(r.header.Get("Set-Cookie"))
	if err != nil {
		w.t.Fatal(err)
	}
	return "Cookie: " + c.Name + "=" + c.Value
}

// upload is a finished creation.
type uploaded struct {
	location, video, token, share string
}

const tusOn = "Tus-Resumable: 1.0.0"

func (w *world) createUpload(length int64, headers ...string) uploaded {
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
		share:    watch[strings.LastIndex(watch, "/")+1:],
	}
}

func (w *world) patch(u uploaded, offset int64, body any, headers ...string) reply {
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

// newVideo uploads bytes and leaves them to be processed.
func (w *world) newVideo() uploaded {
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

// newReadyVideo uploads and does a worker's part for real rows and objects.
func (w *world) newReadyVideo() uploaded {
	w.t.Helper()
	u := w.newVideo()
	w.process()
	return u
}

func (w *world) process() {
	w.t.Helper()
	ctx := w.t.Context()
	for jobs := w.queue.take(); len(jobs) > 0; jobs = w.queue.take() {
		for _, j := range jobs {
			task, err := w.lib.Stages.Claim(ctx, j.Stage, "test")
			if err != nil {
				w.t.Fatal(err)
			}
			if err := w.work(task); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func (w *world) work(task stages.Task) error {
	ctx := w.t.Context()
	if task.Stage.Step == storage.StepInspect {
		return w.lib.Stages.FinishInspect(ctx, task, storage.Probe{
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
		// by the same decode
		made = slices.Concat(made, madeBy[storage.StepStoryboard], madeBy[storage.StepPreview])
	}
	for _, a := range made {
		body := bodyOf(a.Name)
		key, n, err := w.lib.Stages.PutDerived(
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
	return w.lib.Stages.Finish(ctx, task, out)
}

const (
	movieType    = `video/mp4; codecs="avc1.640028,mp4a.40.2"`
	playlistType = "application/vnd.apple.mpegurl"
	cuesType     = "text/vtt; charset=utf-8"
)

// madeBy are the assets of each step, as a worker makes them.
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

// bodyOf is what an asset of that name holds.
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
