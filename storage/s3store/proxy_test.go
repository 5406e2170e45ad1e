package s3store_test

import (
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile/storage/s3store"
)

// fault is what happens to some requests on their way to the server.
type fault struct {
	to    func(*http.Request) bool
	times int // how many of them; every one if negative
	do    func(w http.ResponseWriter, r *http.Request, server http.Handler)
}

// proxy stands in front of the real server and causes the faults it is given.
type proxy struct {
	server http.Handler
	mu     sync.Mutex
	faults []*fault
	hits   int
}

func (p *proxy) take(r *http.Request) *fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		if f.times != 0 && f.to(r) {
			f.times--
			p.hits++
			return f
		}
	}
	return nil
}

// happened returns how many requests had a fault.
func (p *proxy) happened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f := p.take(r); f != nil {
		f.do(w, r, p.server)
		return
	}
	p.server.ServeHTTP(w, r)
}

// How long a store waits for a byte: silence in tests about silence; elsewhere patience, which is
// longer than any load of the machine. A store that retries overtakes its own request that a fault
// still holds.
const (
	silence  = 2500 * time.Millisecond
	patience = 5 * time.Minute
)

// newFaulty returns a store behind a proxy with these faults, and one on the same folder without.
func newFaulty(t testing.TB, faults ...fault) (faulty, direct *s3store.Store, p *proxy) {
	t.Helper()
	return newFaultyAt(t, newAddress(t), patience, faults...)
}

// newQuick is newFaulty for faults that are silence.
func newQuick(t testing.TB, faults ...fault) (faulty, direct *s3store.Store, p *proxy) {
	t.Helper()
	return newFaultyAt(t, newAddress(t), silence, faults...)
}

func newFaultyAt(
	t testing.TB, address *url.URL, wait time.Duration, faults ...fault,
) (faulty, direct *s3store.Store, p *proxy) {
	t.Helper()
	direct = mustOpen(t, address.String())
	query := address.Query()
	target, err := url.Parse(query.Get("endpoint"))
	if err != nil {
		t.Fatal("the endpoint in MEANWHILE_TEST_OBJECTS_URL is not an address")
	}
	p = &proxy{server: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the signature covers it
		},
		Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}}
	listener := httptest.NewUnstartedServer(p)
	listener.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	listener.Start()
	t.Cleanup(listener.Close)
	query.Set("endpoint", listener.URL)
	address.RawQuery = query.Encode()
	faulty, err = s3store.OpenQuick(t.Context(), address.String(), wait, newLog(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range faults {
		p.faults = append(p.faults, &faults[i])
	}
	return closing(t, faulty), direct, p
}

// Which requests have a fault.

func anything(*http.Request) bool { return true }

func isGet(r *http.Request) bool { return r.Method == http.MethodGet }

func isHead(r *http.Request) bool { return r.Method == http.MethodHead }

func isPutObject(r *http.Request) bool {
	return r.Method == http.MethodPut && !r.URL.Query().Has("partNumber")
}

func isPart(r *http.Request) bool {
	return r.Method == http.MethodPut && r.URL.Query().Has("partNumber")
}

func isCreate(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploads")
}

func isComplete(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

// but skips the first n of those requests.
func but(n int, to func(*http.Request) bool) func(*http.Request) bool {
	return func(r *http.Request) bool {
		if !to(r) {
			return false
		}
		n--
		return n < 0
	}
}

func isConditional(r *http.Request) bool { return r.Header.Get("If-None-Match") != "" }

// The faults.

// says replies with a code of S3; the server gets nothing.
func says(status int, code string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(
			w,
			`<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>so it is</Message></Error>`,
		)
	}
}

// saysComplete claims what the server has not done.
func saysComplete(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, `<CompleteMultipartUploadResult><ETag>"0123"</ETag></CompleteMultipartUploadResult>`)
}

// mute does not answer until the client leaves.
func mute(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// cutRequest ends the connection in the middle of the request's body.
func cutRequest(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
	panic(http.ErrAbortHandler)
}

// loseAnswer lets the server handle the request, then ends the connection without an answer.
func loseAnswer(_ http.ResponseWriter, r *http.Request, server http.Handler) {
	server.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// changed lets the server answer and changes the header of the answer.
func changed(change func(http.Header)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		change(answer.Header())
		pass(w, answer, math.MaxInt64)
	}
}

// then runs f between the server's work and its answer.
func then(f func()) func(http.ResponseWriter, *http.Request, http.Handler) {
	return changed(func(http.Header) { f() })
}

// pass passes on the server's answer, with at most n bytes of the body.
func pass(w http.ResponseWriter, answer *httptest.ResponseRecorder, n int64) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = io.Copy(w, io.LimitReader(answer.Body, n))
}

// cutAnswer sends 1,000 bytes of the answer's body, then ends the connection, or with orMute goes
// silent.
func cutAnswer(orMute bool) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		whole := httptest.NewRecorder()
		server.ServeHTTP(whole, r)
		pass(w, whole, 1000)
		_ = http.NewResponseController(w).Flush()
		if orMute {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}
}

// first runs f before the request goes on.
func first(f func()) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		f()
		server.ServeHTTP(w, r)
	}
}

func small() []byte { return []byte(strings.Repeat("meanwhile ", 5000)) }
