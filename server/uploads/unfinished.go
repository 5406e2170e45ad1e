package uploads

import (
	"context"
	"fmt"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
	"meanwhile/worker/stages"
)

// Why an upload that was never completed has failed, in words for its owner.
const (
	thrownAway   = "It was thrown away before it was finished."
	cancelled    = "Its upload was cancelled."
	neverBegan   = "Nothing was recorded: the recorder ended before its first second."
	nothingCame  = "Nothing of this file arrived within seven days."
	stoppedShort = "Its upload stopped half-way, and nothing more came for seven days. Upload the file again."
)

// Cancel gives an unfinished upload up and puts its video into the trash. NotFound, Gone; Conflict
// after it is complete.
func (s *Service) Cancel(ctx context.Context, a access.Actor, id storage.UploadID) error {
	u, err := s.ByID(ctx, a, id)
	if err != nil {
		return err
	}
	recovered, failure := false, cancelled
	if r, err := s.core.Store.RecordingByUpload(ctx, id); err == nil {
		recovered, failure = r.Recovered, thrownAway
	} else if storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find recording: %w", err)
	}
	if u.SealedAt != nil && !recovered {
		return storage.E(storage.Conflict, "This upload is complete. Delete the video instead.", nil)
	}
	now := s.core.Now()
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.TerminateUpload(ctx, id, now); err != nil {
			return fmt.Errorf("terminate upload: %w", err)
		}
		if err := tx.SetVideoTrashed(ctx, u.VideoID, &now); err != nil {
			return err
		}
		return s.giveUp(ctx, tx, u.VideoID, failure)
	})
	if err != nil {
		return err
	}
	s.changed(ctx, u.VideoID)
	return nil
}

// giveUp makes a video failed whose upload is not complete. It changes nothing in any other state.
func (s *Service) giveUp(ctx context.Context, tx storage.Store, id storage.VideoID, failure string) error {
	from := []storage.State{storage.StateRecording, storage.StateUploading}
	err := tx.SetVideoState(ctx, id, from, storage.StateFailed, failure, s.core.Now())
	if err != nil && storage.KindOf(err) != storage.Conflict {
		return fmt.Errorf("give video up: %w", err)
	}
	return nil
}

// changed tells everybody who looks at a video that it came or went.
func (s *Service) changed(ctx context.Context, id storage.VideoID) {
	s.core.ForgetGrants()
	if v, err := s.core.Store.VideoByID(ctx, id); err == nil {
		s.core.Announce(ctx, v, storage.EventVideo)
	}
}

// reviveAfter brings a recording back that was put away because nothing of it had come. Its
// recorder has come back. An error is logged: the next sign of life tries again.
func (s *Service) reviveAfter(ctx context.Context, u storage.Upload, heardBefore time.Time) {
	if u.SealedAt != nil || s.core.Now().Sub(heardBefore) < storage.SilentFor {
		return
	}
	err := s.core.Store.InTx(ctx, func(tx storage.Store) error {
		v, err := tx.VideoByID(ctx, u.VideoID)
		if err != nil {
			return fmt.Errorf("find video: %w", err)
		}
		from := []storage.State{storage.StateFailed}
		if err := tx.SetVideoState(ctx, v.ID, from, storage.StateRecording, "", s.core.Now()); err != nil {
			return err
		}
		if v.Failure != neverBegan || v.TrashedAt == nil || !v.TrashedAt.Equal(v.UpdatedAt) {
			return nil // it was its owner who threw it away
		}
		return tx.SetVideoTrashed(ctx, v.ID, nil)
	})
	switch {
	case err == nil:
		s.changed(ctx, u.VideoID)
	case storage.KindOf(err) != storage.Conflict: // Conflict: it was not put away
		s.core.Log.Warn("recording not brought back", "upload_id", u.ID, "error", err)
	}
}

// SealSilent ends recordings that sent nothing for SilentFor. It processes the chunks without a
// gap, and later chunks may still come. A recording without any goes into the trash. It returns how
// many there were.
func (s *Service) SealSilent(ctx context.Context) (int, error) {
	before := s.core.Now().Add(-storage.SilentFor)
	silent, err := s.core.Store.SilentRecordings(ctx, before, stages.ReconcileBatch)
	if err != nil {
		return 0, fmt.Errorf("list silent recordings: %w", err)
	}
	ended := s.endEach(ctx, silent, s.sealAsItIs)
	empty, err := s.core.Store.EmptyRecordings(ctx, before, stages.ReconcileBatch)
	if err != nil {
		return ended, fmt.Errorf("list empty recordings: %w", err)
	}
	return ended + s.endEach(ctx, empty, s.putAway), nil
}

// EndExpired ends uploads of files that stopped half-way and have expired: nobody can continue
// them. It returns how many there were.
func (s *Service) EndExpired(ctx context.Context) (int, error) {
	ids, err := s.core.Store.ExpiredUploads(ctx, s.core.Now(), stages.ReconcileBatch)
	if err != nil {
		return 0, fmt.Errorf("list expired uploads: %w", err)
	}
	return s.endEach(ctx, ids, func(ctx context.Context, id storage.UploadID) error {
		u, err := s.core.Store.UploadByID(ctx, id)
		if err != nil {
			return fmt.Errorf("find upload: %w", err)
		}
		if u.OffsetBytes == 0 {
			return s.trashUnbegun(ctx, u, nothingCame, func(tx storage.Store) (bool, error) {
				now, err := tx.UploadByID(ctx, id)
				return now.OffsetBytes == 0, err
			})
		}
		err = s.giveUp(ctx, s.core.Store, u.VideoID, stoppedShort)
		s.changed(ctx, u.VideoID)
		return err
	}), nil
}

// endEach ends each upload, and returns how many could be ended. An error does not stop the others.
func (s *Service) endEach(
	ctx context.Context,
	ids []storage.UploadID,
	end func(context.Context, storage.UploadID) error,
) int {
	ended := 0
	for _, id := range ids {
		if err := end(ctx, id); err != nil {
			s.core.Log.Warn("unfinished upload not ended", "upload_id", id, "error", err)
			continue
		}
		ended++
	}
	return ended
}

func (s *Service) sealAsItIs(ctx context.Context, id storage.UploadID) error {
	u, err := s.core.Store.UploadByID(ctx, id)
	if err != nil {
		return fmt.Errorf("find upload: %w", err)
	}
	v, err := s.core.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return fmt.Errorf("find video: %w", err)
	}
	total := 0
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		chunks, err := s.core.Store.Chunks(ctx, id, track)
		if err != nil {
			return fmt.Errorf("list chunks: %w", err)
		}
		total += len(chunks)
	}
	return s.sealRecording(ctx, u, v, total, true)
}

// putAway puts a recording without a chunk into the trash. Its upload stays open: its recorder may
// have chunks that it could not send.
func (s *Service) putAway(ctx context.Context, id storage.UploadID) error {
	u, err := s.core.Store.UploadByID(ctx, id)
	if err != nil {
		return fmt.Errorf("find upload: %w", err)
	}
	return s.trashUnbegun(ctx, u, neverBegan, func(tx storage.Store) (bool, error) {
		r, err := tx.RecordingByUpload(ctx, id)
		if err != nil || s.core.Now().Sub(r.HeardAt) < storage.SilentFor {
			return false, err
		}
		sum, err := tx.VideoSummary(ctx, u.VideoID)
		return !sum.Arrived, err
	})
}

// trashUnbegun puts a video without a byte into the trash, and writes that into the audit log.
// still looks once more whether nothing has come, while nothing can.
func (s *Service) trashUnbegun(
	ctx context.Context,
	u storage.Upload,
	failure string,
	still func(storage.Store) (bool, error),
) error {
	now := s.core.Now()
	v, err := s.core.Store.VideoByID(ctx, u.VideoID)
	if err != nil {
		return fmt.Errorf("find video: %w", err)
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldUpload(ctx, u.ID); err != nil {
			return err
		}
		if empty, err := still(tx); err != nil || !empty {
			return err
		}
		from := []storage.State{v.State}
		if err := tx.SetVideoState(ctx, v.ID, from, storage.StateFailed, failure, now); err != nil {
			return fmt.Errorf("give video up: %w", err)
		}
		if v.TrashedAt != nil {
			return nil // its owner threw it away before
		}
		if err := tx.SetVideoTrashed(ctx, v.ID, &now); err != nil {
			return err
		}
		return s.core.Audit(ctx, tx, access.Actor{}, v.WorkspaceID, storage.ActionTrash, v.Title, failure)
	})
	if err != nil {
		return err
	}
	s.changed(ctx, v.ID)
	return nil
}
