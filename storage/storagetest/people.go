package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

var peopleTests = []storeTest{
	{"a person is in several workspaces, with a role in each", testMemberships},
	{"a session follows its workspace, else the oldest, else none", testSessionWorkspace},
	{"a key works in its workspace alone", testKeyWorkspace},
	{"sessions are listed, and ended one by one, all, and by workspace", testSessions},
	{"keys are listed and deleted by person and workspace", testKeys},
	{"settings of a workspace are kept, beside its name", testSettings},
	{"an invite is used once, whoever tries at the same time", testInvite},
	{"invites are taken back one by one, and all of a person", testInvitesOf},
	{"of two owners who leave at once, one stays", testLastOwner},
	{"raised epochs end what was granted in one workspace", testRaiseEpochs},
	{"unused log-in links are taken back", testDropLoginLinks},
	{"a list of videos can be of one workspace", testVideosOfWorkspace},
	{"a profile is kept", func(t *testing.T, s storage.Store) {
		u := mustFixture(t, s).user
		u.Name, u.TimeZone, u.Language, u.PictureKey = "Ada L.", "Pacific/Auckland", "en-NZ", "p/x/y.jpg"
		must(t, s.SetProfile(t.Context(), u))
		must(t, s.SetPicture(t.Context(), u.ID, u.PictureKey))
		if diff := cmp.Diff(u, mustGet(s.IdentityByUser(t.Context(), u.ID))(t).User); diff != "" {
			t.Errorf("IdentityByUser() (-want +got):\n%s", diff)
		}
		wantKind(t, "SetProfile", s.SetProfile(t.Context(), storage.User{ID: "nobody"}), storage.NotFound)
		wantKind(t, "SetPicture", s.SetPicture(t.Context(), "nobody", ""), storage.NotFound)
	}},
}

// second adds a workspace that the user of w joined an hour after the first.
func (w fixture) second(t testing.TB, s storage.Store, role storage.Role) storage.Workspace {
	t.Helper()
	ws := storage.Workspace{
		ID:        storage.WorkspaceID(storage.NewRandomID()),
		Name:      "Mill",
		CreatedAt: noon.Add(time.Hour),
	}
	must(t, s.CreateWorkspace(t.Context(), ws))
	must(
		t,
		s.AddMembership(
			t.Context(),
			storage.Membership{WorkspaceID: ws.ID, UserID: w.user.ID, Role: role, CreatedAt: ws.CreatedAt},
		),
	)
	return ws
}

// colleague adds another person to the fixture's workspace.
func (w fixture) colleague(t testing.TB, s storage.Store, email string, role storage.Role) storage.User {
	t.Helper()
	u := newUser(email, "Bob")
	must(
		t,
		s.CreateUser(
			t.Context(),
			u,
			storage.Membership{
				WorkspaceID: w.workspace.ID,
				UserID:      u.ID,
				Role:        role,
				CreatedAt:   noon.Add(time.Minute),
			},
		),
	)
	return u
}

func testMemberships(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	second := w.second(t, s, storage.RoleMember)
	want := []storage.WorkspaceRole{
		{Workspace: w.workspace, Role: storage.RoleOwner, JoinedAt: noon},
		{Workspace: second, Role: storage.RoleMember, JoinedAt: second.CreatedAt},
	}
	if diff := cmp.Diff(want, mustGet(s.Memberships(ctx, w.user.ID))(t)); diff != "" {
		t.Errorf("Memberships() (-want +got):\n%s", diff)
	}
	again := storage.Membership{WorkspaceID: second.ID, UserID: w.user.ID, Role: storage.RoleAdmin, CreatedAt: noon}
	wantKind(t, "AddMembership twice", s.AddMembership(ctx, again), storage.Conflict)
	again.WorkspaceID = "none"
	wantKind(t, "AddMembership of no workspace", s.AddMembership(ctx, again), storage.NotFound)

	bob := w.colleague(t, s, "Bob@example.org", storage.RoleAdmin)
	members := []storage.Member{
		{
			User:     w.user,
			Role:     storage.RoleOwner,
			JoinedAt: noon,
		},
		{User: bob, Role: storage.RoleAdmin, JoinedAt: noon.Add(time.Minute)},
	}
	if diff := cmp.Diff(members, mustGet(s.Members(ctx, w.workspace.ID))(t)); diff != "" {
		t.Errorf("Members() (-want +got):\n%s", diff)
	}
	for _, got := range []storage.Member{
		mustGet(s.MemberByID(ctx, w.workspace.ID, bob.ID))(t),
		mustGet(s.MemberByEmail(ctx, w.workspace.ID, "bob@EXAMPLE.org"))(t),
	} {
		if diff := cmp.Diff(members[1], got); diff != "" {
			t.Errorf("one member (-want +got):\n%s", diff)
		}
	}
	_, err := s.MemberByID(ctx, second.ID, bob.ID)
	wantKind(t, "MemberByID elsewhere", err, storage.NotFound)
	_, err = s.MemberByEmail(ctx, second.ID, bob.Email)
	wantKind(t, "MemberByEmail elsewhere", err, storage.NotFound)

	must(t, s.SetRole(ctx, w.workspace.ID, bob.ID, storage.RoleOwner))
	if n := mustGet(s.CountOwners(ctx, w.workspace.ID))(t); n != 2 {
		t.Errorf("CountOwners() = %d, want 2", n)
	}
	must(t, s.RemoveMember(ctx, w.workspace.ID, bob.ID))
	wantKind(t, "RemoveMember twice", s.RemoveMember(ctx, w.workspace.ID, bob.ID), storage.NotFound)
	wantKind(t, "SetRole of nobody", s.SetRole(ctx, w.workspace.ID, bob.ID, storage.RoleAdmin), storage.NotFound)
	left := mustGet(s.IdentityByEmail(ctx, bob.Email))(t)
	if diff := cmp.Diff(storage.Identity{User: bob}, left); diff != "" {
		t.Errorf("IdentityByEmail() of somebody in no workspace (-want +got):\n%s", diff)
	}
}

func testSessionWorkspace(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	second := w.second(t, s, storage.RoleMember)
	must(
		t,
		s.CreateSession(
			ctx,
			storage.Session{
				Hash:        "h",
				UserID:      w.user.ID,
				WorkspaceID: second.ID,
				CreatedAt:   noon,
				LastUsed:    noon,
				ExpiresAt:   noon,
			},
		),
	)
	wants := func(what string, ws storage.WorkspaceID, role storage.Role) {
		t.Helper()
		_, id, err := s.SessionByHash(ctx, "h")
		must(t, err)
		if id.WorkspaceID != ws || id.Role != role {
			t.Errorf("%s: in %q as %q, want %q as %q", what, id.WorkspaceID, id.Role, ws, role)
		}
	}
	wants("its own", second.ID, storage.RoleMember)
	must(t, s.SwitchSession(ctx, "h", ""))
	wants("none named", w.workspace.ID, storage.RoleOwner)
	must(t, s.SwitchSession(ctx, "h", second.ID))
	must(t, s.RemoveMember(ctx, second.ID, w.user.ID))
	wants("its own is over", w.workspace.ID, storage.RoleOwner)
	must(t, s.RemoveMember(ctx, w.workspace.ID, w.user.ID))
	wants("none is left", "", "")
	wantKind(t, "SwitchSession of none", s.SwitchSession(ctx, "none", second.ID), storage.NotFound)
}

func newKey(id string, w storage.WorkspaceID, u storage.UserID) storage.APIKey {
	return storage.APIKey{
		ID:          storage.APIKeyID(id),
		UserID:      u,
		WorkspaceID: w,
		Name:        id,
		Hash:        "hash of " + id,
		Scopes:      []storage.Scope{storage.ScopeRead},
		CreatedAt:   noon,
	}
}

func testKeyWorkspace(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	second := w.second(t, s, storage.RoleMember)
	must(t, s.CreateAPIKey(ctx, newKey("new", second.ID, w.user.ID)))
	must(t, s.CreateAPIKey(ctx, newKey("old", "", w.user.ID)))
	wants := func(name string, ws storage.WorkspaceID) {
		t.Helper()
		_, id, err := s.APIKeyByHash(ctx, "hash of "+name)
		must(t, err)
		if id.WorkspaceID != ws {
			t.Errorf("the key %s works in %q, want %q", name, id.WorkspaceID, ws)
		}
	}
	wants("new", second.ID)
	wants("old", w.workspace.ID)
	must(t, s.RemoveMember(ctx, second.ID, w.user.ID))
	wants("new", "")
}

func testSessions(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	second, bob := w.second(t, s, storage.RoleMember), w.colleague(t, s, "bob@example.org", storage.RoleMember)
	add := func(hash string, u storage.UserID, ws storage.WorkspaceID, d time.Duration) storage.Session {
		one := storage.Session{
			Hash:        hash,
			UserID:      u,
			WorkspaceID: ws,
			Device:      hash,
			CreatedAt:   noon,
			LastUsed:    noon.Add(d),
			ExpiresAt:   noon.Add(d + time.Hour),
		}
		must(t, s.CreateSession(ctx, one))
		return one
	}
	a, b := add("a", w.user.ID, w.workspace.ID, time.Minute), add("b", w.user.ID, second.ID, 2*time.Minute)
	c, d := add("c", w.user.ID, "", 3*time.Minute), add("d", bob.ID, w.workspace.ID, 0)
	add("over", w.user.ID, second.ID, -time.Hour)
	wants := func(what string, u storage.UserID, want ...storage.Session) {
		t.Helper()
		if diff := cmp.Diff(want, mustGet(s.Sessions(ctx, u, noon))(t)); diff != "" {
			t.Errorf("%s: Sessions() (-want +got):\n%s", what, diff)
		}
	}
	wants("all", w.user.ID, c, b, a)
	must(t, s.EndSessionsIn(ctx, w.workspace.ID, w.user.ID))
	wants("after those of a workspace", w.user.ID, b)
	a = add("a", w.user.ID, w.workspace.ID, time.Minute)
	must(t, s.EndSessions(ctx, w.user.ID, "a"))
	wants("after all but one", w.user.ID, a)
	must(t, s.EndSessions(ctx, w.user.ID, ""))
	wants("after all", w.user.ID)
	wants("of somebody else", bob.ID, d)
}

func testKeys(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	second, bob := w.second(t, s, storage.RoleMember), w.colleague(t, s, "bob@example.org", storage.RoleMember)
	mine, there, his := newKey(
		"mine",
		w.workspace.ID,
		w.user.ID,
	), newKey(
		"there",
		second.ID,
		w.user.ID,
	), newKey(
		"his",
		w.workspace.ID,
		bob.ID,
	)
	mine.ExpiresAt = after(time.Hour)
	newer := newKey("newer", w.workspace.ID, w.user.ID)
	newer.CreatedAt = noon.Add(time.Minute)
	for _, k := range []storage.APIKey{mine, there, his, newer} {
		must(t, s.CreateAPIKey(ctx, k))
	}
	if diff := cmp.Diff(
		[]storage.APIKey{newer, mine},
		mustGet(s.APIKeys(ctx, w.workspace.ID, w.user.ID))(t),
	); diff != "" {
		t.Errorf("APIKeys() (-want +got):\n%s", diff)
	}
	wantKind(
		t,
		"DeleteAPIKey of somebody else's",
		s.DeleteAPIKey(ctx, w.workspace.ID, w.user.ID, his.ID),
		storage.NotFound,
	)
	wantKind(
		t,
		"DeleteAPIKey of another workspace's",
		s.DeleteAPIKey(ctx, w.workspace.ID, w.user.ID, there.ID),
		storage.NotFound,
	)
	must(t, s.DeleteAPIKey(ctx, w.workspace.ID, w.user.ID, newer.ID))
	must(t, s.DeleteAPIKeysIn(ctx, w.workspace.ID, w.user.ID))
	for name, want := range map[string]bool{"mine": false, "newer": false, "there": true, "his": true} {
		if _, _, err := s.APIKeyByHash(ctx, "hash of "+name); (err == nil) != want {
			t.Errorf("the key %s: %v, want it kept: %v", name, err, want)
		}
	}
}

func testSettings(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	got, settings, err := s.WorkspaceByID(ctx, w.workspace.ID)
	must(t, err)
	usual := storage.Settings{
		SignUp:          storage.SignUpInvited,
		Domains:         []string{},
		EmbedHosts:      []string{},
		DefaultAudience: "link",
		DefaultComments: "on",
		DefaultDownload: true,
	}
	if diff := cmp.Diff(w.workspace, got) + cmp.Diff(usual, settings); diff != "" {
		t.Errorf("WorkspaceByID() of a new one (-want +got):\n%s", diff)
	}
	if open := mustGet(s.WorkspacesForDomains(ctx))(t); len(open) != 0 {
		t.Errorf("WorkspacesForDomains() = %v, want none", open)
	}
	want := storage.Settings{
		SignUp:          storage.SignUpDomains,
		Domains:         []string{"example.org", "example.net"},
		EmbedHosts:      []string{"wiki.example.org"},
		KeepDays:        90,
		DefaultAudience: "members",
		DefaultComments: "held",
	}
	must(t, s.SaveWorkspace(ctx, w.workspace.ID, "Orchards", want))
	got, settings, err = s.WorkspaceByID(ctx, w.workspace.ID)
	must(t, err)
	w.workspace.Name = "Orchards"
	if diff := cmp.Diff(w.workspace, got) + cmp.Diff(want, settings); diff != "" {
		t.Errorf("WorkspaceByID() (-want +got):\n%s", diff)
	}
	open := []storage.DomainSignUp{{Workspace: w.workspace, Domains: want.Domains}}
	if diff := cmp.Diff(open, mustGet(s.WorkspacesForDomains(ctx))(t)); diff != "" {
		t.Errorf("WorkspacesForDomains() (-want +got):\n%s", diff)
	}
	wantKind(t, "SaveWorkspace", s.SaveWorkspace(ctx, "none", "x", want), storage.NotFound)
	_, _, err = s.WorkspaceByID(ctx, "none")
	wantKind(t, "WorkspaceByID", err, storage.NotFound)
	wantKind(t, "HoldWorkspace", s.HoldWorkspace(ctx, "none"), storage.NotFound)
}

func (w fixture) invite(name string) storage.Invite {
	return storage.Invite{
		ID:            storage.InviteID(name),
		WorkspaceID:   w.workspace.ID,
		WorkspaceName: w.workspace.Name,
		Hash:          "hash of " + name,
		Role:          storage.RoleMember,
		CreatedBy:     w.user.ID,
		CreatedByName: w.user.Name,
		CreatedAt:     noon,
		ExpiresAt:     noon.Add(time.Hour),
	}
}

func testInvite(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	i := w.invite("i")
	i.Email = "Bob@example.org"
	must(t, s.CreateInvite(ctx, i))
	if diff := cmp.Diff(i, mustGet(s.InviteByHash(ctx, i.Hash))(t)); diff != "" {
		t.Errorf("InviteByHash() (-want +got):\n%s", diff)
	}
	wantKind(t, "UseInvite at its end", s.UseInvite(ctx, i.Hash, i.ExpiresAt, "bob"), storage.NotFound)
	wantKind(t, "UseInvite of an unknown one", s.UseInvite(ctx, "none", noon, "bob"), storage.NotFound)
	errs := together(8, func(int) error { return s.UseInvite(ctx, i.Hash, noon.Add(time.Minute), "bob") })
	wantOneWinner(t, errs, storage.NotFound)
	if diff := cmp.Diff(after(time.Minute), mustGet(s.InviteByHash(ctx, i.Hash))(t).UsedAt); diff != "" {
		t.Errorf("UsedAt (-want +got):\n%s", diff)
	}
	wantKind(t, "DeleteInvite of a used one", s.DeleteInvite(ctx, w.workspace.ID, i.ID), storage.NotFound)
	_, err := s.InviteByHash(ctx, "none")
	wantKind(t, "InviteByHash of an unknown one", err, storage.NotFound)
}

func testInvitesOf(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	bob := w.colleague(t, s, "Bob@example.org", storage.RoleAdmin)
	mine, his, forHim, request, other := w.invite("mine"), w.invite("his"), w.invite("for him"), w.invite(
		"request",
	), w.invite("other request")
	his.CreatedBy, his.CreatedByName = bob.ID, bob.Name
	forHim.Email = "BOB@example.org"
	for _, r := range []*storage.Invite{&request, &other} { // two without a secret do not collide
		r.CreatedBy, r.CreatedByName, r.Hash, r.Email = "", "", "", string(r.ID)+"@example.org"
	}
	mine.CreatedAt, other.CreatedAt = noon.Add(2*time.Second), noon.Add(time.Second)
	for _, i := range []storage.Invite{mine, his, forHim, request, other} {
		must(t, s.CreateInvite(ctx, i))
	}
	must(t, s.DeleteInvitesOf(ctx, w.workspace.ID, bob.ID))
	if diff := cmp.Diff(
		[]storage.Invite{mine, other, request},
		mustGet(s.OpenInvites(ctx, w.workspace.ID, noon))(t),
	); diff != "" {
		t.Errorf("OpenInvites() (-want +got):\n%s", diff)
	}
	wantKind(t, "DeleteInvite elsewhere", s.DeleteInvite(ctx, "none", mine.ID), storage.NotFound)
	must(t, s.DeleteInvite(ctx, w.workspace.ID, mine.ID))
	wantKind(t, "DeleteInvite twice", s.DeleteInvite(ctx, w.workspace.ID, mine.ID), storage.NotFound)
	if open := mustGet(s.OpenInvites(ctx, w.workspace.ID, mine.ExpiresAt))(t); len(open) != 0 {
		t.Errorf("OpenInvites() at their end = %v, want none", open)
	}
}

func testLastOwner(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	people := []storage.UserID{w.user.ID, w.colleague(t, s, "bob@example.org", storage.RoleOwner).ID}
	errs := together(2, func(i int) error {
		return s.InTx(t.Context(), func(tx storage.Store) error {
			if err := tx.HoldWorkspace(t.Context(), w.workspace.ID); err != nil {
				return err
			}
			n, err := tx.CountOwners(t.Context(), w.workspace.ID)
			if err != nil {
				return err
			}
			if n == 1 {
				return storage.E(storage.Conflict, "The only owner stays.", nil)
			}
			return tx.RemoveMember(t.Context(), w.workspace.ID, people[i])
		})
	})
	wantOneWinner(t, errs, storage.Conflict)
}

func testRaiseEpochs(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	here, there := w.video("Here", 0), w.video("There", 0)
	there.WorkspaceID = w.second(t, s, storage.RoleOwner).ID
	links := []storage.Link{newLink(here.ID, 0), newLink(here.ID, 0), newLink(there.ID, 0)}
	must(t, s.CreateVideo(ctx, here))
	must(t, s.CreateVideo(ctx, there))
	for _, link := range links {
		must(t, s.CreateLink(ctx, link))
	}
	must(t, s.RaiseEpochs(ctx, w.workspace.ID))
	for i, want := range []int64{2, 2, 1} {
		if got := mustGet(s.LinkByID(ctx, links[i].ID))(t).Epoch; got != want {
			t.Errorf("epoch of link %d = %d, want %d", i, got, want)
		}
	}
}

func testDropLoginLinks(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	add := func(hash string, u storage.UserID) {
		must(
			t,
			s.CreateLoginLink(
				ctx,
				storage.LoginLink{Hash: hash, UserID: u, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)},
			),
		)
	}
	bob := w.colleague(t, s, "bob@example.org", storage.RoleMember)
	add("hers", w.user.ID)
	add("his", bob.ID)
	must(t, s.DropLoginLinks(ctx, w.user.ID))
	_, err := s.UseLoginLink(ctx, "hers", noon)
	wantKind(t, "UseLoginLink of one taken back", err, storage.NotFound)
	mustGet(s.UseLoginLink(ctx, "his", noon))(t)
	add("hers again", w.user.ID)
	must(t, s.DropLoginLinksIn(ctx, w.workspace.ID))
	_, err = s.UseLoginLink(ctx, "hers again", noon)
	wantKind(t, "UseLoginLink of one taken back by workspace", err, storage.NotFound)
	mustGet(s.LoginLinkByHash(ctx, "his"))(t) // what was used stays to be seen
}

func testVideosOfWorkspace(t *testing.T, s storage.Store) {
	w := mustFixture(t, s)
	here, there := w.video("Here", 0), w.video("There", time.Second)
	there.WorkspaceID = w.second(t, s, storage.RoleOwner).ID
	must(t, s.CreateVideo(t.Context(), here))
	must(t, s.CreateVideo(t.Context(), there))
	for ws, want := range map[storage.WorkspaceID][]storage.VideoID{
		w.workspace.ID: {here.ID}, there.WorkspaceID: {there.ID}, "": {there.ID, here.ID}, "none": nil,
	} {
		var got []storage.VideoID
		for _, v := range mustGet(s.ListVideos(t.Context(), storage.VideoQuery{
			OwnerID:     w.user.ID,
			WorkspaceID: ws,
			Limit:       10,
		}))(t) {
			got = append(got, v.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ListVideos() of %q (-want +got):\n%s", ws, diff)
		}
	}
}
