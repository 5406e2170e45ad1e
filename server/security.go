package server

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
)

// secure sets the headers that every response has.
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

// sameOriginOnly refuses requests that another site makes a browser send.
func (s *server) sameOriginOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only cookies and passwords are at risk. Another site cannot send a token without a
		// preflight, and no route here allows one. Basic does not count as a token, because a
		// browser that knows a proxy's password sends it by itself.
		if _, ok := bearerOf(r.Header.Get("Authorization")); !ok {
			if err := s.origins.Check(r); err != nil {
				s.fail(w, r, errCrossSite)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// tellsOwnSite lets a page's requests tell this site, and no other, where they came from. A page
// with a form needs it. Without it, browsers send "Origin: null", which is refused. On plain http,
// Origin is all that there is to check.
const tellsOwnSite = "same-origin"

// referrerPolicy decides who may learn an address from requests. If an address alone opens a video,
// nobody may.
func referrerPolicy(path string) string {
	if strings.HasPrefix(path, "/v/") || strings.HasPrefix(path, "/embed/") {
		return "no-referrer"
	}
	return tellsOwnSite
}

// barePolicy is for responses that are no pages. A browser that opens a media address wraps it into
// a page of its own. That page has to load the media.
const barePolicy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; base-uri " +
	"'none'; form-action 'none'; frame-ancestors 'none'"

// pagePolicy is for pages. Scripts are ours or carry the nonce. media-chrome styles itself inline,
// and the player uses blob: addresses. ancestors may show the page in a frame. media is another
// origin of media bytes, if there is one.
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
