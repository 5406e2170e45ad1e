package server

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
)

// proxyAfter is how many visitors in a row come from one address that speaks for others before we
// take it for a proxy.
const proxyAfter = 20

// proxyWatch notices that all visitors come from one proxy that nobody told us to trust. Then they
// all count as one: five wrong passwords lock everybody out, and a block of one guest blocks all.
type proxyWatch struct {
	mu    sync.Mutex
	peer  netip.Addr
	count int
	told  bool // the store knows it
}

// note takes a request in. It returns what to store: the proxy's address, or empty when visitors
// come by themselves again; changed is false if the store knows it already.
func (p *proxyWatch) note(peer netip.Addr, speaksForOthers bool) (proxy string, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !speaksForOthers || peer != p.peer {
		p.peer, p.count = peer, 0
	}
	if !speaksForOthers {
		changed, p.told = p.told, false
		return "", changed
	}
	p.count++
	if p.count < proxyAfter || p.told {
		return "", false
	}
	p.told = true
	return peer.String(), true
}

// watchProxy takes a request in, and stores what it says about a proxy.
func (s *server) watchProxy(r *http.Request) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	// probes of the machine itself come directly
	if err != nil || strings.HasPrefix(r.URL.Path, "/healthz") || strings.HasPrefix(r.URL.Path, "/readyz") {
		return
	}
	at := peer.Addr().Unmap()
	proxy, changed := s.proxy.note(at, !s.trusted(at) && r.Header.Get("X-Forwarded-For") != "")
	if !changed {
		return
	}
	if err := s.Core.Store.SetUntrustedProxy(context.WithoutCancel(r.Context()), proxy); err != nil {
		s.Log.Warn("not stored that visitors come through a proxy", "error", err)
	}
}
