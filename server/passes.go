package server

import (
	"net/http"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// passHeader is how a program shows a pass, which a browser keeps in a cookie.
const passHeader = "Meanwhile-Pass"

// maxPasses bounds the passes of one request that are looked at.
const maxPasses = 20

// passes are the passes that a request shows.
func (s *server) passes(r *http.Request) []storage.Pass {
	shown := r.Header.Values(passHeader)
	if strings.Contains(r.Header.Get("Cookie"), passCookie) {
		for _, c := range r.Cookies() {
			if strings.HasPrefix(strings.TrimPrefix(c.Name, hostPrefix), passCookie) {
				shown = append(shown, c.Value)
			}
		}
	}
	var passes []storage.Pass
	for _, text := range shown[:min(len(shown), maxPasses)] {
		if p, ok := s.Core.ReadPass(text); ok {
			passes = append(passes, p)
		}
	}
	return passes
}

const (
	hostPrefix = "__Host-"
	passCookie = "meanwhile-pass-"
)

// setPass is the header that has a browser keep a pass for a link.
func (s *server) setPass(v *visit, id storage.ShareID, pass string) string {
	secure := s.cookieName(v) == cookieSecure
	name := passCookie + string(id)
	if secure {
		name = hostPrefix + name
	}
	c := http.Cookie{
		Name:     name,
		Value:    pass,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   secure,
		MaxAge:   int(access.PassFor.Seconds()),
	}
	return c.String()
}
