package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile"
)

func newPasskey(w world, name string, d time.Duration) meanwhile.Passkey {
	return meanwhile.Passkey{
		ID: meanwhile.PasskeyID(meanwhile.NewRandomID()), UserID: w.user.ID, Name: name, CredentialID: "credential of " + name, Credential: `{"id":"x"}`,
		CreatedAt: noon.Add(d),
	}
}

var signInTests = []storeTest{
	{"a mail address is verified once, and who it is of knows", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		if id := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(t); id.User.VerifiedAt != nil {
			t.Errorf("verified at %v before it was", id.User.VerifiedAt)
		}
		must(t, s.SetVerified(t.Context(), w.user.ID, noon))
		must(t, s.SetVerified(t.Context(), w.user.ID, noon.Add(time.Hour)))
		id := mustGet(s.IdentityByEmail(t.Context(), w.user.Email))(t)
		if diff := cmp.Diff(after(0), id.User.VerifiedAt); diff != "" {
			t.Errorf("verified at (-want +got):\n%s", diff)
		}
		wantKind(t, "nobody's address", s.SetVerified(t.Context(), "nobody", noon), meanwhile.NotFound)
	}},
	{"a new password ends the login links of its user alone", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		other := newUser("bo@example.org", "Bo")
		must(t, s.CreateUser(t.Context(), other, w.member(other.ID)))
		for hash, user := range map[string]meanwhile.UserID{"mine": w.user.ID, "theirs": other.ID} {
			must(t, s.CreateLoginLink(t.Context(), meanwhile.LoginLink{Hash: hash, UserID: user, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}))
		}
		must(t, s.SetPassword(t.Context(), w.user.ID, "new hash"))
		_, err := s.UseLoginLink(t.Context(), "mine", noon)
		wantKind(t, "an old link", err, meanwhile.NotFound)
		must(t, errOf(s.UseLoginLink(t.Context(), "theirs", noon)))
		wantKind(t, "nobody's password", s.SetPassword(t.Context(), "nobody", "hash"), meanwhile.NotFound)
	}},
	{"a ceremony is taken once, in time, for its kind", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		c := meanwhile.Ceremony{Hash: "a", Kind: meanwhile.CeremonyNewPasskey, UserID: w.user.ID, State: `{"a":1}`, ExpiresAt: noon.Add(time.Minute)}
		must(t, s.CreateCeremony(t.Context(), c, noon))
		_, err := s.TakeCeremony(t.Context(), "a", meanwhile.CeremonyPasskey, noon)
		wantKind(t, "of another kind", err, meanwhile.NotFound)
		_, err = s.TakeCeremony(t.Context(), "a", c.Kind, c.ExpiresAt)
		wantKind(t, "over", err, meanwhile.NotFound)
		errs := together(8, func(int) error {
			got, err := s.TakeCeremony(t.Context(), "a", c.Kind, noon)
			if diff := cmp.Diff(c, got); err == nil && diff != "" {
				t.Errorf("TakeCeremony() (-want +got):\n%s", diff)
			}
			return err
		})
		wantOneWinner(t, errs, meanwhile.NotFound)
	}},
	{"a ceremony that is over is forgotten by the next one", func(t *testing.T, s meanwhile.Store) {
		old := meanwhile.Ceremony{Hash: "a", Kind: meanwhile.CeremonyProvider, ExpiresAt: noon}
		must(t, s.CreateCeremony(t.Context(), old, noon.Add(-time.Minute)))
		must(t, s.CreateCeremony(t.Context(), meanwhile.Ceremony{Hash: "b", Kind: meanwhile.CeremonyPasskey, ExpiresAt: noon.Add(time.Minute)}, noon))
		_, err := s.TakeCeremony(t.Context(), "a", old.Kind, noon.Add(-time.Second))
		wantKind(t, "the old one", err, meanwhile.NotFound)
		got := mustGet(s.TakeCeremony(t.Context(), "b", meanwhile.CeremonyPasskey, noon))(t)
		if got.UserID != "" {
			t.Errorf("a ceremony of nobody is %q's", got.UserID)
		}
	}},
	{"passkeys are listed by age, found by credential, and removed by their user alone", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		first, second := newPasskey(w, "laptop", 0), newPasskey(w, "phone", time.Second)
		must(t, s.CreatePasskey(t.Context(), second))
		must(t, s.CreatePasskey(t.Context(), first))
		again := newPasskey(w, "laptop", time.Minute)
		wantKind(t, "the same credential again", s.CreatePasskey(t.Context(), again), meanwhile.Conflict)
		if diff := cmp.Diff([]meanwhile.Passkey{first, second}, mustGet(s.Passkeys(t.Context(), w.user.ID))(t)); diff != "" {
			t.Errorf("Passkeys() (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(second, mustGet(s.PasskeyByCredential(t.Context(), second.CredentialID))(t)); diff != "" {
			t.Errorf("PasskeyByCredential() (-want +got):\n%s", diff)
		}
		wantKind(t, "somebody else's", s.DeletePasskey(t.Context(), "other", first.ID), meanwhile.NotFound)
		must(t, s.DeletePasskey(t.Context(), w.user.ID, first.ID))
		_, err := s.PasskeyByCredential(t.Context(), first.CredentialID)
		wantKind(t, "a removed one", err, meanwhile.NotFound)
	}},
	{"a passkey's count only grows, but for one that does not count", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		p := newPasskey(w, "laptop", 0)
		must(t, s.CreatePasskey(t.Context(), p))
		use := func(count int64) error {
			return s.UsePasskey(t.Context(), meanwhile.PasskeyUse{ID: p.ID, Credential: `{"id":"y"}`, SignCount: count}, noon.Add(time.Hour))
		}
		must(t, use(0))
		must(t, use(0))
		must(t, use(5))
		for _, count := range []int64{5, 4, 0} {
			wantKind(t, "a count that has not grown", use(count), meanwhile.Conflict)
		}
		wantOneWinner(t, together(6, func(int) error { return use(6) }), meanwhile.Conflict)
		p.Credential, p.SignCount, p.LastUsed = `{"id":"y"}`, 6, after(time.Hour)
		if diff := cmp.Diff(p, mustGet(s.PasskeyByCredential(t.Context(), p.CredentialID))(t)); diff != "" {
			t.Errorf("after its uses (-want +got):\n%s", diff)
		}
	}},
	{"an account at a provider is tied to one user", func(t *testing.T, s meanwhile.Store) {
		w := mustWorld(t, s)
		p := meanwhile.ProviderAccount{Issuer: "https://id.example.org", Subject: "42", UserID: w.user.ID, CreatedAt: noon}
		_, err := s.UserByProvider(t.Context(), p.Issuer, p.Subject)
		wantKind(t, "before", err, meanwhile.NotFound)
		must(t, s.CreateProviderAccount(t.Context(), p))
		wantKind(t, "twice", s.CreateProviderAccount(t.Context(), p), meanwhile.Conflict)
		if got := mustGet(s.UserByProvider(t.Context(), p.Issuer, p.Subject))(t); got != w.user.ID {
			t.Errorf("UserByProvider() = %q, want %q", got, w.user.ID)
		}
		_, err = s.UserByProvider(t.Context(), "https://other.example.org", p.Subject)
		wantKind(t, "at another provider", err, meanwhile.NotFound)
	}},
}

// errOf keeps the error of a call that gives something, too.
func errOf[T any](_ T, err error) error { return err }
