package server_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

func wantHeaders(t testing.TB, r reply, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := r.header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func (w *fixture) head(u uploaded) reply {
	w.t.Helper()
	return w.do("HEAD", u.location, nil, tusOn, "Authorization: Bearer "+u.token)
}

func TestTusTellsWhatItCanDo(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for _, path := range []string{"/api/v1/files/", "/api/v1/files/anything"} {
		r := w.want(w.do("OPTIONS", path, nil), 204)
		wantHeaders(t, r, map[string]string{
			"Tus-Version":            "1.0.0",
			"Tus-Resumable":          "1.0.0",
			"Tus-Max-Size":           strconv.Itoa(20 << 30),
			"Tus-Checksum-Algorithm": "sha1,sha256,md5",
			"Tus-Extension": "creation,creation-with-upload,creation-defer-length," +
				"expiration,checksum,termination",
		})
	}
}

func TestTusCreation(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	name := "Upload-Metadata: filename " + base64.StdEncoding.EncodeToString([]byte("Ünïcode film.mp4"))
	tests := []struct {
		name    string
		headers []string
		body    string
		status  int
		want    map[string]string
	}{
		{name: "with a key", headers: []string{tusOn, w.asOwner(), "Upload-Length: 10"}, status: 201},
		{name: "with a session", headers: []string{tusOn, session, "Upload-Length: 10", name}, status: 201},
		{name: "length deferred", headers: []string{tusOn, w.asOwner(), "Upload-Defer-Length: 1"}, status: 201},
		{
			name:    "empty file is complete at once",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 0"},
			status:  201,
		},
		{
			name:    "metadata with an empty value",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 10", "Upload-Metadata: private"},
			status:  201,
		},
		{
			name:    "with bytes",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 10", "Content-Type: application/offset+octet-stream"},
			body:    "hello",
			status:  201,
			want:    map[string]string{"Upload-Offset": "5"},
		},
		{
			name:    "with bytes of another type",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 10", "Content-Type: text/plain"},
			body:    "hello",
			status:  415,
		},
		{
			name:    "without anybody",
			headers: []string{tusOn, "Upload-Length: 10"},
			status:  401,
			want:    map[string]string{"Tus-Resumable": "1.0.0"},
		},
		{
			name: "with a key without the scope",
			headers: []string{
				tusOn,
				"Authorization: Bearer " + w.newKey(servertest.OwnerEmail, storage.ScopeRead),
				"Upload-Length: 10",
			},
			status: 403,
		},
		{
			name:    "without the version",
			headers: []string{w.asOwner(), "Upload-Length: 10"},
			status:  412,
			want:    map[string]string{"Tus-Version": "1.0.0", "Tus-Resumable": "1.0.0"},
		},
		{
			name:    "with another version",
			headers: []string{"Tus-Resumable: 0.2.2", w.asOwner(), "Upload-Length: 10"},
			status:  412,
			want:    map[string]string{"Tus-Version": "1.0.0"},
		},
		{name: "without a length", headers: []string{tusOn, w.asOwner()}, status: 400},
		{name: "with a negative length", headers: []string{tusOn, w.asOwner(), "Upload-Length: -1"}, status: 400},
		{name: "with a signed length", headers: []string{tusOn, w.asOwner(), "Upload-Length: +1"}, status: 400},
		{
			name:    "with both lengths",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 10", "Upload-Defer-Length: 1"},
			status:  400,
		},
		{
			name:    "deferred by another word",
			headers: []string{tusOn, w.asOwner(), "Upload-Defer-Length: 2"},
			status:  400,
		},
		{
			name:    "with more bytes than announced",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 2", "Content-Type: application/offset+octet-stream"},
			body:    "hello",
			status:  413,
		},
		{
			name:    "too large",
			headers: []string{tusOn, w.asOwner(), fmt.Sprintf("Upload-Length: %d", 20<<30+1)},
			status:  413,
		},
		{
			name:    "broken metadata",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 10", "Upload-Metadata: filename ???"},
			status:  400,
		},
		{
			name:    "metadata with a key twice",
			headers: []string{tusOn, w.asOwner(), "Upload-Length: 10", "Upload-Metadata: a YQ==,a YQ=="},
			status:  400,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var body any
			if tc.body != "" {
				body = tc.body
			}
			r := w.want(w.do("POST", "/api/v1/files/", body, tc.headers...), tc.status)
			wantHeaders(t, r, tc.want)
			if tc.status != 201 {
				return
			}
			if !strings.HasPrefix(r.header.Get("Location"), w.url+"/api/v1/files/") ||
				!strings.HasPrefix(r.header.Get("Meanwhile-Watch-Url"), w.url+"/v/") ||
				r.header.Get("Meanwhile-Video-Id") == "" ||
				!strings.HasPrefix(r.header.Get("Meanwhile-Upload-Token"), "up_") {
				t.Errorf("headers %v", r.header)
			}
			if _, err := http.ParseTime(r.header.Get("Upload-Expires")); err != nil &&
				tc.name != "empty file is complete at once" {
				t.Error(err)
			}
		})
	}
}

func TestTusLocationStaysWhereTheBrowserIs(t *testing.T) {
	t.Parallel()
	w := newFixture(
		t,
		func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.BaseURL = "https://video.example.org" },
	)
	session := strings.Replace(w.logIn(servertest.OwnerEmail, servertest.OwnerPassword), "\n", "", 1)
	r := w.want(
		w.do(
			"POST",
			"/api/v1/files/",
			nil,
			tusOn,
			session,
			"Upload-Length: 3",
			"Sec-Fetch-Site: same-origin",
			"Origin: "+w.url,
		),
		201,
	)
	if got := r.header.Get("Location"); !strings.HasPrefix(got, w.url) {
		t.Errorf("Location is %q, want it under %s", got, w.url)
	}
	if got := r.header.Get("Meanwhile-Watch-Url"); !strings.HasPrefix(got, "https://video.example.org/v/") {
		t.Errorf("watch address is %q", got)
	}
}

func TestTusSendsPiecesAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.createUpload(10)
	r := w.want(w.patch(u, 0, "hello"), 204)
	wantHeaders(t, r, map[string]string{"Upload-Offset": "5", "Tus-Resumable": "1.0.0", "Cache-Control": "no-store"})
	if _, err := http.ParseTime(r.header.Get("Upload-Expires")); err != nil {
		t.Error(err)
	}
	r = w.want(w.head(u), 200)
	wantHeaders(t, r, map[string]string{
		"Upload-Offset": "5", "Upload-Length": "10", "Cache-Control": "no-store", "Upload-Defer-Length": "",
		"Upload-Metadata": "filename " + base64.StdEncoding.EncodeToString([]byte("demo.mp4")),
	})
	r = w.want(w.patch(u, 0, "hello"), 409)
	wantHeaders(t, r, map[string]string{"Upload-Offset": "5"})
	w.want(w.patch(u, 7, "llo"), 409)
	r = w.want(w.patch(u, 5, "world"), 204)
	wantHeaders(t, r, map[string]string{"Upload-Offset": "10", "Upload-Expires": ""})
	wantHeaders(t, w.want(w.patch(u, 10, nil), 204), map[string]string{"Upload-Offset": "10"})
	wantHeaders(t, w.want(w.head(u), 200), map[string]string{"Upload-Offset": "10", "Upload-Length": "10"})

	video := w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()), 200)
	if got := video.text(t, "state"); got != "processing" {
		t.Errorf("state is %q, want processing", got)
	}
	original := w.want(w.do("GET", video.text(t, "original_url"), nil, w.asOwner()), 200)
	if string(original.body) != "helloworld" {
		t.Errorf("original is %q", original.body)
	}
	w.want(w.do("DELETE", u.location, nil, tusOn, w.asOwner()), 409) // complete: it is a video now
}

func TestTusRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.createUpload(10)
	other := w.createUpload(10)
	send := func(headers ...string) reply {
		return w.do("PATCH", u.location, "hello", append([]string{tusOn}, headers...)...)
	}
	kind, at, token := "Content-Type: "+
		"application/offset+octet-stream", "Upload-Offset: 0", "Authorization: Bearer "+u.token
	tests := []struct {
		name   string
		got    reply
		status int
	}{
		{"another content type", send(at, token, "Content-Type: text/plain"), 415},
		{"no content type", send(at, token), 415},
		{"no offset", send(kind, token), 400},
		{"negative offset", send(kind, token, "Upload-Offset: -1"), 400},
		{"nobody", send(kind, at), 401},
		{"the token of another upload", send(kind, at, "Authorization: Bearer "+other.token), 401},
		{"an unknown key", send(kind, at, "Authorization: Bearer mw_unknown"), 401},
		{"another scheme", send(kind, at, "Authorization: Basic YTpi"), 401},
		{"somebody else's key", send(kind, at, "Authorization: Bearer "+w.newUser("eve@example.org", "Eve")), 404},
		{"an unknown algorithm", send(kind, at, token, "Upload-Checksum: crc32 AAAA"), 400},
		{"a checksum that is no Base64", send(kind, at, token, "Upload-Checksum: sha1 ***"), 400},
		{"a checksum of the wrong length", send(kind, at, token, "Upload-Checksum: sha1 AAAA"), 400},
		{"another length", send(kind, at, token, "Upload-Length: 11"), 409},
		{"an unknown upload", w.do("PATCH", "/api/v1/files/nothing", "x", tusOn, kind, at, w.asOwner()), 404},
		{"an unknown upload by token", w.do("PATCH", "/api/v1/files/nothing", "x", tusOn, kind, at, token), 401},
		{"more than was announced", w.patch(u, 0, "hello world, and more"), 413},
		{"GET is not of tus", w.do("GET", u.location, nil, tusOn, token), 405},
		{"POST without another method", w.do("POST", u.location, nil, tusOn, token), 405},
	}
	for _, tc := range tests {
		if tc.got.status != tc.status {
			t.Errorf("%s: status %d, want %d: %s", tc.name, tc.got.status, tc.status, tc.got.body)
		}
		if tc.got.header.Get("Tus-Resumable") != "1.0.0" {
			t.Errorf("%s: no Tus-Resumable", tc.name)
		}
	}
	wantHeaders(t, w.head(u), map[string]string{"Upload-Offset": "0"})
}

func TestTusChecksums(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	body := []byte("hello")
	s1, s2, m5 := sha1.Sum(body), sha256.Sum256(body), md5.Sum(body)
	for name, sum := range map[string][]byte{"sha1": s1[:], "sha256": s2[:], "md5": m5[:]} {
		u := w.createUpload(10)
		header := "Upload-Checksum: " + name + " " + base64.StdEncoding.EncodeToString(sum)
		wantHeaders(t, w.want(w.patch(u, 0, "jello", header), 460), map[string]string{"Upload-Offset": "0"})
		wantHeaders(t, w.head(u), map[string]string{"Upload-Offset": "0"})
		wantHeaders(t, w.want(w.patch(u, 0, "hello", header), 204), map[string]string{"Upload-Offset": "5"})
	}
}

func TestTusLengthThatComesLater(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := w.want(w.do("POST", "/api/v1/files/", nil, tusOn, w.asOwner(), "Upload-Defer-Length: 1"), 201)
	u := uploaded{
		location: r.header.Get("Location"),
		token:    r.header.Get("Meanwhile-Upload-Token"),
		video:    r.header.Get("Meanwhile-Video-Id"),
	}
	wantHeaders(t, w.head(u), map[string]string{"Upload-Defer-Length": "1", "Upload-Length": "", "Upload-Offset": "0"})
	video := w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner())
	if got := video.field(t, "length_bytes"); got != nil {
		t.Errorf("length_bytes is %v, want null", got)
	}
	w.want(w.patch(u, 0, "hello"), 204)
	wantHeaders(t, w.want(w.patch(u, 0, nil, "Upload-Length: 5"), 409), map[string]string{"Upload-Offset": "5"})
	// a refused request changed nothing
	wantHeaders(t, w.head(u), map[string]string{"Upload-Defer-Length": "1"})
	wantHeaders(t, w.want(w.patch(u, 5, nil, "Upload-Length: 5"), 204), map[string]string{"Upload-Offset": "5"})
	wantHeaders(t, w.head(u), map[string]string{"Upload-Length": "5", "Upload-Defer-Length": ""})
	if got := w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()).text(t, "state"); got != "processing" {
		t.Errorf("state is %q, want processing", got)
	}
}

func TestTusByPostForClientsThatCanDoNoOther(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.createUpload(5)
	token := "Authorization: Bearer " + u.token
	r := w.want(
		w.do(
			"POST",
			u.location,
			"hello",
			tusOn,
			token,
			"X-HTTP-Method-Override: PATCH",
			"Content-Type: application/offset+octet-stream",
			"Upload-Offset: 0",
		),
		204,
	)
	wantHeaders(t, r, map[string]string{"Upload-Offset": "5"})
}

func TestTusEnds(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.createUpload(10)
	w.want(w.do("DELETE", u.location, nil, tusOn, "Authorization: Bearer "+u.token), 204)
	if r := w.want(w.head(u), 410); r.header.Get("Upload-Offset") != "" {
		t.Error("an upload that is gone tells an offset")
	}
	w.want(w.patch(u, 0, "x"), 410)
	w.want(w.do("DELETE", u.location, nil, tusOn, "Authorization: Bearer "+u.token), 410)

	late := w.createUpload(10)
	w.Clock.Move(8 * 24 * time.Hour)
	w.want(w.patch(late, 0, "x"), 410)
}

func TestTusSealsWhatAFailedAnswerLeft(t *testing.T) {
	t.Parallel()
	broken := &brokenStat{}
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) {
		broken.Objects = lc.Objects
		lc.Objects = broken
	})
	u := w.createUpload(5)
	broken.fail = true
	w.want(w.patch(u, 0, "hello"), 503)
	w.want(w.head(u), 503) // not "complete", or the client would never come back
	broken.fail = false
	wantHeaders(t, w.want(w.head(u), 200), map[string]string{"Upload-Offset": "5"})
	if got := w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()).text(t, "state"); got != "processing" {
		t.Errorf("state is %q, want processing", got)
	}
}

// brokenStat is a store of objects that fails when parts are compared.
type brokenStat struct {
	storage.Objects
	fail bool
}

func (b *brokenStat) Stat(ctx context.Context, key string) (storage.ObjectInfo, error) {
	if b.fail {
		return storage.ObjectInfo{}, storage.E(storage.Unavailable, "The storage is away.", nil)
	}
	return b.Objects.Stat(ctx, key)
}

func TestTusAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	used := 0.5
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) {
		lc.DiskUsed = func() float64 { return used }
	})
	u := w.createUpload(10)
	w.want(w.patch(u, 0, "hello"), 204)
	used = 0.95
	r := w.want(w.do("POST", "/api/v1/files/", nil, tusOn, w.asOwner(), "Upload-Length: 5"), 507)
	if r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	used = 0.98
	wantHeaders(t, w.want(w.patch(u, 5, "world"), 507), map[string]string{"Upload-Offset": "5"})
	used = 0.5
	w.want(w.patch(u, 5, "world"), 204)
}

// sendPart begins a request that announces more bytes than it sends.
func (w *fixture) sendPart(u uploaded, announced int, body string) *net.TCPConn {
	w.t.Helper()
	conn := must(net.Dial("tcp", strings.TrimPrefix(w.url, "http://")))(w.t)
	_, path, _ := strings.Cut(strings.TrimPrefix(u.location, "http://"), "/")
	fmt.Fprintf(
		conn,
		"PATCH /%s HTTP/1.1\r\nHost: x\r\n%s\r\nAuthorization: Bearer %s\r\nContent-Type: "+
			"application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: %d\r\n\r\n%s",
		path,
		tusOn,
		u.token,
		announced,
		body,
	)
	return conn.(*net.TCPConn)
}

func TestTusKeepsWhatArrivedBeforeTheLineBroke(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.createUpload(1000)
	conn := w.sendPart(u, 1000, "only this")
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b := must(io.ReadAll(conn))(t)
	if !bytes.Contains(b, []byte("Upload-Offset: 9\r\n")) {
		t.Errorf("answer %q", b)
	}
	wantHeaders(t, w.head(u), map[string]string{"Upload-Offset": "9"})
	w.want(w.patch(u, 9, strings.Repeat("x", 991)), 204)
}

// slowPut holds every put object, once all its bytes are there, until let is closed.
type slowPut struct {
	storage.Objects
	came chan struct{}
	let  chan struct{}
}

func (s *slowPut) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	close(s.came)
	<-s.let
	return s.Objects.Put(ctx, key, bytes.NewReader(b))
}

// looked closes done after the upload was read left more times.
type looked struct {
	storage.Store
	left atomic.Int64
	done chan struct{}
}

func (l *looked) UploadByID(ctx context.Context, id storage.UploadID) (storage.Upload, error) {
	if l.left.Add(-1) == 0 {
		close(l.done)
	}
	return l.Store.UploadByID(ctx, id)
}

func TestTusAnswersWhatABrokenRequestBroughtWhileItIsStored(t *testing.T) {
	t.Parallel()
	objects := &slowPut{came: make(chan struct{}), let: make(chan struct{})}
	store := &looked{done: make(chan struct{})}
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) {
		objects.Objects, lc.Objects = lc.Objects, objects
		store.Store, lc.Store = lc.Store, store
	})
	letThrough := sync.OnceFunc(func() { close(objects.let) })
	t.Cleanup(letThrough)
	u := w.createUpload(1000)
	w.sendPart(u, 1000, "only this").Close()
	<-objects.came
	store.left.Store(3) // the actor, the state, and the state now
	go func() {
		<-store.done
		letThrough()
	}()
	wantHeaders(t, w.want(w.head(u), 200), map[string]string{"Upload-Offset": "9"})
}

func TestTusCutsOffWhoDoesNotSend(t *testing.T) {
	t.Parallel()
	w := newFixture(
		t,
		func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.BodyGrace = 50 * time.Millisecond },
	)
	u := w.createUpload(1000)
	r, stop := io.Pipe()
	defer stop.Close()
	go func() { _, _ = stop.Write([]byte("some")) }()
	got := w.want(w.patch(u, 0, r), 408)
	wantHeaders(t, got, map[string]string{"Upload-Offset": "4"})
}

//nolint:paralleltest // it measures the heap of the whole process
func TestTusMemoryDoesNotGrowWithSize(t *testing.T) {
	w := newFixture(t)
	const size = 96 << 20
	u := w.createUpload(size)
	runtime.GC() // drop what earlier tests left
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := make(chan uint64)
	stop := make(chan struct{})
	go func() {
		var most uint64
		var m runtime.MemStats
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-tick.C:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	w.want(w.patch(u, 0, io.LimitReader(zeros{}, size)), 204)
	close(stop)
	if got := max(<-peak, before.HeapAlloc) - before.HeapAlloc; got > 48<<20 {
		t.Errorf("%d MiB more of heap for an upload of %d MiB", got>>20, size>>20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
