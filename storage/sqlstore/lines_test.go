package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
)

func guestComment(id string) storage.Comment {
	return storage.Comment{
		ID:         storage.CommentID(id),
		VideoID:    "v",
		AuthorName: "Guest",
		Body:       "Look",
		CreatedAt:  noon,
	}
}

// mustLineUp has another store hold the conversation until one of ours waits for it in the database
// and all others wait behind that one. At that moment it calls then. It returns the results.
func mustLineUp(t *testing.T, elsewhere, ours *sqlstore.Store, then func(), comments ...storage.Comment) []error {
	t.Helper()
	errs := make([]error, len(comments))
	var through sync.WaitGroup
	write := func(i int) {
		through.Go(func() { _, errs[i] = ours.CreateComment(t.Context(), comments[i], storage.Guest{}) })
	}
	err := elsewhere.InTx(t.Context(), func(tx storage.Store) error {
		if _, err := tx.CreateComment(t.Context(), guestComment("elsewhere"), storage.Guest{}); err != nil {
			return err
		}
		write(0)
		waitForLock(t, ours)
		for i := 1; i < len(comments); i++ {
			write(i)
			eventually(t, "it stands in line", func() bool { return ours.InLine("v") == i })
		}
		then()
		return nil
	})
	through.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return errs
}

func TestCommentsInLineShareOneTransaction(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.migrated(t)
	elsewhere, ours := mustOpenAt(t, address), mustOpenAt(t, address)
	mustVideos(t, ours, "v")
	comments := make([]storage.Comment, 12)
	for i := range comments {
		comments[i] = guestComment(fmt.Sprint(i))
	}
	if err := errors.Join(mustLineUp(t, elsewhere, ours, func() {}, comments...)...); err != nil {
		t.Fatal(err)
	}
	n := mustAsk[int](t, address, `SELECT COUNT(DISTINCT xmin::text) FROM comments`)
	if last := mustAsk[int](t, address, `SELECT MAX(seq) FROM comments`); n != 3 || last != 13 {
		t.Errorf(
			"%d transactions numbered comments up to %d, want 3: of who held the conversation, of the first in line "+
				"and of the rest; up to 13",
			n,
			last,
		)
	}
}

// A refused comment does not stop the others, and takes no sequence number.
func TestRefusedCommentHarmsNobodyInItsLine(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.migrated(t)
	elsewhere, ours := mustOpenAt(t, address), mustOpenAt(t, address)
	mustVideos(t, ours, "v")
	orphan := guestComment("orphan")
	orphan.Parent = "nobody"
	errs := mustLineUp(t, elsewhere, ours, func() {},
		guestComment("a"), guestComment("b"), guestComment("elsewhere"), guestComment("c"), orphan, guestComment("d"))
	for i, want := range []storage.Kind{2: storage.Conflict, 4: storage.NotFound, 5: 0} {
		if want == 0 && errs[i] != nil || want != 0 && storage.KindOf(errs[i]) != want {
			t.Errorf("comment %d: %v, want the kind %q", i, errs[i], want)
		}
	}
	if seq, live, err := ours.CommentSeq(t.Context(), "v"); seq != 5 || live != 5 || err != nil {
		t.Errorf("the conversation counts %d, %d live, %v, want the five that were not refused", seq, live, err)
	}
}

// A writer that leaves the line leaves no gap and delays nobody.
func TestWhoLeavesTheLineHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.migrated(t)
	elsewhere, ours := mustOpenAt(t, address), mustOpenAt(t, address)
	mustVideos(t, ours, "v")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := make(chan error, 1)
	errs := mustLineUp(t, elsewhere, ours, func() {
		go func() {
			_, err := ours.CreateComment(ctx, guestComment("left"), storage.Guest{})
			left <- err
		}()
		eventually(t, "it stands in line", func() bool { return ours.InLine("v") == 2 })
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left was answered %v, want context.Canceled", err)
		}
	}, guestComment("a"), guestComment("b"))
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if seq, live, err := ours.CommentSeq(t.Context(), "v"); seq != 3 || live != 3 || err != nil {
		t.Errorf("the conversation counts %d, %d live, %v, want three", seq, live, err)
	}
}
