package server

import (
	"net/http"
	"net/netip"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

var (
	errSignIn   = storage.E(storage.Unauthenticated, "Sign in first, or send an API key.", nil)
	errBadToken = storage.E(
		storage.Unauthenticated,
		"This is neither an API key (mw_…) nor the token of this upload (up_…).",
		nil,
	)
)

// authenticate finds out who makes the request. A header wins over the cookie, because a client
// sends it on purpose.
func (s *server) authenticate(r *http.Request, v *visit, a credentials) error {
	if a == nobody {
		return nil
	}
	v.actor, v.session = access.Guest(), ""
	err := s.readCredential(r, v, a)
	v.actor = v.actor.From(v.address.String(), addressKey(v.address), s.unlocks(r)).WithGuest(s.guestToken(r, v))
	if err != nil {
		return err
	}
	if a != guest && !v.actor.SignedIn() && v.actor.UploadID() == "" {
		return errSignIn
	}
	return nil
}

func (s *server) readCredential(r *http.Request, v *visit, a credentials) (err error) {
	if h := r.Header.Get("Authorization"); h != "" {
		v.actor, err = s.actorByHeader(r, h, a)
		return err
	}
	c, err := r.Cookie(s.cookieName(v))
	if err != nil {
		return nil // no cookie: a guest
	}
	v.session = c.Value
	v.actor, err = s.Core.BySession(r.Context(), c.Value)
	if err != nil && a == guest && storage.KindOf(err) == storage.Unauthenticated {
		return nil
	}
	return err
}

// bearerOf is the token in an Authorization header. False for every other scheme, and for no
// header.
func bearerOf(header string) (string, bool) {
	scheme, secret, _ := strings.Cut(header, " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
}

func (s *server) actorByHeader(r *http.Request, header string, a credentials) (access.Actor, error) {
	secret, ok := bearerOf(header)
	if !ok {
		return access.Actor{}, errBadToken
	}
	if strings.HasPrefix(secret, "mw_") {
		return s.Core.ByKey(r.Context(), secret)
	}
	if strings.HasPrefix(secret, "up_") && a == upload {
		return s.Core.ByUploadToken(r.Context(), storage.UploadID(r.PathValue("id")), secret)
	}
	return access.Actor{}, errBadToken
}

// Cookie names. With the prefix, a browser takes the cookie only over TLS (or from loopback), and
// only for this host.
const (
	cookieSecure = "__Host-meanwhile"
	cookiePlain  = "meanwhile"
)

// cookieName depends on where the browser is. On plain http beyond loopback, a browser silently
// drops a secure cookie.
func (s *server) cookieName(v *visit) string {
	if s.https(v) || loopback(v.host) {
		return cookieSecure
	}
	return cookiePlain
}

// setCookie is the header that begins a session. An empty value ends it.
func (s *server) setCookie(v *visit, value string) string {
	name := s.cookieName(v)
	c := http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   name == cookieSecure,
	}
	c.MaxAge = int(access.SessionFor.Seconds())
	if value == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// loopback reports whether browsers see host (with or without a port) as this machine itself.
func loopback(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name = host[:i]
	}
	name = strings.Trim(name, "[]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.IsLoopback()
}
