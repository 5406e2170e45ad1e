package main_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// gateway stands between the program and its object storage, and causes the faults it is given.
type gateway struct {
	storage http.Handler

	mu     sync.Mutex
	faults []*gatewayFault
	away   bool // answers only 503
	refuse int  // how often it did so
}

// gatewayFault happens to the first few of some requests.
type gatewayFault struct {
	name string
	to   func(*http.Request) bool
	left int
	do   func(w http.ResponseWriter, r *http.Request, storage http.Handler)
}

// newGateway returns the gateway and the address of the objects through it.
func newGateway(t testing.TB, objects string, faults ...*gatewayFault) (*gateway, string) {
	t.Helper()
	u, err := url.Parse(objects)
	if err != nil {
		t.Fatal("the address of the objects is none")
	}
	query := u.Query()
	target, err := url.Parse(query.Get("endpoint"))
	if err != nil {
		t.Fatal("the endpoint of the objects is no address")
	}
	g := &gateway{faults: faults, storage: passTo(target, nil)}
	listener := httptest.NewServer(g)
	t.Cleanup(listener.Close)
	query.Set("endpoint", listener.URL)
	query.Set("silence", "1s") // instead of a minute
	u.RawQuery = query.Encode()
	return g, u.String()
}

// passTo is a proxy that leaves requests unchanged, since their signature covers the host. It
// changes answers only with change.
func passTo(target *url.URL, change func(*http.Response) error) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: change,
		Transport:      &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.isAway() {
		codeOfS3(http.StatusServiceUnavailable, "SlowDown")(w, r, g.storage)
		return
	}
	if f := g.take(r); f != nil {
		f.do(w, r, g.storage)
		return
	}
	g.storage.ServeHTTP(w, r)
}

func (g *gateway) isAway() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.away {
		g.refuse++
	}
	return g.away
}

func (g *gateway) take(r *http.Request) *gatewayFault {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.faults {
		if f.left > 0 && f.to(r) {
			f.left--
			return f
		}
	}
	return nil
}

func (g *gateway) setAway(away bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.away, g.refuse = away, 0
}

func (g *gateway) refused() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refuse
}

// unspoiled returns the names of the faults that did not happen often enough.
func (g *gateway) unspoiled() (names []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.faults {
		if f.left > 0 {
			names = append(names, f.name)
		}
	}
	return names
}

func reading(r *http.Request) bool {
	return r.Method == http.MethodGet && !r.URL.Query().Has("list-type")
}
func sendingPart(r *http.Request) bool {
	return r.Method == http.MethodPut && r.URL.Query().Has("partNumber")
}
func sendingWhole(r *http.Request) bool {
	return r.Method == http.MethodPut && !r.URL.Query().Has("partNumber")
}
func completing(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

// codeOfS3 replies with an error in S3's form, with any status.
func codeOfS3(status int, code string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>so it is</Message></Error>")
	}
}

// doneButGone lets the storage finish an upload, but replies that there is no such upload.
func doneButGone(w http.ResponseWriter, r *http.Request, storage http.Handler) {
	storage.ServeHTTP(httptest.NewRecorder(), r)
	codeOfS3(http.StatusNotFound, "NoSuchUpload")(w, r, storage)
}

// silent does not answer as long as the client waits.
func silent(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// cut ends the connection in the middle of the answer.
func cut(w http.ResponseWriter, r *http.Request, storage http.Handler) {
	whole := httptest.NewRecorder()
	storage.ServeHTTP(whole, r)
	for name, values := range whole.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(whole.Code)
	_, _ = io.CopyN(w, whole.Body, int64(whole.Body.Len()/2))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// TestUploadsAndJobsEndRightOnABadObjectStorage sends a file and has it processed, with every fault
// that object storages have.
func TestUploadsAndJobsEndRightOnABadObjectStorage(t *testing.T) {
	t.Parallel()
	s := mustServices(t)
	var g *gateway
	g, s.objects = newGateway(t, s.objects,
		&gatewayFault{"busy with reading", reading, 3, codeOfS3(http.StatusServiceUnavailable, "SlowDown")},
		&gatewayFault{"cut while reading", reading, 2, cut},
		&gatewayFault{"silent while reading", reading, 1, silent},
		&gatewayFault{"busy with a part", sendingPart, 2, codeOfS3(http.StatusServiceUnavailable, "SlowDown")},
		&gatewayFault{"silent after a part", sendingPart, 1, silent},
		&gatewayFault{"busy with a small object", sendingWhole, 2, codeOfS3(http.StatusServiceUnavailable, "SlowDown")},
		&gatewayFault{"silent after a small object", sendingWhole, 1, silent},
		&gatewayFault{"an error inside a 200", completing, 1, codeOfS3(http.StatusOK, "InternalError")},
		&gatewayFault{"finished, and no such upload", completing, 1, doneButGone},
	)
	p := newProgram(t, s.env()...)
	key := p.owner()
	p.start()
	source := bigClip(t)

	id := p.push(source)
	p.waitState(key, id, 3*time.Minute, "ready")
	p.wantOriginal(key, id, source)
	if names := g.unspoiled(); names != nil {
		t.Errorf("these faults did not happen: %s", strings.Join(names, "; "))
	}

	// The storage goes away in the middle of an upload and comes back: the upload continues.
	g.setAway(true)
	pushed := make(chan string)
	go func() {
		defer close(pushed)
		if stdout, stderr, code := p.run(
			"push",
			"--url",
			p.base,
			source,
		); code != 0 ||
			!strings.Contains(stdout, "/v/") {
			t.Errorf("push: %d\n%s%s", code, stdout, stderr)
		}
	}()
	p.until(time.Minute, "the upload to be refused", func() bool { return g.refused() >= 5 })
	g.setAway(false)
	<-pushed

	// The storage goes away during a job: the job is retried.
	list := struct{ Items []video }{}
	p.get(key, "/api/v1/videos?limit=1", &list)
	g.setAway(true)
	p.until(2*time.Minute, "a step to fail", func() bool { return strings.Contains(p.log.String(), "step not done") })
	g.setAway(false)
	p.waitState(key, list.Items[0].ID, 4*time.Minute, "ready")
	p.wantOriginal(key, list.Items[0].ID, source)
}

// bigClip is a file of several parts that is cheap to inspect.
func bigClip(t testing.TB) string {
	t.Helper()
	return clip(
		t,
		"big.mp4",
		8,
		"-c:v",
		"libx264",
		"-preset",
		"ultrafast",
		"-pix_fmt",
		"yuv420p",
		"-g",
		"60",
		"-b:v",
		"20M",
		"-minrate",
		"20M",
		"-maxrate",
		"20M",
		"-bufsize",
		"20M",
		"-x264-params",
		"nal-hrd=cbr",
		"-c:a",
		"aac",
	)
}

// wantOriginal fetches the uploaded file and compares it with the original.
func (p *program) wantOriginal(key, id, path string) {
	p.t.Helper()
	want, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+"/api/v1/videos/"+id+"/original", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || string(got) != string(want) {
		p.t.Errorf("the original has %d bytes, %v; want the %d of the file, equal", len(got), err, len(want))
	}
}
