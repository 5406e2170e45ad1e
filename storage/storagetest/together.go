package storagetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"meanwhile/storage"
)

const crowd = 24

// mustCrowd has many writers each write a video at the same moment. Another transaction holds them
// all up until all have come. write is one writer's transaction, and gets its number. mustCrowd
// returns the videos and each writer's result.
func mustCrowd(
	t *testing.T,
	s storage.Store,
	write func(i int, v storage.Video) error,
) ([]storage.Video, []error) {
	t.Helper()
	w := mustFixture(t, s)
	videos, errs := make([]storage.Video, crowd), make([]error, crowd)
	var coming, through sync.WaitGroup
	must(t, s.InTx(t.Context(), func(tx storage.Store) error {
		if err := tx.CreateVideo(t.Context(), w.video("First", 0)); err != nil {
			return err
		}
		for i := range crowd {
			videos[i] = w.video("Together", 0)
			coming.Add(1)
			through.Go(func() {
				coming.Done()
				errs[i] = write(i, videos[i])
			})
		}
		coming.Wait()
		return nil
	}))
	through.Wait()
	return videos, errs
}

func testFailedAmongOthers(t *testing.T, s storage.Store) {
	ctx := t.Context()
	reason := errors.New("changed my mind")
	fails := func(i int) bool { return i%3 == 0 }
	videos, errs := mustCrowd(t, s, func(i int, v storage.Video) error {
		return s.InTx(ctx, func(tx storage.Store) error {
			if err := tx.CreateVideo(ctx, v); err != nil {
				return err
			}
			switch {
			case i%6 == 0:
				return tx.CreateVideo(ctx, v) // the database refuses it
			case fails(i):
				return reason
			}
			return nil
		})
	})
	for i, v := range videos {
		_, err := s.VideoByID(ctx, v.ID)
		switch {
		case i%6 == 0:
			wantKind(t, "the second video of the same id", errs[i], storage.Conflict)
			wantKind(t, "the first one", err, storage.NotFound)
		case fails(i):
			if errs[i] != reason { //nolint:errorlint // unchanged is the promise
				t.Errorf("InTx() = %v, want %v", errs[i], reason)
			}
			wantKind(t, "the video of who changed their mind", err, storage.NotFound)
		case errs[i] != nil || err != nil:
			t.Errorf("writer %d: %v, and its video: %v, want it there", i, errs[i], err)
		}
	}
}

func testGoneAmongOthers(t *testing.T, s storage.Store) {
	leaves, panics := func(i int) bool { return i%4 == 1 }, func(i int) bool { return i%4 == 2 }
	videos, errs := mustCrowd(t, s, func(i int, v storage.Video) (err error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		defer func() {
			if p := recover(); p != nil && !panics(i) {
				t.Errorf("writer %d panicked: %v", i, p)
			}
		}()
		return s.InTx(ctx, func(tx storage.Store) error {
			if err := tx.CreateVideo(ctx, v); err != nil {
				return err
			}
			if panics(i) {
				panic("bug")
			}
			if leaves(i) {
				cancel()
				return tx.ChangeVideo(ctx, v.ID, storage.VideoChange{Title: new("Left")}, noon)
			}
			return nil
		})
	})
	for i, v := range videos {
		_, err := s.VideoByID(t.Context(), v.ID)
		switch {
		case leaves(i) && !errors.Is(errs[i], context.Canceled):
			t.Errorf("who left was answered %v, want context.Canceled", errs[i])
		case leaves(i) || panics(i):
			wantKind(t, "the video of who has gone", err, storage.NotFound)
		case errs[i] != nil || err != nil:
			t.Errorf("writer %d: %v, and its video: %v, want it there", i, errs[i], err)
		}
	}
}
