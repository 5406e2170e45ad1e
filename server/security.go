package server

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
)

// secure sets what holds for every answer.
func (s *server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", referrerPolicy(r.URL.Path))
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", barePolicy)
		if s.https(visitOf(r.Context())) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// fromHere refuses what another site makes a browser send.
func (s *server) fromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only cookies and passwords are at stake: another site cannot send a token without a
		// preflight, which nothing here answers. Basic is no token: a browser that knows a proxy's
		// password sends it along by itself.
		if _, ok := bearerOf(r.Header.Get("Authorization")); !ok {
			if err := s.origins.Check(r); err != nil {
				s.fail(w, r, errCrossSite)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// tellsOwnSite lets a page's requests say to this site, and to no other, where they came from. A
// page with a form needs it: without, browsers send "Origin: null", which is all that there is to
// go by on plain http, and is refused.
const tellsOwnSite = "same-origin"

// referrerPolicy is what an address allows to be told of itself: one that opens a video by itself,
// nothing to anybody.
func referrerPolicy(path string) string {
	if strings.HasPrefix(path, "/v/") || strings.HasPrefix(path, "/embed/") {
		return "no-referrer"
	}
	return tellsOwnSite
}

// barePolicy is for what is no page. A browser that opens a media address wraps it into a page of
// its own, which has to load it.
const barePolicy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; base-uri " +
	"'none'; form-action 'none'; frame-ancestors 'none'"

// pagePolicy is for pages: scripts are ours or carry the nonce. media-chrome styles itself inline,
// the player uses blob: addresses. ancestors may show the page in a frame; media is where bytes may
// come from besides, if anywhere.
func pagePolicy(nonce, ancestors, media string) string {
	if ancestors == "" {
		ancestors = "'none'"
	}
	if media != "" {
		media = " " + media
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'nonce-" + nonce + "'",
		"style-src 'self' 'unsafe-inline'",
		"img-src 'self' data: blob:" + media,
		"media-src 'self' blob:" + media,
		"connect-src 'self'" + media,
		"font-src 'self'",
		"worker-src 'self' blob:",
		"object-src 'none'",
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors " + ancestors,
	}, "; ")
}

func newNonce() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
