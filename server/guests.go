package server

import (
	"context"
	"net/http"
	"time"

	"meanwhile/storage"
)

// guestHeader is the header in which a program shows the token of a guest, and gets it after its
// first write. A browser keeps it in a cookie.
const (
	guestHeader = "Meanwhile-Guest"
	guestCookie = "meanwhile-guest"
	guestFor    = 400 * 24 * time.Hour // the longest that browsers keep a cookie
)

// perAddress is how many guests' budgets one address has: an office is many people.
const perAddress = 5

// guestToken is the token that a request shows, empty for none. Only the cookie that knowGuest sets
// here counts: another one may be planted by a neighbour of this host.
func (s *server) guestToken(r *http.Request, v *visit) string {
	if token := r.Header.Get(guestHeader); token != "" {
		return token
	}
	if c, err := r.Cookie(s.guestCookieName(v)); err == nil {
		return c.Value
	}
	return ""
}

func (s *server) guestCookieName(v *visit) string {
	if s.cookieName(v) == cookieSecure {
		return hostPrefix + guestCookie
	}
	return guestCookie
}

// knowGuest makes a browser keep the token of a guest, and tells it to a program.
func (s *server) knowGuest(v *visit, token string) {
	c := http.Cookie{
		Name:     s.guestCookieName(v),
		Value:    token,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   s.cookieName(v) == cookieSecure,
		MaxAge:   int(guestFor.Seconds()),
	}
	v.header.Add("Set-Cookie", c.String())
	v.header.Set(guestHeader, token)
}

// tryGuest limits how much one guest, and one address, may write without an account under a video.
func (s *server) tryGuest(ctx context.Context, v *visit, id storage.VideoID) error {
	if v.actor.SignedIn() {
		return nil
	}
	now := s.Core.Now()
	for _, l := range s.guests {
		if !l.own.allow(ctx, v.actor.GuestLimitKey()+" "+string(id), now) ||
			!l.address.allow(ctx, v.actor.Network+" "+string(id), now) {
			return storage.E(
				storage.Limited,
				"That was a lot at once. Wait a minute, then send it again: your text is kept in the field.",
				nil,
			)
		}
	}
	return nil
}

// guestLimit is what guests may write in a period: each of them, and all of one address.
type guestLimit struct{ own, address *limiter }

func newGuestLimit(name string, most int, period time.Duration, d Deps) guestLimit {
	return guestLimit{
		own:     newLimiter(name, most, period, d),
		address: newLimiter(name+"-address", perAddress*most, period, d),
	}
}
