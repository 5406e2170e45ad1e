package server_test

import (
	"context"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// hookStore does something after a request was let in, before its change.
type hookStore struct {
	storage.Store
	before func()
}

func (s *hookStore) InTx(ctx context.Context, fn func(storage.Store) error) error {
	if do := s.before; do != nil {
		s.before = nil
		do()
	}
	return s.Store.InTx(ctx, fn)
}

// TestWhatWasAskedBeforeAProofLeavesNoAccess checks this: somebody who made an account with another
// person's address keeps no access through a request at the same moment.
func TestWhatWasAskedBeforeAProofLeavesNoAccess(t *testing.T) {
	t.Parallel()
	store := &hookStore{}
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, c *servertest.Config) {
		store.Store = c.Store
		c.Store = store
	})
	asks := map[string]func(squatter person, a *authenticator, begun reply) reply{
		"an API key": func(squatter person, _ *authenticator, _ reply) reply {
			return w.do("POST", "/api/v1/me/keys", object{"name": "mine", "scopes": []string{"read"}}, squatter.session)
		},
		"a password": func(squatter person, _ *authenticator, _ reply) reply {
			return w.do(
				"PUT",
				"/api/v1/me/password",
				object{"current": otherPassword, "password": "one more long password"},
				squatter.session,
			)
		},
		"a passkey": func(squatter person, a *authenticator, begun reply) reply {
			body := object{
				"ceremony":   begun.text(t, "ceremony"),
				"name":       "mine",
				"credential": a.create(begun.field(t, "options")),
			}
			return w.do("POST", "/api/v1/me/passkeys", body, squatter.session, namedHost)
		},
	}
	for what, ask := range asks {
		squatter := w.newPerson("victim"+storage.NewRandomID(), storage.RoleMember)
		begun := w.want(w.do("POST", "/api/v1/me/passkeys/begin", nil, squatter.session, namedHost), 200)
		w.want(w.do("POST", "/api/v1/log-in-links", object{"email": squatter.email}), 202)
		link := enterLink.FindString(w.mails()[0].Text)
		store.before = func() { w.want(w.do("POST", link, "", form), 303) }
		if r := ask(squatter, newAuthenticator(t, namedOrigin), begun); r.status != 401 {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
		if store.before != nil {
			t.Errorf("%s: nothing came in between", what)
		}
		w.want(w.do("GET", "/api/v1/session", nil, squatter.session), 401)
	}
}
