package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// visit is what we know of one request besides the request itself. It is made before routing,
// filled on the way, and logged at the end.
type visit struct {
	id      string // in the response, the error and the log
	address netip.Addr
	scheme  string // as the client sees it (behind a proxy)
	host    string
	route   string // the row's pattern, never the path, which has tokens
	quiet   bool   // logged only for debugging
	actor   access.Actor
	session string // the cookie's value, if the actor came with it
	header  http.Header
	err     error // for the log
}

type visitKey struct{}

// visitOf returns the visit that ctx belongs to.
func visitOf(ctx context.Context) *visit {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return &visit{header: http.Header{}}
	}
	return v
}

// visits is the outermost layer: it makes the visit, catches panics and writes one line per
// request.
func (s *server) visits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		rec := &recorder{ResponseWriter: w}
		v := s.newVisit(r, rec.Header())
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		rec.Header().Set("X-Request-Id", v.id)
		body := watchBody(r)
		r.Body, rec.body = body, body
		defer func() {
			p := recover()
			//nolint:errorlint // what a handler panics with by contract, as net/http compares it
			if p == http.ErrAbortHandler {
				panic(p)
			}
			if p != nil {
				v.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				s.failAfterPanic(rec, r, v.err)
			}
			s.log(r, v, rec, time.Since(started))
			body.linger(rec, r)
		}()
		s.watchProxy(r)
		next.ServeHTTP(rec, r)
	})
}

func (s *server) failAfterPanic(rec *recorder, r *http.Request, err error) {
	if rec.status != 0 {
		s.Log.Error("panic after the answer began", "request_id", visitOf(r.Context()).id, "error", err)
		panic(http.ErrAbortHandler) // or the client takes half a response for a whole one
	}
	s.fail(rec, r, err)
}

func (s *server) log(r *http.Request, v *visit, rec *recorder, took time.Duration) {
	status := rec.status
	level := slog.LevelInfo
	if v.quiet || (status < 400 && (r.Method == http.MethodGet || r.Method == http.MethodHead)) {
		level = slog.LevelDebug // most requests read, and they tell an operator least
	}
	fields := []slog.Attr{
		slog.String(
			"request_id",
			v.id,
		),
		slog.String("method", r.Method),
		slog.String("route", v.route),
		slog.Int("status", status),
		slog.Int64(
			"bytes",
			rec.bytes,
		),
		slog.Int64("duration_ms", took.Milliseconds()),
		slog.String("address", v.address.String()),
	}
	switch {
	case r.Context().Err() != nil && v.err != nil:
		level = slog.LevelDebug // the client went away; nobody needs to be woken
		fields = append(fields, slog.String("error", v.err.Error()))
	// the second: it failed after the response had begun
	case status >= 500 || (status < 400 && v.err != nil):
		level = slog.LevelError
		if v.err != nil {
			fields = append(fields, slog.String("error", v.err.Error()))
		}
	case v.err != nil:
		fields = append(fields, slog.String("kind", storage.KindOf(v.err).String()))
	}
	s.Log.LogAttrs(r.Context(), level, "request", fields...)
}

func (s *server) newVisit(r *http.Request, h http.Header) *visit {
	v := &visit{id: storage.NewRandomID(), scheme: "http", host: r.Host, header: h}
	if r.TLS != nil {
		v.scheme = "https"
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return v
	}
	v.address = peer.Addr().Unmap()
	if !s.trusted(v.address) {
		return v
	}
	if p := r.Header.Get("X-Forwarded-Proto"); p == "http" || p == "https" {
		v.scheme = p
	}
	v.address = s.forwarded(r, v.address)
	return v
}

// forwarded walks X-Forwarded-For from the nearest hop to the first that is not one of our proxies.
func (s *server) forwarded(r *http.Request, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	at := peer
	for i := len(hops) - 1; i >= 0 && s.trusted(at); i-- {
		a, ok := hopAddress(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		at = a
	}
	return at
}

// hopAddress reads an address of X-Forwarded-For. Some proxies write a port beside it, and brackets
// around an IPv6 address.
func hopAddress(hop string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return a.Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddrPort(hop)
	return a.Addr().Unmap().WithZone(""), err == nil
}

func (s *server) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// baseURL is the start of absolute links.
func (s *server) baseURL(v *visit) string {
	if s.BaseURL != "" {
		return s.BaseURL
	}
	return v.scheme + "://" + v.host
}

// https reports whether people use this site over TLS.
func (s *server) https(v *visit) bool {
	if s.base != nil {
		return s.base.Scheme == "https"
	}
	return v.scheme == "https"
}
