package server

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// proxyAfter is how many visitors in a row come from one address that speaks for others before we
// take it for a proxy.
const proxyAfter = 20

// proxyWatch notices that all visitors come from one proxy that nobody told us to trust. Then they
// all count as one: five wrong passwords lock everybody out, and a block of one guest blocks all.
type proxyWatch struct {
	mu     sync.Mutex
	peer   netip.Addr
	count  int
	stored string // what the store has
	known  bool   // an earlier process may have stored something
	toldAt time.Time
}

// tellEvery limits how often the store is written.
const tellEvery = time.Minute

// note takes a request in. It returns what to store: the proxy's address, or empty when visitors
// come by themselves; changed is false if the store has that already.
func (p *proxyWatch) note(peer netip.Addr, speaksForOthers bool, now time.Time) (proxy string, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !speaksForOthers || peer != p.peer {
		p.peer, p.count = peer, 0
	}
	if speaksForOthers {
		if p.count++; p.count < proxyAfter {
			return "", false
		}
		proxy = peer.String()
	}
	if p.known && (proxy == p.stored || now.Sub(p.toldAt) < tellEvery) {
		return "", false
	}
	p.stored, p.known, p.toldAt = proxy, true, now
	return proxy, true
}

// watchProxy takes a request in, and stores what it says about a proxy.
func (s *server) watchProxy(r *http.Request) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	// probes of the machine itself come directly
	if err != nil || strings.HasPrefix(r.URL.Path, "/healthz") || strings.HasPrefix(r.URL.Path, "/readyz") {
		return
	}
	at := peer.Addr().Unmap()
	proxy, changed := s.proxy.note(at, !s.trusted(at) && r.Header.Get("X-Forwarded-For") != "", s.Core.Now())
	if !changed {
		return
	}
	if err := s.Core.Store.SetUntrustedProxy(context.WithoutCancel(r.Context()), proxy); err != nil {
		s.Log.Warn("not stored that visitors come through a proxy", "error", err)
	}
}
