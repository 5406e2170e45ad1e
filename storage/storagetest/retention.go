package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

const day = 24 * time.Hour

var keepingTests = []storeTest{
	{"a purged video leaves the keys of its objects and nothing else", testPurgeVideo},
	{"only what is in the trash long enough is purged, once, whoever tries at the same time", testPurgeOnce},
	{"deletions are taken by one worker at a time, and come back", testClaimDeletions},
	{"a notice is put on what is too old, and taken away when it holds no longer", testNotices},
	{"a notice that is over puts its video into the trash, once", testTrashNoticed},
	{"notices are mailed once, person by person", testClaimNotices},
	{"videos are listed for an export of a person, of a workspace and of all", testListForExport},
	{"an account's deletion is set, taken back and due", testAccountDeletion},
	{"a workspace is handed to who stays, is an admin, and is longest there", testPromote},
	{"videos and comments of an account that is gone stay under another name", testTransferVideos},
	{"a workspace is deleted when nobody and nothing is left in it", testDeleteWorkspace},
}

// mustTrashed returns a video of w that has been in the trash since noon.
func mustTrashed(t testing.TB, s storage.Store, w fixture) storage.Video {
	t.Helper()
	v := w.video("Old", 0)
	must(t, s.CreateVideo(t.Context(), v))
	must(t, s.SetVideoTrashed(t.Context(), v.ID, after(0)))
	return v
}

func testPurgeVideo(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	v, other := mustTrashed(t, s, w), w.video("Kept", 0)
	must(t, s.CreateVideo(ctx, other))
	asset := storage.Asset{
		ID:         "a",
		VideoID:    v.ID,
		Generation: 1,
		Kind:       storage.AssetCopy,
		Name:       "copy.mp4",
		Key:        "v/" + string(v.ID) + "/g1/x.mp4",
		CreatedAt:  noon,
	}
	must(t, s.CreateAsset(ctx, asset))
	asset.ID, asset.Name, asset.Key = "b", "old.mp4", "elsewhere/y.mp4"
	must(t, s.CreateAsset(ctx, asset))
	u := storage.Upload{ID: "upload", VideoID: v.ID, LengthBytes: 3, CreatedAt: noon, ExpiresAt: noon}
	must(t, s.CreateUpload(ctx, u))
	if _, err := s.TakeUpload(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	must(
		t,
		s.AppendParts(
			ctx,
			u.ID,
			1,
			[]storage.Part{{Track: storage.FileTrack, SizeBytes: 3, SHA256: "x", Key: "u/upload/p"}},
			noon,
		),
	)
	must(t, s.CreateLink(ctx, newLink(v.ID, 0)))

	must(t, s.PurgeVideo(ctx, v.ID, noon, noon, noon.Add(day)))
	_, err := s.VideoByID(ctx, v.ID)
	wantKind(t, "the video", err, storage.NotFound)
	_, err = s.UploadByID(ctx, u.ID)
	wantKind(t, "its upload", err, storage.NotFound)
	_, err = s.LinkByVideo(ctx, v.ID)
	wantKind(t, "its link", err, storage.NotFound)
	if _, err := s.VideoByID(ctx, other.ID); err != nil {
		t.Errorf("the other video: %v", err)
	}
	want := map[string]*time.Time{
		"elsewhere/y.mp4":         nil,
		"u/upload/":               after(day),
		"v/" + string(v.ID) + "/": after(day),
	}
	if diff := cmp.Diff(want, deletions(t, s, noon)); diff != "" {
		t.Errorf("deletions (-want +got):\n%s", diff)
	}
}

// deletions claims what is due at now.
func deletions(t testing.TB, s storage.Store, now time.Time) map[string]*time.Time {
	t.Helper()
	all := map[string]*time.Time{}
	for _, d := range mustGet(s.ClaimDeletions(t.Context(), now, now.Add(time.Minute), 100))(t) {
		all[d.Key] = d.AgainAt
	}
	return all
}

func testPurgeOnce(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	v, live := mustTrashed(t, s, w), w.video("Live", 0)
	must(t, s.CreateVideo(ctx, live))
	before := noon.Add(-time.Millisecond)
	wantKind(t, "before its time", s.PurgeVideo(ctx, v.ID, before, noon, noon), storage.NotFound)
	wantKind(t, "not in the trash", s.PurgeVideo(ctx, live.ID, noon.Add(day), noon, noon), storage.NotFound)
	if ids := mustGet(s.TrashedSince(ctx, before, 10))(t); len(ids) != 0 {
		t.Errorf("TrashedSince() = %v before its time", ids)
	}
	if diff := cmp.Diff([]storage.VideoID{v.ID}, mustGet(s.TrashedSince(ctx, noon, 10))(t)); diff != "" {
		t.Errorf("TrashedSince() (-want +got):\n%s", diff)
	}
	wantOneWinner(
		t,
		together(4, func(int) error { return s.PurgeVideo(ctx, v.ID, noon, noon, noon) }),
		storage.NotFound,
	)
}

func testClaimDeletions(t *testing.T, s storage.Store) {
	ctx := t.Context()
	must(t, s.AddDeletions(ctx, []string{"one", "two/"}, noon, noon.Add(day)))
	// it is a deletion already
	must(t, s.AddDeletions(ctx, []string{"one"}, noon.Add(day), noon.Add(day)))
	if got := deletions(t, s, noon.Add(-time.Millisecond)); len(got) != 0 {
		t.Errorf("claimed %v before it was due", got)
	}
	counts := make([]int, 4)
	for _, err := range together(4, func(i int) error {
		rows, err := s.ClaimDeletions(ctx, noon, noon.Add(time.Minute), 10)
		counts[i] = len(rows)
		return err
	}) {
		must(t, err)
	}
	if sum := counts[0] + counts[1] + counts[2] + counts[3]; sum != 2 {
		t.Errorf("four workers claimed %v rows, want each of two once", counts)
	}
	want := map[string]*time.Time{"one": nil, "two/": after(day)}
	if diff := cmp.Diff(want, deletions(t, s, noon.Add(time.Minute))); diff != "" {
		t.Errorf("claimed by who comes after the one who died (-want +got):\n%s", diff)
	}
	must(t, s.DropDeletion(ctx, storage.Deletion{Key: "one"}))
	must(t, s.DropDeletion(ctx, storage.Deletion{Key: "one"}))
	must(t, s.DropDeletion(ctx, storage.Deletion{Key: "two/", AgainAt: after(day)}))
	if got := deletions(t, s, noon.Add(day-time.Millisecond)); len(got) != 0 {
		t.Errorf("claimed %v before the second look", got)
	}
	if diff := cmp.Diff(map[string]*time.Time{"two/": nil}, deletions(t, s, noon.Add(day))); diff != "" {
		t.Errorf("the second look (-want +got):\n%s", diff)
	}
	must(t, s.DropDeletion(ctx, storage.Deletion{Key: "two/"}))
	if got := deletions(t, s, noon.Add(9*day)); len(got) != 0 {
		t.Errorf("claimed %v after all were dropped", got)
	}
}

// leaves returns when the video leaves, as lists show it.
func leaves(t testing.TB, s storage.Store, id storage.VideoID) *time.Time {
	t.Helper()
	return mustGet(s.VideoSummary(t.Context(), id))(t).LeavesAt
}

// mustKeep sets how many days the workspace keeps videos.
func (w fixture) mustKeep(t testing.TB, s storage.Store, days int) {
	t.Helper()
	_, set, err := s.WorkspaceByID(t.Context(), w.workspace.ID)
	must(t, err)
	set.KeepDays = days
	must(t, s.SaveWorkspace(t.Context(), w.workspace.ID, w.workspace.Name, set))
}

func testNotices(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	old, young := w.video("Old", 0), w.video("Young", 10*day)
	must(t, s.CreateVideo(ctx, old))
	must(t, s.CreateVideo(ctx, young))
	put := func(now time.Time) int { return mustGet(s.MakeNotices(ctx, now, 7*day, 10))(t) }
	if n := put(noon.Add(999 * day)); n != 0 {
		t.Fatalf("%d notices where videos are kept for ever", n)
	}
	w.mustKeep(t, s, 30)
	if n := put(noon.Add(23*day - time.Millisecond)); n != 0 {
		t.Errorf("%d notices before their time", n)
	}
	if n := put(noon.Add(23 * day)); n != 1 {
		t.Fatalf("%d notices, want the old one's", n)
	}
	if n := put(noon.Add(24 * day)); n != 0 {
		t.Errorf("%d notices more, want none", n)
	}
	if diff := cmp.Diff(after(30*day), leaves(t, s, old.ID)); diff != "" {
		t.Errorf("LeavesAt (-want +got):\n%s", diff)
	}
	if at := leaves(t, s, young.ID); at != nil {
		t.Errorf("the young one leaves at %v", at)
	}
	drop := func() int { return mustGet(s.DropNotices(ctx, noon.Add(24*day), 7*day))(t) }
	if n := drop(); n != 0 {
		t.Errorf("%d notices that hold were dropped", n)
	}
	for what, change := range map[string]func(){
		"kept for ever": func() { w.mustKeep(t, s, 0) },
		"kept longer":   func() { w.mustKeep(t, s, 90) },
		"in the trash":  func() { must(t, s.SetVideoTrashed(ctx, old.ID, after(0))) },
	} {
		change()
		if n := drop(); n != 1 || leaves(t, s, old.ID) != nil {
			t.Errorf("%s: %d notices dropped, want one", what, n)
		}
		must(t, s.SetVideoTrashed(ctx, old.ID, nil))
		w.mustKeep(t, s, 30)
		if n := put(noon.Add(24 * day)); n != 1 {
			t.Errorf("%s and back again: %d notices, want one", what, n)
		}
	}
}

func testTrashNoticed(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	v := w.video("Old", 0)
	must(t, s.CreateVideo(ctx, v))
	w.mustKeep(t, s, 30)
	if n := mustGet(s.MakeNotices(ctx, noon.Add(40*day), 7*day, 10))(t); n != 1 {
		t.Fatalf("%d notices", n)
	}
	early, due := noon.Add(47*day-time.Millisecond), noon.Add(47*day)
	if ids := mustGet(s.LeavingVideos(ctx, early, 10))(t); len(ids) != 0 {
		t.Errorf("LeavingVideos() = %v before its time", ids)
	}
	wantKind(t, "TrashNoticed before its time", s.TrashNoticed(ctx, v.ID, early), storage.NotFound)
	if diff := cmp.Diff([]storage.VideoID{v.ID}, mustGet(s.LeavingVideos(ctx, due, 10))(t)); diff != "" {
		t.Errorf("LeavingVideos() (-want +got):\n%s", diff)
	}
	wantOneWinner(t, together(4, func(int) error { return s.TrashNoticed(ctx, v.ID, due) }), storage.NotFound)
	if got := mustGet(s.VideoByID(ctx, v.ID))(t); got.TrashedAt == nil || !got.TrashedAt.Equal(due) {
		t.Errorf("TrashedAt = %v, want %v", got.TrashedAt, due)
	}
}

func testClaimNotices(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	bea := newUser("bea@example.org", "Bea")
	must(t, s.CreateUser(ctx, bea, w.member(bea.ID)))
	first, hers, second := w.video("First", 0), w.video("Hers", time.Second), w.video("Second", day)
	hers.OwnerID = bea.ID
	for _, v := range []storage.Video{first, hers, second} {
		must(t, s.CreateVideo(ctx, v))
	}
	w.mustKeep(t, s, 30)
	for d := range 3 { // a day apart
		if _, err := s.MakeNotices(ctx, noon.Add(time.Duration(23+d)*day), 7*day, 10); err != nil {
			t.Fatal(err)
		}
	}
	claim := func() []storage.Notice { return mustGet(s.ClaimNotices(ctx, noon, 10))(t) }
	ada := []storage.Notice{
		{VideoID: first.ID, OwnerID: w.user.ID, Title: "First", LeavesAt: noon.Add(30 * day)},
		{VideoID: second.ID, OwnerID: w.user.ID, Title: "Second", LeavesAt: noon.Add(31 * day)},
	}
	if diff := cmp.Diff(ada, claim()); diff != "" {
		t.Errorf("the first person's (-want +got):\n%s", diff)
	}
	if got := claim(); len(got) != 1 || got[0].OwnerID != bea.ID {
		t.Errorf("the second person's are %v", got)
	}
	if got := claim(); len(got) != 0 {
		t.Errorf("claimed twice: %v", got)
	}
	must(t, s.UnclaimNotices(ctx, []storage.VideoID{second.ID}))
	if diff := cmp.Diff(ada[1:], claim()); diff != "" {
		t.Errorf("after the mail failed (-want +got):\n%s", diff)
	}
}

func testListForExport(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	bea := newUser("bea@example.org", "Bea")
	must(t, s.CreateUser(ctx, bea, w.member(bea.ID)))
	must(t, s.CreateWorkspace(ctx, storage.Workspace{ID: "elsewhere", Name: "Elsewhere", CreatedAt: noon}))
	mine, hers, trashed, far := w.video(
		"Mine",
		0,
	), w.video(
		"Hers",
		time.Second,
	), w.video(
		"Trashed",
		2*time.Second,
	), w.video(
		"Far",
		3*time.Second,
	)
	hers.OwnerID, far.WorkspaceID = bea.ID, "elsewhere"
	for _, v := range []storage.Video{mine, hers, trashed, far} {
		must(t, s.CreateVideo(ctx, v))
	}
	must(t, s.SetVideoTrashed(ctx, trashed.ID, after(0)))
	for _, tc := range []struct {
		name string
		q    storage.ExportQuery
		want []storage.VideoID
	}{
		{"all", storage.ExportQuery{}, []storage.VideoID{far.ID, trashed.ID, hers.ID, mine.ID}},
		{
			"of a workspace",
			storage.ExportQuery{WorkspaceID: w.workspace.ID},
			[]storage.VideoID{trashed.ID, hers.ID, mine.ID},
		},
		{
			"of a person there",
			storage.ExportQuery{WorkspaceID: w.workspace.ID, OwnerID: w.user.ID},
			[]storage.VideoID{trashed.ID, mine.ID},
		},
		{"of a person", storage.ExportQuery{OwnerID: w.user.ID}, []storage.VideoID{far.ID, trashed.ID, mine.ID}},
	} {
		var got []storage.VideoID
		for tc.q.Limit = 2; ; {
			page := mustGet(s.ListForExport(ctx, tc.q))(t)
			for _, k := range page {
				got = append(got, k.ID)
			}
			if len(page) < tc.q.Limit {
				break
			}
			tc.q.Before = &page[len(page)-1]
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func testAccountDeletion(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	must(
		t,
		s.CreateSession(
			ctx,
			storage.Session{Hash: "s", UserID: w.user.ID, CreatedAt: noon, LastUsed: noon, ExpiresAt: noon.Add(day)},
		),
	)
	must(
		t,
		s.CreateAPIKey(
			ctx,
			storage.APIKey{ID: "k", UserID: w.user.ID, Hash: "k", Scopes: storage.AllScopes, CreatedAt: noon},
		),
	)
	must(
		t,
		s.CreateLoginLink(
			ctx,
			storage.LoginLink{Hash: "l", UserID: w.user.ID, CreatedAt: noon, ExpiresAt: noon.Add(day)},
		),
	)
	if at := mustGet(s.AccountDeletionOf(ctx, w.user.ID))(t); at != nil {
		t.Errorf("DeletionOf() = %v before anybody asked", at)
	}
	must(t, s.EndCredentials(ctx, w.user.ID))
	_, _, err := s.SessionByHash(ctx, "s")
	wantKind(t, "its session", err, storage.NotFound)
	_, _, err = s.APIKeyByHash(ctx, "k")
	wantKind(t, "its key", err, storage.NotFound)
	_, err = s.LoginLinkByHash(ctx, "l")
	wantKind(t, "its log-in link", err, storage.NotFound)

	must(t, s.SetAccountDeletion(ctx, w.user.ID, after(day)))
	if diff := cmp.Diff(after(day), mustGet(s.AccountDeletionOf(ctx, w.user.ID))(t)); diff != "" {
		t.Errorf("DeletionOf() (-want +got):\n%s", diff)
	}
	if ids := mustGet(s.AccountsToDelete(ctx, noon.Add(day-time.Millisecond), 10))(t); len(ids) != 0 {
		t.Errorf("AccountsToDelete() = %v before its time", ids)
	}
	if diff := cmp.Diff(
		[]storage.UserID{w.user.ID},
		mustGet(s.AccountsToDelete(ctx, noon.Add(day), 10))(t),
	); diff != "" {
		t.Errorf("AccountsToDelete() (-want +got):\n%s", diff)
	}
	wantKind(t, "DeleteUser before its time", s.DeleteUser(ctx, w.user.ID, "Gone", noon), storage.NotFound)
	must(t, s.SetAccountDeletion(ctx, w.user.ID, nil))
	wantKind(t, "DeleteUser of who stays", s.DeleteUser(ctx, w.user.ID, "Gone", noon.Add(9*day)), storage.NotFound)
	wantKind(t, "SetDeletion of nobody", s.SetAccountDeletion(ctx, "nobody", nil), storage.NotFound)
	_, err = s.AccountDeletionOf(ctx, "nobody")
	wantKind(t, "DeletionOf nobody", err, storage.NotFound)
}

func testPromote(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	join := func(name string, role storage.Role, d time.Duration) storage.User {
		u := newUser(name+"@example.org", name)
		m := w.member(u.ID)
		m.Role, m.CreatedAt = role, noon.Add(d)
		must(t, s.CreateUser(ctx, u, m))
		return u
	}
	_, err := s.PromoteToOwner(ctx, w.workspace.ID, w.user.ID)
	wantKind(t, "PromoteToOwner of nobody else", err, storage.NotFound)
	join("member", storage.RoleMember, 0)
	leaving := join("leaving", storage.RoleAdmin, 0)
	must(t, s.SetAccountDeletion(ctx, leaving.ID, after(day)))
	join("later", storage.RoleAdmin, 2*day)
	want := join("admin", storage.RoleAdmin, day)
	belongs := func() storage.Belonging {
		list := mustGet(s.Belongings(ctx, w.user.ID))(t)
		if len(list) != 1 {
			t.Fatalf("Belongings() = %v, want one", list)
		}
		return list[0]
	}
	before := storage.Belonging{Workspace: w.workspace, Role: storage.RoleOwner, Others: 4}
	if diff := cmp.Diff(before, belongs()); diff != "" {
		t.Errorf("Belongings() (-want +got):\n%s", diff)
	}
	if got := mustGet(s.PromoteToOwner(ctx, w.workspace.ID, w.user.ID))(t); got.ID != want.ID {
		t.Errorf("PromoteToOwner() = %s, want %s", got.Name, want.Name)
	}
	before.Owners = 1
	if diff := cmp.Diff(before, belongs()); diff != "" {
		t.Errorf("Belongings() with another owner (-want +got):\n%s", diff)
	}
	must(t, s.InTx(ctx, func(tx storage.Store) error {
		_, err := tx.Belongings(ctx, "nobody")
		wantKind(t, "Belongings of nobody in a transaction", err, storage.NotFound)
		return nil
	}))
}

func testTransferVideos(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	bea := newUser("bea@example.org", "Bea")
	m := w.member(bea.ID)
	m.Role = storage.RoleMember
	must(t, s.CreateUser(ctx, bea, m))
	v, other := w.video("Hers", 0), w.video("Mine", 0)
	v.OwnerID = bea.ID
	must(t, s.CreateVideo(ctx, v))
	must(t, s.CreateVideo(ctx, other))
	link := newLink(v.ID, 0)
	must(t, s.CreateLink(ctx, link))
	c := mustGet(
		s.CreateComment(
			ctx,
			storage.Comment{ID: "c", VideoID: other.ID, AuthorID: bea.ID, Body: "Well said", CreatedAt: noon},
			storage.Guest{},
		),
	)(
		t,
	)
	must(t, s.SetAccountDeletion(ctx, bea.ID, after(0)))

	must(t, s.InTx(ctx, func(tx storage.Store) error {
		if err := tx.TransferVideos(ctx, w.workspace.ID, bea.ID, "Gone"); err != nil {
			return err
		}
		return tx.DeleteUser(ctx, bea.ID, "Gone", noon)
	}))
	_, err := s.IdentityByUser(ctx, bea.ID)
	wantKind(t, "the account", err, storage.NotFound)
	shared, _, err := s.VideoByToken(ctx, link.Token)
	must(t, err)
	summary := mustGet(s.VideoSummary(ctx, v.ID))(t)
	for what, got := range map[string]storage.Video{
		"VideoByID":    mustGet(s.VideoByID(ctx, v.ID))(t),
		"VideoByToken": shared,
		"VideoSummary": summary.Video,
	} {
		if got.OwnerID != w.user.ID || got.OwnerName != "Gone" {
			t.Errorf("%s: the video is %s's, made by %q", what, got.OwnerID, got.OwnerName)
		}
	}
	if got := mustGet(s.VideoByID(ctx, other.ID))(t); got.OwnerName != w.user.Name {
		t.Errorf("another video is made by %q", got.OwnerName)
	}
	got := mustGet(s.CommentByID(ctx, c.ID))(t)
	if got.AuthorID != "" || got.AuthorName != "Gone" || got.Body != "Well said" || got.Guest() {
		t.Errorf("the comment is now %+v", got)
	}
}

func testDeleteWorkspace(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	v := w.video("Last", 0)
	must(t, s.CreateVideo(ctx, v))
	bea := newUser("bea@example.org", "Bea")
	must(t, s.CreateUser(ctx, bea, w.member(bea.ID)))
	wantKind(t, "with another member", s.DeleteWorkspace(ctx, w.workspace.ID, w.user.ID), storage.Conflict)
	must(t, s.TransferVideos(ctx, w.workspace.ID, bea.ID, "Gone"))
	must(t, s.SetAccountDeletion(ctx, bea.ID, after(0)))
	must(t, s.DeleteUser(ctx, bea.ID, "Gone", noon))
	wantKind(t, "with a video", s.DeleteWorkspace(ctx, w.workspace.ID, w.user.ID), storage.Conflict)
	if diff := cmp.Diff([]storage.VideoID{v.ID}, mustGet(s.TrashAll(ctx, w.workspace.ID, noon, 10))(t)); diff != "" {
		t.Errorf("TrashAll() (-want +got):\n%s", diff)
	}
	must(t, s.PurgeVideo(ctx, v.ID, noon, noon, noon))
	if ids := mustGet(s.TrashAll(ctx, w.workspace.ID, noon, 10))(t); len(ids) != 0 {
		t.Errorf("TrashAll() = %v of an empty workspace", ids)
	}
	must(t, s.DeleteWorkspace(ctx, w.workspace.ID, w.user.ID))
	wantKind(t, "a second time", s.DeleteWorkspace(ctx, w.workspace.ID, w.user.ID), storage.NotFound)
	_, err := s.SiteWorkspace(ctx)
	wantKind(t, "SiteWorkspace", err, storage.NotFound)
}
