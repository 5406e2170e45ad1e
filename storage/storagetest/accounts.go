package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

var accountTests = []storeTest{
	{"there is nobody before set-up", func(t *testing.T, s storage.Store) {
		_, err := s.SiteWorkspace(t.Context())
		wantKind(t, "SiteWorkspace", err, storage.NotFound)
		if n, err := s.CountUsers(t.Context()); n != 0 || err != nil {
			t.Errorf("CountUsers() = %d, %v, want 0", n, err)
		}
	}},
	{"the site's workspace is the one that was made so, whatever the clock said", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		must(
			t,
			s.CreateWorkspace(
				t.Context(),
				storage.Workspace{ID: "aaaa", Name: "Older", CreatedAt: noon.Add(-time.Second)},
			),
		)
		got := mustGet(s.SiteWorkspace(t.Context()))(t)
		if diff := cmp.Diff(w.workspace, got); diff != "" {
			t.Errorf("SiteWorkspace() (-want +got):\n%s", diff)
		}
	}},
	{"people are found by id and by address in any case", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		want := storage.Identity{
			User:          w.user,
			WorkspaceID:   w.workspace.ID,
			WorkspaceName: w.workspace.Name,
			Role:          storage.RoleOwner,
		}
		for _, email := range []string{"Ada@example.org", "ada@EXAMPLE.org"} {
			got := mustGet(s.IdentityByEmail(t.Context(), email))(t)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("IdentityByEmail(%q) (-want +got):\n%s", email, diff)
			}
		}
		got := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(t)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("IdentityByUser() (-want +got):\n%s", diff)
		}
		_, err := s.IdentityByEmail(t.Context(), "nobody@example.org")
		wantKind(t, "IdentityByEmail of nobody", err, storage.NotFound)
		_, err = s.IdentityByUser(t.Context(), "nobody")
		wantKind(t, "IdentityByUser of nobody", err, storage.NotFound)
	}},
	{
		"an address is taken once, in any case, and the second user leaves no trace",
		func(t *testing.T, s storage.Store) {
			w := mustFixture(t, s)
			u := newUser("ADA@example.ORG", "Other")
			wantKind(t, "CreateUser", s.CreateUser(t.Context(), u, w.member(u.ID)), storage.Conflict)
			if n := mustGet(s.CountUsers(t.Context()))(t); n != 1 {
				t.Errorf("CountUsers() = %d, want 1", n)
			}
		},
	},
	{"a password is replaced", func(t *testing.T, s storage.Store) {
		w := mustFixture(t, s)
		must(t, s.SetPassword(t.Context(), w.user.ID, "new hash"))
		if got := mustGet(s.IdentityByUser(t.Context(), w.user.ID))(t); got.User.PasswordHash != "new hash" {
			t.Errorf("PasswordHash = %q, want the new one", got.User.PasswordHash)
		}
		wantKind(t, "SetPassword of nobody", s.SetPassword(t.Context(), "nobody", "x"), storage.NotFound)
	}},
	{"a session is found, touched and deleted", testSession},
	{"an API key is found and touched", testAPIKey},
	{"a login link is used once, whoever tries at the same time", testLoginLink},
}

func testSession(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	want := storage.Session{
		Hash:      "hash of a cookie",
		UserID:    w.user.ID,
		Device:    "Firefox",
		CreatedAt: noon,
		LastUsed:  noon,
		ExpiresAt: noon.Add(time.Hour),
	}
	must(t, s.CreateSession(t.Context(), want))
	want.LastUsed = noon.Add(time.Minute)
	must(t, s.TouchSession(t.Context(), want.Hash, want.LastUsed))

	got, identity, err := s.SessionByHash(t.Context(), want.Hash)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("SessionByHash() (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(
		storage.Identity{
			User:          w.user,
			WorkspaceID:   w.workspace.ID,
			WorkspaceName: w.workspace.Name,
			Role:          storage.RoleOwner,
		},
		identity,
	); diff != "" {
		t.Errorf("SessionByHash() identity (-want +got):\n%s", diff)
	}

	must(t, s.DeleteSession(t.Context(), want.Hash))
	_, _, err = s.SessionByHash(t.Context(), want.Hash)
	wantKind(t, "SessionByHash after its end", err, storage.NotFound)
}

func testAPIKey(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	want := storage.APIKey{
		ID:     "key",
		UserID: w.user.ID,
		Name:   "ci",
		Hash:   "hash of a key",
		Scopes: []storage.Scope{
			storage.ScopeRead,
			storage.ScopeUpload,
		},
		CreatedAt: noon,
		ExpiresAt: after(time.Hour),
	}
	must(t, s.CreateAPIKey(t.Context(), want))
	got, identity, err := s.APIKeyByHash(t.Context(), want.Hash)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("APIKeyByHash() (-want +got):\n%s", diff)
	}
	if identity.User.ID != w.user.ID || identity.WorkspaceID != w.workspace.ID {
		t.Errorf("APIKeyByHash() identity = %+v, want the key's user", identity)
	}

	must(t, s.TouchAPIKey(t.Context(), want.ID, noon.Add(time.Minute)))
	got, _, err = s.APIKeyByHash(t.Context(), want.Hash)
	must(t, err)
	if diff := cmp.Diff(after(time.Minute), got.LastUsed); diff != "" {
		t.Errorf("LastUsed (-want +got):\n%s", diff)
	}
	_, _, err = s.APIKeyByHash(t.Context(), "another")
	wantKind(t, "APIKeyByHash of an unknown key", err, storage.NotFound)
}

func testLoginLink(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	link := storage.LoginLink{
		Hash:      "hash of a link",
		UserID:    w.user.ID,
		CreatedAt: noon,
		ExpiresAt: noon.Add(time.Hour),
	}
	must(t, s.CreateLoginLink(t.Context(), link))

	_, err := s.UseLoginLink(t.Context(), link.Hash, link.ExpiresAt)
	wantKind(t, "UseLoginLink at its end", err, storage.NotFound)
	_, err = s.UseLoginLink(t.Context(), "another", noon)
	wantKind(t, "UseLoginLink of an unknown link", err, storage.NotFound)
	if diff := cmp.Diff(link, mustGet(s.LoginLinkByHash(t.Context(), link.Hash))(t)); diff != "" {
		t.Errorf("LoginLinkByHash() (-want +got):\n%s", diff)
	}

	errs := together(8, func(int) error {
		id, err := s.UseLoginLink(t.Context(), link.Hash, noon.Add(time.Minute))
		if err == nil && id != w.user.ID {
			t.Errorf("UseLoginLink() = %q, want %q", id, w.user.ID)
		}
		return err
	})
	wantOneWinner(t, errs, storage.NotFound)
	got := mustGet(s.LoginLinkByHash(t.Context(), link.Hash))(t)
	if diff := cmp.Diff(after(time.Minute), got.UsedAt); diff != "" {
		t.Errorf("UsedAt (-want +got):\n%s", diff)
	}
	_, err = s.LoginLinkByHash(t.Context(), "another")
	wantKind(t, "LoginLinkByHash of an unknown link", err, storage.NotFound)
}
