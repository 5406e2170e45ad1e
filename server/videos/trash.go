package videos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// How deletions are worked on.
const (
	deletionLease = 5 * time.Minute // how long a worker keeps the rows that it claimed
	// sweepAfter is when the folders of a deleted video are deleted once more. By then, every
	// request and every step that did not know of the deletion has ended.
	sweepAfter = 24 * time.Hour
)

// setTrashed puts v into the trash, or restores it, and writes an audit entry.
func (s *Service) setTrashed(ctx context.Context, a access.Actor, v storage.Video, at *time.Time) error {
	return s.makingRoom(func() error {
		return s.core.Store.InTx(ctx, func(tx storage.Store) error {
			if err := tx.SetVideoTrashed(ctx, v.ID, at); err != nil {
				return err
			}
			action := storage.ActionTrash
			if at == nil {
				action = storage.ActionRestore
				if err := s.reopen(ctx, tx, v); err != nil {
					return err
				}
			}
			return s.core.Audit(ctx, tx, a, v.WorkspaceID, action, v.Title, "")
		})
	})
}

// reopen lets the upload of v go on, if it was given up before its end. A recording whose recorder
// does not come back is sealed after storage.ReopenedFor.
func (s *Service) reopen(ctx context.Context, tx storage.Store, v storage.Video) error {
	u, err := tx.UploadByVideo(ctx, v.ID)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find upload: %w", err)
	}
	now := s.core.Now()
	state := storage.StateRecording
	if v.Source != "recording" {
		state = storage.StateUploading
		if !now.Before(u.ExpiresAt) {
			return nil // too late: what there is of the file is of no use
		}
	}
	reopened, err := tx.ReopenUpload(ctx, u.ID, now.Add(storage.ReopenedFor-storage.SilentFor))
	if err != nil || !reopened || v.State != storage.StateFailed || u.SealedAt != nil {
		return err
	}
	return tx.SetVideoState(ctx, v.ID, []storage.State{storage.StateFailed}, state, "", now)
}

// DeleteForever deletes a video in the trash before its time. From then on nobody finds it, and a
// worker removes its objects. Conflict if the video is not in the trash, NotFound if there is none.
func (s *Service) DeleteForever(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := s.core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	if v.TrashedAt == nil {
		return storage.E(storage.Conflict, "This video is not in the trash. Put it there first.", nil)
	}
	err = s.purge(ctx, a, v, s.core.Now())
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return access.NotThere(err) // restored or deleted meanwhile
	}
	return err
}

// purge is the first phase. It deletes every row at once, and records the objects to delete in the
// same transaction. NotFound if v has not been in the trash since then or longer.
func (s *Service) purge(ctx context.Context, a access.Actor, v storage.Video, then time.Time) error {
	now := s.core.Now()
	err := s.makingRoom(func() error {
		return s.core.Store.InTx(ctx, func(tx storage.Store) error {
			if err := tx.PurgeVideo(ctx, v.ID, then, now, now.Add(sweepAfter)); err != nil {
				return err
			}
			return s.core.Audit(ctx, tx, a, v.WorkspaceID, storage.ActionPurge, v.Title, "")
		})
	})
	if err != nil {
		return fmt.Errorf("delete video for good: %w", err)
	}
	s.core.ForgetGrants()
	s.core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// EmptyTrash purges videos that were in the trash for TrashFor.
func (s *Service) EmptyTrash(ctx context.Context) (int, error) {
	then := s.core.Now().Add(-storage.TrashFor)
	return s.ForEachVideo(
		ctx,
		func() ([]storage.VideoID, error) { return s.core.Store.TrashedSince(ctx, then, storage.RetentionBatch) },
		func(id storage.VideoID) error {
			return s.PurgeByID(ctx, id, then)
		},
	)
}

// DropSurplusTakes deletes for good what its owner threw away while it was recorded, if it was
// shorter than storage.ShortTake, but for the last storage.KeptTakes.
func (s *Service) DropSurplusTakes(ctx context.Context) (int, error) {
	return s.ForEachVideo(
		ctx,
		func() ([]storage.VideoID, error) {
			return s.core.Store.SurplusTakes(ctx, storage.KeptTakes, storage.ShortTake, storage.RetentionBatch)
		},
		func(id storage.VideoID) error { return s.PurgeByID(ctx, id, s.core.Now()) },
	)
}

// PurgeByID deletes a video for good if it has been in the trash since then or longer. NotFound
// otherwise.
func (s *Service) PurgeByID(ctx context.Context, id storage.VideoID, then time.Time) error {
	v, err := s.core.Store.VideoByID(ctx, id)
	if err != nil {
		return fmt.Errorf("find video: %w", err)
	}
	return s.purge(ctx, access.Actor{}, v, then)
}

// ForEachVideo does something to each video of a list. It lists again until none are left, or until
// others have done all of them. What others did meanwhile is no error. A video that fails does not
// stop the others.
func (s *Service) ForEachVideo(
	ctx context.Context,
	list func() ([]storage.VideoID, error),
	do func(storage.VideoID) error,
) (int, error) {
	done := 0
	var failed error
	for {
		ids, err := list()
		if err != nil || len(ids) == 0 {
			return done, errors.Join(failed, err)
		}
		before := done
		for _, id := range ids {
			err := do(id)
			if err != nil && storage.KindOf(err) == storage.NotFound {
				continue
			}
			if err != nil && (storage.KindOf(err) == storage.Unavailable || ctx.Err() != nil) {
				return done, err
			}
			if err != nil {
				failed = err
				continue
			}
			done++
		}
		if done == before {
			return done, failed
		}
	}
}

// DeleteObjects is the second phase. It deletes the objects first, then the row that names them. So
// if a worker is interrupted, the next one does the rest. A row that fails comes back after its
// lease; the others continue.
func (s *Service) DeleteObjects(ctx context.Context) (int, error) {
	deleted := 0
	var failed error
	for {
		now := s.core.Now()
		var rows []storage.Deletion
		err := s.makingRoom(func() (err error) {
			rows, err = s.core.Store.ClaimDeletions(ctx, now, now.Add(deletionLease), storage.RetentionBatch)
			return err
		})
		if err != nil || len(rows) == 0 {
			return deleted, errors.Join(failed, err)
		}
		for _, d := range rows {
			n, err := s.deleteObjects(ctx, d)
			deleted += n
			if err == nil {
				err = s.makingRoom(func() error { return s.core.Store.DropDeletion(ctx, d) })
			}
			if err == nil {
				continue
			}
			if storage.KindOf(err) == storage.Unavailable || ctx.Err() != nil {
				return deleted, err
			}
			failed = err
		}
	}
}

// deleteObjects deletes one object, or a whole folder.
func (s *Service) deleteObjects(ctx context.Context, d storage.Deletion) (int, error) {
	if !strings.HasSuffix(d.Key, "/") {
		if err := s.core.Objects.Delete(ctx, d.Key); err != nil {
			return 0, fmt.Errorf("delete object: %w", err)
		}
		return 1, nil
	}
	deleted := 0
	for o, err := range s.core.Objects.List(ctx, d.Key) {
		if err != nil {
			return deleted, fmt.Errorf("list objects: %w", err)
		}
		if err := s.core.Objects.Delete(ctx, o.Key); err != nil {
			return deleted, fmt.Errorf("delete object: %w", err)
		}
		deleted++
	}
	return deleted, nil
}
