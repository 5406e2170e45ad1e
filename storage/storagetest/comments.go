package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

// newComment returns a guest's comment.
func newComment(id storage.VideoID, at time.Duration) storage.Comment {
	return storage.Comment{
		ID:         storage.CommentID(storage.NewRandomID()),
		VideoID:    id,
		AuthorName: "Guest",
		EditHash:   "hash of an edit token",
		At:         at,
		ThreadAt:   at,
		Body:       "Look here",
		CreatedAt:  noon,
	}
}

// answer returns a reply to c, made d after noon.
func answer(c storage.Comment, d time.Duration) storage.Comment {
	r := newComment(c.VideoID, c.At)
	r.Parent, r.CreatedAt = c.ID, noon.Add(d)
	return r
}

var commentTests = []storeTest{
	{"a comment is read as it was written", testComment},
	{"a missing comment is not found", func(t *testing.T, s storage.Store) {
		v := mustVideo(t, s)
		_, err := s.CommentByID(t.Context(), "none")
		wantKind(t, "CommentByID", err, storage.NotFound)
		_, err = s.UpdateComment(t.Context(), storage.Comment{ID: "none"})
		wantKind(t, "UpdateComment", err, storage.NotFound)
		_, err = s.DeleteComment(t.Context(), "none", noon)
		wantKind(t, "DeleteComment", err, storage.NotFound)
		orphan := newComment(v.ID, 0)
		orphan.Parent = "none"
		_, err = s.CreateComment(t.Context(), orphan, storage.Guest{})
		wantKind(t, "CreateComment under nothing", err, storage.NotFound)
		_, err = s.CreateComment(t.Context(), newComment("none", 0), storage.Guest{})
		wantKind(t, "CreateComment on no video", err, storage.NotFound)
		if seq, n, err := s.CommentSeq(t.Context(), v.ID); seq != 0 || n != 0 || err != nil {
			t.Errorf("CommentSeq() = %d, %d, %v, want nothing counted", seq, n, err)
		}
	}},
	{"an edit takes the next number, and replies follow a moved thread", testEditComment},
	{"a deletion takes the replies along and empties them", testDeleteComment},
	{"a conversation is read thread by thread", testConversationOrder},
	{"a conversation of 500 is read page by page, each comment once", testConversationPages},
	{"a reader of changes misses none over page ends", testChanges},
	{"numbers have no gap when many write at once", testCommentRace},
	{"a transaction that fails takes no number", func(t *testing.T, s storage.Store) {
		v := mustVideo(t, s)
		reason := errors.New("no")
		err := s.InTx(t.Context(), func(tx storage.Store) error {
			mustGet(tx.CreateComment(t.Context(), newComment(v.ID, 0), storage.Guest{}))(t)
			return reason
		})
		if !errors.Is(err, reason) {
			t.Errorf("InTx() = %v, want %v", err, reason)
		}
		if got := mustGet(s.CreateComment(t.Context(), newComment(v.ID, 0), storage.Guest{}))(t); got.Seq != 1 {
			t.Errorf("Seq = %d, want 1", got.Seq)
		}
	}},
}

func testComment(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	until := 5 * time.Second
	guest := newComment(v.ID, 3*time.Second)
	guest.Until = &until
	member := answer(guest, time.Minute)
	member.AuthorID, member.AuthorName, member.EditHash = v.OwnerID, "a name that is joined", ""

	for i, c := range []storage.Comment{guest, member} {
		want := c
		want.Seq = int64(i + 1)
		if c.AuthorID != "" {
			want.AuthorName = v.OwnerName
		}
		if diff := cmp.Diff(want, mustGet(s.CreateComment(ctx, c, storage.Guest{}))(t)); diff != "" {
			t.Errorf("CreateComment() (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, mustGet(s.CommentByID(ctx, c.ID))(t)); diff != "" {
			t.Errorf("CommentByID() (-want +got):\n%s", diff)
		}
	}
	if seq, n, err := s.CommentSeq(ctx, v.ID); seq != 2 || n != 2 || err != nil {
		t.Errorf("CommentSeq() = %d, %d, %v, want 2, 2", seq, n, err)
	}
}

func testEditComment(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	c := mustGet(s.CreateComment(ctx, newComment(v.ID, 10*time.Second), storage.Guest{}))(t)
	reply := mustGet(s.CreateComment(ctx, answer(c, time.Second), storage.Guest{}))(t)

	until := 30 * time.Second
	c.Body, c.At, c.Until, c.EditedAt = "Or here", 20*time.Second, &until, after(time.Hour)
	got := mustGet(s.UpdateComment(ctx, c))(t)
	c.Seq, c.ThreadAt = 3, c.At
	if diff := cmp.Diff(c, got); diff != "" {
		t.Errorf("UpdateComment() (-want +got):\n%s", diff)
	}
	if got := mustGet(s.CommentByID(ctx, reply.ID))(t); got.ThreadAt != c.At || got.At != reply.At {
		t.Errorf("reply at %v in a thread at %v, want %v and %v", got.At, got.ThreadAt, reply.At, c.At)
	}

	reply.Body, reply.At = "Yes", 25*time.Second
	if got := mustGet(s.UpdateComment(ctx, reply))(t); got.ThreadAt != c.At || got.Seq != 4 {
		t.Errorf("edited reply: thread at %v, number %d, want %v and 4", got.ThreadAt, got.Seq, c.At)
	}
}

func testDeleteComment(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	c := mustGet(s.CreateComment(ctx, newComment(v.ID, 0), storage.Guest{}))(t)
	reply := mustGet(s.CreateComment(ctx, answer(c, time.Second), storage.Guest{}))(t)
	earlier := mustGet(s.CreateComment(ctx, answer(c, 0), storage.Guest{}))(t)
	other := mustGet(s.CreateComment(ctx, newComment(v.ID, 0), storage.Guest{}))(t)

	mustGet(s.DeleteComment(ctx, earlier.ID, noon.Add(time.Minute)))(t)
	last := mustGet(s.DeleteComment(ctx, c.ID, noon.Add(time.Hour)))(t)
	_, err := s.DeleteComment(ctx, c.ID, noon)
	wantKind(t, "deleting again", err, storage.NotFound)
	_, err = s.UpdateComment(ctx, reply)
	wantKind(t, "editing what is deleted", err, storage.NotFound)
	_, err = s.CreateComment(ctx, answer(c, 0), storage.Guest{})
	wantKind(t, "answering what is deleted", err, storage.NotFound)

	if seq, n, err := s.CommentSeq(ctx, v.ID); seq != last || n != 1 || err != nil {
		t.Errorf("CommentSeq() = %d, %d, %v, want %d, 1", seq, n, err, last)
	}
	left := mustGet(s.ListComments(ctx, storage.CommentQuery{VideoID: v.ID, Limit: 10}))(t)
	if len(left) != 1 || left[0].ID != other.ID {
		t.Errorf("ListComments() = %v, want only the other one", left)
	}
	deletedAt := map[storage.CommentID]time.Time{}
	for _, gone := range mustGet(s.CommentsSince(ctx, v.ID, other.Seq, 10))(t) {
		if gone.DeletedAt == nil || gone.Body != "" {
			t.Errorf("deleted comment %+v, want no text and a time", gone)
			continue
		}
		deletedAt[gone.ID] = *gone.DeletedAt
	}
	want := map[storage.CommentID]time.Time{
		earlier.ID: noon.Add(time.Minute), c.ID: noon.Add(time.Hour), reply.ID: noon.Add(time.Hour),
	}
	if diff := cmp.Diff(want, deletedAt); diff != "" {
		t.Errorf("deleted at (-want +got):\n%s", diff)
	}
}

func testConversationOrder(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	named := func(c storage.Comment, id string) storage.Comment {
		c.ID = storage.CommentID(id)
		return mustGet(s.CreateComment(ctx, c, storage.Guest{}))(t)
	}
	late := named(newComment(v.ID, 9*time.Second), "a-late")
	early := named(newComment(v.ID, time.Second), "z-early")
	named(newComment(v.ID, time.Second), "b-early")
	named(answer(early, 2*time.Second), "c-second-reply")
	first := answer(early, time.Second)
	first.At = 20 * time.Second // a reply's own position does not move it
	named(first, "d-first-reply")
	named(answer(late, 0), "e-late-reply")

	var got []storage.CommentID
	for _, c := range mustGet(s.ListComments(ctx, storage.CommentQuery{VideoID: v.ID, Limit: 10}))(t) {
		got = append(got, c.ID)
	}
	want := []storage.CommentID{"b-early", "z-early", "d-first-reply", "c-second-reply", "a-late", "e-late-reply"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ListComments() (-want +got):\n%s", diff)
	}
}

func testConversationPages(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	must(t, s.InTx(ctx, func(tx storage.Store) error {
		for i := range 100 {
			c := mustGet(tx.CreateComment(ctx, newComment(v.ID, time.Duration(i%7)*time.Second), storage.Guest{}))(t)
			for range 4 {
				mustGet(tx.CreateComment(ctx, answer(c, time.Second), storage.Guest{}))(t)
			}
		}
		return nil
	}))
	whole := mustGet(s.ListComments(ctx, storage.CommentQuery{VideoID: v.ID, Limit: 1000}))(t)
	var paged []storage.Comment
	q := storage.CommentQuery{VideoID: v.ID, Limit: 33}
	for {
		page := mustGet(s.ListComments(ctx, q))(t)
		paged = append(paged, page...)
		if len(page) < q.Limit {
			break
		}
		key := page[len(page)-1].Key()
		q.After = &key
	}
	if len(whole) != 500 {
		t.Errorf("%d comments, want 500", len(whole))
	}
	if diff := cmp.Diff(whole, paged); diff != "" {
		t.Errorf("pages (-whole +paged):\n%s", diff)
	}
}

func testChanges(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	c := mustGet(s.CreateComment(ctx, newComment(v.ID, 0), storage.Guest{}))(t)
	for i := range 4 {
		mustGet(s.CreateComment(ctx, answer(c, time.Duration(i)*time.Second), storage.Guest{}))(t)
	}
	other := mustGet(s.CreateComment(ctx, newComment(v.ID, 0), storage.Guest{}))(t)
	mustGet(s.UpdateComment(ctx, other))(t)
	mustGet(s.DeleteComment(ctx, c.ID, noon))(t)

	// In pages of two, from before the deletion: all five deleted comments must appear, each with
	// its own number.
	seq := other.Seq
	seen := map[storage.CommentID]bool{}
	for {
		page := mustGet(s.CommentsSince(ctx, v.ID, seq, 2))(t)
		for _, change := range page {
			if change.Seq <= seq {
				t.Errorf("number %d after %d, want them rising", change.Seq, seq)
			}
			seq = change.Seq
			seen[change.ID] = true
		}
		if len(page) < 2 {
			break
		}
	}
	if len(seen) != 6 {
		t.Errorf("saw %d changed comments, want 6", len(seen))
	}
	if last, _, err := s.CommentSeq(ctx, v.ID); last != seq || err != nil {
		t.Errorf("CommentSeq() = %d, %v, want %d", last, err, seq)
	}
}

func testCommentRace(t *testing.T, s storage.Store) {
	ctx := t.Context()
	v := mustVideo(t, s)
	const writers, each = 8, 5
	must(t, errors.Join(together(writers, func(i int) error {
		for range each {
			c := newComment(v.ID, 0)
			c.AuthorName = fmt.Sprintf("Guest %d", i)
			if _, err := s.CreateComment(ctx, c, storage.Guest{}); err != nil {
				return err
			}
		}
		return nil
	})...))
	var numbers, want []int64
	for _, c := range mustGet(s.CommentsSince(ctx, v.ID, 0, 1000))(t) {
		numbers = append(numbers, c.Seq)
	}
	for i := range int64(writers * each) {
		want = append(want, i+1)
	}
	if !slices.Equal(numbers, want) {
		t.Errorf("numbers %v, want 1 to %d", numbers, writers*each)
	}
}
