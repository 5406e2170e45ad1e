package servertest_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// fullStore is a database whose disk is full.
type fullStore struct {
	storage.Store
	full *atomic.Bool
}

var errFull = storage.E(storage.Full, "There is no room left on the disk.", nil)

func (s fullStore) InTx(ctx context.Context, fn func(storage.Store) error) error {
	if s.full.Load() {
		return errFull
	}
	return s.Store.InTx(ctx, fn)
}

func (s fullStore) DropDeletion(ctx context.Context, d storage.Deletion) error {
	if s.full.Load() {
		return errFull
	}
	return s.Store.DropDeletion(ctx, d)
}

// TestDeletingWorksOnAFullDisk fills the disk before each step of a deletion.
func TestDeletingWorksOnAFullDisk(t *testing.T) {
	t.Parallel()
	var full atomic.Bool
	kept := true
	f := &fixture{servertest.New(t, func(c *servertest.Config) {
		c.Store = fullStore{c.Store, &full}
		c.Release = func() bool {
			had := kept
			if kept = false; had {
				full.Store(false)
			}
			return had
		}
	})}
	fill := func(room bool) { full.Store(true); kept = room }
	ticket := f.uploaded(t, "bytes")
	id := ticket.Video.ID

	fill(false)
	wantKind(t, f.Videos.Trash(t.Context(), f.Owner, id), storage.Full)
	steps := []struct {
		what string
		do   func() error
	}{
		{"to the trash", func() error { return f.Videos.Trash(t.Context(), f.Owner, id) }},
		{"for good", func() error { return f.Videos.DeleteForever(t.Context(), f.Owner, id) }},
		{"the objects", func() error {
			_, err := f.Videos.DeleteObjects(t.Context())
			return err
		}},
	}
	for _, step := range steps {
		fill(true)
		if err := step.do(); err != nil {
			t.Errorf("%s, on a full disk: %v", step.what, err)
		}
	}
	for info, err := range f.Core.Objects.List(t.Context(), "") {
		t.Errorf("%s is still there (%v)", info.Key, err)
	}
	if n := strings.Count(f.Log.String(), "released the room"); n < 2 {
		t.Errorf("the log says %d times that room was released", n)
	}
}
