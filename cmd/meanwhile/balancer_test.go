package main_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"
)

// balancer stands in front of several servers and gives each request to the next one that is ready.
// It retries only if a connection was refused, so that no byte was sent, and only requests that may
// be repeated.
type balancer struct {
	base     string
	backends []*backend
	carrier  http.RoundTripper

	mu   sync.Mutex
	next int
}

type backend struct {
	base  *url.URL
	ready bool
}

// healthEvery is how long a server that is stopping may still get requests.
const healthEvery = 300 * time.Millisecond

func newBalancer(t testing.TB, bases ...string) *balancer {
	t.Helper()
	b := &balancer{carrier: &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}}
	for _, base := range bases {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		b.backends = append(b.backends, &backend{base: u, ready: true})
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		Transport:     b,
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(err.Error()))
		},
	}
	listener := httptest.NewServer(proxy)
	b.base = listener.URL
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	for _, one := range b.backends {
		watching.Go(func() { b.watch(ctx, one) })
	}
	t.Cleanup(func() {
		cancel()
		watching.Wait()
		listener.CloseClientConnections()
		listener.Close()
	})
	return b
}

// watch checks again and again whether a server is ready.
func (b *balancer) watch(ctx context.Context, one *backend) {
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ready := false
		if res, err := client.Get(one.base.String() + "/readyz"); err == nil {
			res.Body.Close()
			ready = res.StatusCode == http.StatusOK
		}
		b.mu.Lock()
		one.ready = ready
		b.mu.Unlock()
	}
}

// isReady reports the last known state of the server at base.
func (b *balancer) isReady(base string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.backends {
		if one.base.String() == base {
			return one.ready
		}
	}
	return false
}

// pick returns the next server that is ready, or simply the next if none is.
func (b *balancer) pick() *url.URL {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.next = (b.next + 1) % len(b.backends)
		if b.backends[b.next].ready {
			break
		}
	}
	return b.backends[b.next].base
}

// RoundTrip sends a request to one server, and to another one if the first refuses the connection.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	again := r.Method == http.MethodGet || r.Method == http.MethodHead
	for try := 1; ; try++ {
		to := b.pick()
		r.URL.Scheme, r.URL.Host = to.Scheme, to.Host
		res, err := b.carrier.RoundTrip(r)
		if err == nil || !again || try == len(b.backends) || !errors.Is(err, syscall.ECONNREFUSED) {
			return res, err
		}
	}
}
