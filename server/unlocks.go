package server

import (
	"net/http"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// unlockHeader is the header in which a program sends an unlock. A browser keeps it in a cookie.
const unlockHeader = "Meanwhile-Pass"

// maxUnlocks limits how many unlocks of one request are read.
const maxUnlocks = 20

// unlocks are the unlocks that a request carries.
func (s *server) unlocks(r *http.Request) []storage.Unlock {
	shown := r.Header.Values(unlockHeader)
	if strings.Contains(r.Header.Get("Cookie"), unlockCookie) {
		for _, c := range r.Cookies() {
			if strings.HasPrefix(strings.TrimPrefix(c.Name, hostPrefix), unlockCookie) {
				shown = append(shown, c.Value)
			}
		}
	}
	var unlocks []storage.Unlock
	for _, text := range shown[:min(len(shown), maxUnlocks)] {
		if p, ok := s.Core.ReadUnlock(text); ok {
			unlocks = append(unlocks, p)
		}
	}
	return unlocks
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
