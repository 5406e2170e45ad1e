package server

import (
	"net/http"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// unlockHeader is the header in which a program sends an unlock. A browser keeps it in a cookie.
const unlockHeader = "Meanwhile-Pass"

// unlocks are the unlocks that a request shows, as they are: access reads those of the link that it
// asks for.
func (s *server) unlocks(r *http.Request) []string {
	shown := r.Header.Values(unlockHeader)
	if strings.Contains(r.Header.Get("Cookie"), unlockCookie) {
		for _, c := range r.Cookies() {
			if strings.HasPrefix(strings.TrimPrefix(c.Name, hostPrefix), unlockCookie) {
				shown = append(shown, c.Value)
			}
		}
	}
	return shown
}

const (
	hostPrefix   = "__Host-"
	unlockCookie = "meanwhile-pass-"
)

// setUnlock is the header that makes a browser keep an unlock for a link.
func (s *server) setUnlock(v *visit, id storage.LinkID, unlock string) string {
	secure := s.cookieName(v) == cookieSecure
	name := unlockCookie + string(id)
	if secure {
		name = hostPrefix + name
	}
	c := http.Cookie{
		Name:     name,
		Value:    unlock,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   secure,
		MaxAge:   int(access.UnlockFor.Seconds()),
	}
	return c.String()
}
