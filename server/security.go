package server

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
)

// secure sets what holds for every answer, also where it ends before the routes.
func (s *server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", barePolicy)
		if s.https(visitOf(r.Context())) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// ownSite refuses what another site makes a browser send. It comes after whatever changes a request's method.
func (s *server) ownSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !byToken(r) {
			if err := s.origins.Check(r); err != nil {
				s.fail(w, r, errCrossSite)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// byToken reports whether a request brings a token in its header: another site cannot make a browser send one without a preflight, which nothing
// here answers. What a browser adds by itself, as the name and password in an address, is none.
func byToken(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer")
}

// barePolicy is for what is no page. A browser that opens a media address wraps it into a page of its own, which has to load it.
const barePolicy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// pagePolicy is for pages: scripts are ours or carry the nonce. media-chrome styles itself inline, the player uses blob: addresses. ancestors
// may show the page in a frame; media is where bytes may come from besides, if anywhere.
func pagePolicy(nonce, ancestors, media string) string {
	if ancestors == "" {
		ancestors = "'none'"
	}
	if media != "" {
		media = " " + media
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self' 'nonce-" + nonce + "'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:" + media,
		"media-src 'self' blob:" + media, "connect-src 'self'" + media, "font-src 'self'", "worker-src 'self' blob:", "object-src 'none'", "base-uri 'none'",
		"form-action 'self'", "frame-ancestors " + ancestors,
	}, "; ")
}

func newNonce() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
