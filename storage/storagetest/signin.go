package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

func newPasskey(w fixture, name string, d time.Duration) storage.Passkey {
	return storage.Passkey{
		ID:           storage.PasskeyID(storage.NewRandomID()),
		UserID:       w.user.ID,
		Name:         name,
		CredentialID: "credential of " + name,
		Credential:   `{"id":"x"}`,
		CreatedAt:    noon.Add(d),
	}
}

var signInTests = []storeTest{
	{"an address is verified once, by what came first", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		if got := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(t); got.User.VerifiedAt != nil {
			t.Errorf("a new account's address is verified at %v", got.User.VerifiedAt)
		}
		must(t, s.VerifyEmail(t.Context(), w.user.ID, noon))
		must(t, s.VerifyEmail(t.Context(), w.user.ID, noon.Add(time.Hour)))
		got := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(t)
		if diff := cmp.Diff(after(0), got.User.VerifiedAt); diff != "" {
			t.Errorf("VerifiedAt (-want +got):\n%s", diff)
		}
		wantKind(t, "VerifyEmail of nobody", s.VerifyEmail(t.Context(), "nobody", noon), storage.NotFound)
	}},
	{"a log-in link remembers whether it was mailed", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		for _, want := range []storage.LoginLink{
			{Hash: "a", UserID: w.user.ID, Mailed: true, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)},
			{Hash: "b", UserID: w.user.ID, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)},
		} {
			must(t, s.CreateLoginLink(t.Context(), want))
			if diff := cmp.Diff(want, mustGet(s.LoginLinkByHash(t.Context(), want.Hash))(t)); diff != "" {
				t.Errorf("LoginLinkByHash() (-want +got):\n%s", diff)
			}
		}
	}},
	{"a challenge is taken once, in time, for its kind", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		c := storage.Challenge{
			Hash:      "a",
			Kind:      storage.ChallengeNewPasskey,
			UserID:    w.user.ID,
			State:     `{"a":1}`,
			ExpiresAt: noon.Add(time.Minute),
		}
		must(t, s.CreateChallenge(t.Context(), c, noon))
		_, err := s.TakeChallenge(t.Context(), "a", storage.ChallengePasskey, noon)
		wantKind(t, "of another kind", err, storage.NotFound)
		_, err = s.TakeChallenge(t.Context(), "a", c.Kind, c.ExpiresAt)
		wantKind(t, "over", err, storage.NotFound)
		errs := together(8, func(int) error {
			got, err := s.TakeChallenge(t.Context(), "a", c.Kind, noon)
			if diff := cmp.Diff(c, got); err == nil && diff != "" {
				t.Errorf("TakeChallenge() (-want +got):\n%s", diff)
			}
			return err
		})
		wantOneWinner(t, errs, storage.NotFound)
	}},
	{"a challenge that is over is forgotten by the next one", func(t *testing.T, s storage.Store) {
		old := storage.Challenge{Hash: "a", Kind: storage.ChallengeProvider, ExpiresAt: noon}
		must(t, s.CreateChallenge(t.Context(), old, noon.Add(-time.Minute)))
		must(
			t,
			s.CreateChallenge(
				t.Context(),
				storage.Challenge{Hash: "b", Kind: storage.ChallengePasskey, ExpiresAt: noon.Add(time.Minute)},
				noon,
			),
		)
		_, err := s.TakeChallenge(t.Context(), "a", old.Kind, noon.Add(-time.Second))
		wantKind(t, "the old one", err, storage.NotFound)
		got := mustGet(s.TakeChallenge(t.Context(), "b", storage.ChallengePasskey, noon))(t)
		if got.UserID != "" {
			t.Errorf("a challenge of nobody is %q's", got.UserID)
		}
	}},
	{
		"passkeys are listed by age, found by credential, and removed by their user alone",
		func(t *testing.T, s storage.Store) {
			w := mustFixture(t, s)
			first, second := newPasskey(w, "laptop", 0), newPasskey(w, "phone", time.Second)
			must(t, s.CreatePasskey(t.Context(), second))
			must(t, s.CreatePasskey(t.Context(), first))
			again := newPasskey(w, "laptop", time.Minute)
			wantKind(t, "the same credential again", s.CreatePasskey(t.Context(), again), storage.Conflict)
			if diff := cmp.Diff(
				[]storage.Passkey{first, second},
				mustGet(s.Passkeys(t.Context(), w.user.ID))(t),
			); diff != "" {
				t.Errorf("Passkeys() (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(
				second,
				mustGet(s.PasskeyByCredential(t.Context(), second.CredentialID))(t),
			); diff != "" {
				t.Errorf("PasskeyByCredential() (-want +got):\n%s", diff)
			}
			wantKind(t, "somebody else's", s.DeletePasskey(t.Context(), "other", first.ID), storage.NotFound)
			must(t, s.DeletePasskey(t.Context(), w.user.ID, first.ID))
			_, err := s.PasskeyByCredential(t.Context(), first.CredentialID)
			wantKind(t, "a removed one", err, storage.NotFound)
		},
	},
	{"a passkey's count only grows, but for one that does not count", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		p := newPasskey(w, "laptop", 0)
		must(t, s.CreatePasskey(t.Context(), p))
		use := func(count int64) error {
			return s.UsePasskey(
				t.Context(),
				storage.PasskeyUse{ID: p.ID, Credential: `{"id":"y"}`, SignCount: count},
				noon.Add(time.Hour),
			)
		}
		must(t, use(0))
		must(t, use(0))
		must(t, use(5))
		for _, count := range []int64{5, 4, 0} {
			wantKind(t, "a count that has not grown", use(count), storage.Conflict)
		}
		wantOneWinner(t, together(6, func(int) error { return use(6) }), storage.Conflict)
		p.Credential, p.SignCount, p.LastUsed = `{"id":"y"}`, 6, after(time.Hour)
		if diff := cmp.Diff(p, mustGet(s.PasskeyByCredential(t.Context(), p.CredentialID))(t)); diff != "" {
			t.Errorf("after its uses (-want +got):\n%s", diff)
		}
	}},
	{"an account at a provider is tied to one user", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		p := storage.ProviderAccount{
			Issuer:    "https://id.example.org",
			Subject:   "42",
			UserID:    w.user.ID,
			CreatedAt: noon,
		}
		_, err := s.UserByProvider(t.Context(), p.Issuer, p.Subject)
		wantKind(t, "before", err, storage.NotFound)
		must(t, s.CreateProviderAccount(t.Context(), p))
		wantKind(t, "twice", s.CreateProviderAccount(t.Context(), p), storage.Conflict)
		if got := mustGet(s.UserByProvider(t.Context(), p.Issuer, p.Subject))(t); got != w.user.ID {
			t.Errorf("UserByProvider() = %q, want %q", got, w.user.ID)
		}
		_, err = s.UserByProvider(t.Context(), "https://other.example.org", p.Subject)
		wantKind(t, "at another provider", err, storage.NotFound)
	}},
	{"who holds a person reads what the one before has written", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		wantKind(t, "HoldUser of nobody", s.HoldUser(t.Context(), "nobody"), storage.NotFound)
		errs := together(6, func(n int) error {
			return s.InTx(t.Context(), func(tx storage.Store) error {
				if err := tx.HoldUser(t.Context(), w.user.ID); err != nil {
					return err
				}
				id, err := tx.IdentityByUser(t.Context(), w.user.ID)
				if err != nil {
					return err
				}
				return tx.SetPassword(t.Context(), w.user.ID, id.User.PasswordHash+"+")
			})
		})
		for _, err := range errs {
			must(t, err)
		}
		if id := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(
			t,
		); id.User.PasswordHash != w.user.PasswordHash+"++++++" {
			t.Errorf("after six in a row: %q", id.User.PasswordHash)
		}
	}},
	{"the sessions, keys and log-in links of one person go, and nothing else", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		other := newUser("bo@example.org", "Bo")
		must(t, s.CreateUser(t.Context(), other, w.member(other.ID)))
		for _, user := range []storage.UserID{w.user.ID, other.ID} {
			name := string(user)
			must(
				t,
				s.CreateSession(
					t.Context(),
					storage.Session{
						Hash:      "s" + name,
						UserID:    user,
						CreatedAt: noon,
						LastUsed:  noon,
						ExpiresAt: noon.Add(time.Hour),
					},
				),
			)
			must(t, s.CreateAPIKey(t.Context(), storage.APIKey{
				ID:          storage.APIKeyID(name),
				UserID:      user,
				WorkspaceID: w.workspace.ID,
				Hash:        "k" + name,
				Scopes:      storage.AllScopes,
				CreatedAt:   noon,
			}))
			must(
				t,
				s.CreateLoginLink(
					t.Context(),
					storage.LoginLink{
						Hash:      "l" + name,
						UserID:    user,
						CreatedAt: noon,
						ExpiresAt: noon.Add(time.Hour),
					},
				),
			)
			p := newPasskey(w, name, 0)
			p.UserID = user
			must(t, s.CreatePasskey(t.Context(), p))
			must(
				t,
				s.CreateProviderAccount(
					t.Context(),
					storage.ProviderAccount{
						Issuer:    "https://id.example.org",
						Subject:   name,
						UserID:    user,
						CreatedAt: noon,
					},
				),
			)
		}
		must(t, s.DropCredentials(t.Context(), w.user.ID))
		for _, user := range []storage.UserID{w.user.ID, other.ID} {
			name, gone := string(user), user == w.user.ID
			_, _, session := s.SessionByHash(t.Context(), "s"+name)
			_, _, key := s.APIKeyByHash(t.Context(), "k"+name)
			_, link := s.LoginLinkByHash(t.Context(), "l"+name)
			_, passkey := s.PasskeyByCredential(t.Context(), "credential of "+name)
			_, provider := s.UserByProvider(t.Context(), "https://id.example.org", name)
			for what, err := range map[string]error{
				"session": session, "key": key, "link": link, "passkey": passkey, "provider": provider,
			} {
				if (err != nil) != gone || gone && storage.KindOf(err) != storage.NotFound {
					t.Errorf("%s of %s: %v", what, name, err)
				}
			}
			if id := mustGet(s.IdentityByUser(t.Context(), user))(t); (id.User.PasswordHash == "") != gone {
				t.Errorf("the password of %s is %q", name, id.User.PasswordHash)
			}
		}
	}},
	{"invites to an address are found where they can be used", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		invite := func(hash, email string, d time.Duration) storage.Invite {
			i := storage.Invite{
				ID:            storage.InviteID(storage.NewRandomID()),
				WorkspaceID:   w.workspace.ID,
				WorkspaceName: w.workspace.Name,
				Hash:          hash,
				Email:         email,
				Role:          storage.RoleMember,
				CreatedBy:     w.user.ID,
				CreatedByName: w.user.Name,
				CreatedAt:     noon.Add(d),
				ExpiresAt:     noon.Add(time.Hour),
			}
			must(t, s.CreateInvite(t.Context(), i))
			return i
		}
		first, second := invite("a", "bo@example.org", 0), invite("b", "Bo@example.org", time.Second)
		invite("", "bo@example.org", 0)
		invite("c", "", 0)
		invite("d", "cy@example.org", 0)
		used := invite("e", "bo@example.org", 0)
		must(t, s.UseInvite(t.Context(), used.Hash, noon, w.user.ID))
		find := func(now time.Time) []storage.Invite {
			return mustGet(s.InvitesTo(t.Context(), "BO@example.org", now))(t)
		}
		if diff := cmp.Diff([]storage.Invite{second, first}, find(noon)); diff != "" {
			t.Errorf("InvitesTo() (-want +got):\n%s", diff)
		}
		if got := find(noon.Add(time.Hour)); len(got) != 0 {
			t.Errorf("%d are over and found", len(got))
		}
		_, set, err := s.WorkspaceByID(t.Context(), w.workspace.ID)
		must(t, err)
		set.SignUp = storage.SignUpClosed
		must(t, s.SaveWorkspace(t.Context(), w.workspace.ID, w.workspace.Name, set))
		if got := find(noon); len(got) != 0 {
			t.Errorf("%d are found though the workspace takes nobody", len(got))
		}
	}},
}
