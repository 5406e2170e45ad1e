package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile"
)

var signInTests = []storeTest{
	{"an address is verified once, by what came first", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		if got := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(t); got.User.VerifiedAt != nil {
			t.Errorf("a new account's address is verified at %v", got.User.VerifiedAt)
		}
		must(t, s.VerifyEmail(t.Context(), w.user.ID, noon))
		must(t, s.VerifyEmail(t.Context(), w.user.ID, noon.Add(time.Hour)))
		got := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(t)
		if diff := cmp.Diff(after(0), got.User.VerifiedAt); diff != "" {
			t.Errorf("VerifiedAt (-want +got):\n%s", diff)
		}
		wantKind(t, "VerifyEmail of nobody", s.VerifyEmail(t.Context(), "nobody", noon), meanwhile.NotFound)
	}},
	{"a log-in link remembers whether it was mailed", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		for _, want := range []meanwhile.LoginLink{
			{Hash: "a", UserID: w.user.ID, Mailed: true, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)},
			{Hash: "b", UserID: w.user.ID, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)},
		} {
			must(t, s.CreateLoginLink(t.Context(), want))
			if diff := cmp.Diff(want, mustGet(s.LoginLinkByHash(t.Context(), want.Hash))(t)); diff != "" {
				t.Errorf("LoginLinkByHash() (-want +got):\n%s", diff)
			}
		}
	}},
}
