package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

var ruleTests = []storeTest{
	{"every rule of a link is kept", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		want := newLink(mustVideo(t, s).ID, 0)
		must(t, s.CreateLink(ctx, want))
		want.Name, want.Audience, want.Comments = "client", storage.AudienceNamed, storage.CommentsHeld
		want.PasswordHash, want.Lock = "hash", 7
		must(t, s.UpdateLink(ctx, want))
		want.Epoch++
		if diff := cmp.Diff(want, mustGet(s.LinkByID(ctx, want.ID))(t)); diff != "" {
			t.Errorf("ShareByID() (-want +got):\n%s", diff)
		}
	}},
	{"the links of a video are listed with their people and opens", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		v := mustVideo(t, s)
		first, second := newLink(v.ID, 0), newLink(v.ID, time.Second)
		must(t, errors.Join(s.CreateLink(ctx, second), s.CreateLink(ctx, first)))
		must(t, s.SetLinkPeople(ctx, first.ID, []string{"gone@example.com"}))
		must(t, s.SetLinkPeople(ctx, first.ID, []string{"b@example.com", "a@example.com", "a@example.com"}))
		must(t, errors.Join(s.CountOpen(ctx, second.ID), s.CountOpen(ctx, second.ID)))
		people := []string{"a@example.com", "b@example.com"}
		want := []storage.LinkWithPeople{{Link: first, People: people}, {Link: second, Opens: 2}}
		if diff := cmp.Diff(want, mustGet(s.LinksByVideo(ctx, v.ID))(t)); diff != "" {
			t.Errorf("SharesByVideo() (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(people, mustGet(s.LinkPeople(ctx, first.ID))(t)); diff != "" {
			t.Errorf("SharePeople() (-want +got):\n%s", diff)
		}
		if got := mustGet(s.LinksByVideo(ctx, "none"))(t); len(got) != 0 {
			t.Errorf("SharesByVideo of none = %v", got)
		}
	}},
	{"an access link is used once, and not after its end", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		link := newLink(mustVideo(t, s).ID, 0)
		must(t, s.CreateLink(ctx, link))
		m := storage.AccessLink{
			Hash:      "h",
			LinkID:    link.ID,
			Email:     "a@example.com",
			CreatedAt: noon,
			ExpiresAt: noon.Add(time.Hour),
		}
		must(t, s.CreateAccessLink(ctx, m))
		if diff := cmp.Diff(m, mustGet(s.AccessLinkByHash(ctx, "h"))(t)); diff != "" {
			t.Errorf("ShareMailByHash() (-want +got):\n%s", diff)
		}
		_, err := s.UseAccessLink(ctx, "h", noon.Add(time.Hour))
		wantKind(t, "UseShareMail at its end", err, storage.NotFound)
		wantOneWinner(t, together(8, func(int) error {
			_, err := s.UseAccessLink(ctx, "h", noon)
			return err
		}), storage.NotFound)
		_, err = s.AccessLinkByHash(ctx, "none")
		wantKind(t, "ShareMailByHash", err, storage.NotFound)
	}},
	{"a held comment is seen and counted once it is approved", testHeld},
	{"a guest is blocked in one workspace, and their address for a while", testBlockGuest},
	{"a guest is forgotten when nothing of them is left", testForgetGuests},
}

func testBlockGuest(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	must(t, s.CreateWorkspace(ctx, storage.Workspace{ID: "other", Name: "Other", CreatedAt: noon}))
	guest := storage.Guest{Key: "guest", AddressKey: "home", Name: "Gus"}
	mustGet(s.CreateComment(ctx, newComment(v.ID, 0), guest))(t)
	guest.AddressKey = "office"
	mustGet(s.CreateComment(ctx, newComment(v.ID, time.Minute), guest))(t)
	end := noon.Add(storage.AddressBlockFor)
	must(t, s.BlockGuest(ctx, v.WorkspaceID, "an address of an earlier release", v.OwnerID, noon, end))
	for range 2 {
		must(t, s.BlockGuest(ctx, v.WorkspaceID, "guest", v.OwnerID, noon, end))
	}
	for _, tc := range []struct {
		ws   storage.WorkspaceID
		by   storage.Guest
		at   time.Time
		want bool
	}{
		{v.WorkspaceID, guest, noon, true},
		{v.WorkspaceID, storage.Guest{Key: "guest", AddressKey: "elsewhere"}, end, true},
		{v.WorkspaceID, storage.Guest{Key: "colleague", AddressKey: "office"}, noon, true},
		{v.WorkspaceID, storage.Guest{AddressKey: "office"}, end.Add(-time.Millisecond), true},
		{v.WorkspaceID, storage.Guest{AddressKey: "office"}, end, false},
		{v.WorkspaceID, storage.Guest{Key: "neighbour", AddressKey: "home"}, noon, false},
		{v.WorkspaceID, storage.Guest{AddressKey: "an address of an earlier release"}, noon, true},
		{v.WorkspaceID, storage.Guest{AddressKey: "an address of an earlier release"}, end, false},
		{"other", guest, noon, false},
	} {
		if got := mustGet(s.GuestBlocked(ctx, tc.ws, tc.by, tc.at))(t); got != tc.want {
			t.Errorf("GuestBlocked(%s, %+v, %s) = %v, want %v", tc.ws, tc.by, tc.at, got, tc.want)
		}
	}
}

func testForgetGuests(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	var gone storage.Comment
	for _, key := range []string{"talks", "left"} {
		c := mustGet(
			s.CreateComment(ctx, newComment(v.ID, 0), storage.Guest{Key: key, AddressKey: "home", Name: key}),
		)(
			t,
		)
		if key == "left" {
			gone = c
		}
	}
	forget := func(then time.Time, want int) {
		t.Helper()
		if n := mustGet(s.ForgetGuests(ctx, then, noon, 10))(t); n != want {
			t.Errorf("ForgetGuests(%s) = %d, want %d", then, n, want)
		}
	}
	later := gone.CreatedAt.Add(time.Hour)
	forget(later, 0)
	must(t, s.SetVideoTrashed(ctx, v.ID, after(0)))
	must(t, s.PurgeVideo(ctx, v.ID, noon, noon, noon))
	forget(gone.CreatedAt, 0)
	forget(later, 2)
	forget(later, 0)
}

func testHeld(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	seen, held := newComment(v.ID, 0), newComment(v.ID, time.Second)
	held.HeldAt = after(0)
	_, err := s.CreateComment(ctx, seen, storage.Guest{})
	must(t, err)
	held, err = s.CreateComment(ctx, held, storage.Guest{Key: "guest", AddressKey: "home", Name: "Gus"})
	must(t, err)
	counts := func(when string, want int) {
		t.Helper()
		if _, n, err := s.CommentSeq(ctx, v.ID); n != want || err != nil {
			t.Errorf("%s %d comments are counted, %v, want %d", when, n, err, want)
		}
	}
	lists := func(when string, all bool, want int) {
		t.Helper()
		if got := mustGet(
			s.ListComments(ctx, storage.CommentQuery{VideoID: v.ID, Limit: 10, Held: all}),
		)(
			t,
		); len(got) != want {
			t.Errorf("%s %d comments are listed (held ones %v), want %d", when, len(got), all, want)
		}
	}
	if has := mustGet(s.HasHeld(ctx, v.ID))(t); !has {
		t.Error("HasHeld() = false, want true")
	}
	counts("at first", 1)
	lists("at first", false, 1)
	lists("at first", true, 2)
	waiting := mustGet(s.HeldComments(ctx, v.WorkspaceID, v.OwnerID, 10))(t)
	if len(waiting) != 1 || waiting[0].VideoTitle != v.Title {
		t.Fatalf("HeldComments() = %+v", waiting)
	}
	if diff := cmp.Diff(held, waiting[0].Comment); diff != "" {
		t.Errorf("HeldComments() (-want +got):\n%s", diff)
	}
	if got := mustGet(s.HeldComments(ctx, v.WorkspaceID, "somebody else", 10))(t); len(got) != 0 {
		t.Errorf("HeldComments of somebody else = %v", got)
	}
	if got := mustGet(s.CommentsOfGuest(ctx, v.WorkspaceID, "guest"))(t); len(got) != 1 || got[0].ID != held.ID {
		t.Errorf("CommentsOfGuest() = %v", got)
	}
	wantOneWinner(t, together(4, func(int) error {
		_, err := s.ApproveComment(ctx, held.ID)
		return err
	}), storage.NotFound)
	if has := mustGet(s.HasHeld(ctx, v.ID))(t); has {
		t.Error("HasHeld() = true after the approval")
	}
	counts("approved", 2)
	lists("approved", false, 2)
	held.HeldAt = after(time.Hour)
	_, err = s.UpdateComment(ctx, held)
	must(t, err)
	counts("edited", 1)
	_, err = s.DeleteComment(ctx, held.ID, noon)
	must(t, err)
	counts("deleted", 1)
	_, err = s.DeleteComment(ctx, seen.ID, noon)
	must(t, err)
	counts("all deleted", 0)
}
