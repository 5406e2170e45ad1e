package videos

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// List returns one page of the actor's own videos in their workspace, in the order of the library,
// and where the next page begins (nil at the end).
func (s *Service) List(
	ctx context.Context,
	a access.Actor,
	q storage.VideoQuery,
) ([]storage.VideoSummary, *storage.VideoKey, error) {
	if err := access.SignedInFor(a, storage.ScopeRead, "Sign in to see your videos."); err != nil {
		return nil, nil, err
	}
	if a.WorkspaceID == "" {
		return nil, nil, nil
	}
	q.OwnerID, q.WorkspaceID = a.UserID, a.WorkspaceID
	limit := access.PageSize(q.Limit, 50)
	q.Limit = limit + 1
	rows, err := s.core.Store.ListVideos(ctx, q)
	if err != nil {
		return nil, nil, fmt.Errorf("list videos: %w", err)
	}
	if len(rows) <= limit {
		return rows, nil, nil
	}
	last := rows[limit-1].Key()
	return rows[:limit], &last, nil
}

// ByID returns one video for its owner. NotFound for anyone else.
func (s *Service) ByID(ctx context.Context, a access.Actor, id storage.VideoID) (storage.VideoSummary, error) {
	if _, err := s.core.VideoFor(ctx, a, id, access.ToFetchOriginal); err != nil {
		return storage.VideoSummary{}, err
	}
	return s.core.Store.VideoSummary(ctx, id)
}

// Change writes what the owner chooses about the video. Invalid for an empty title.
func (s *Service) Change(ctx context.Context, a access.Actor, id storage.VideoID, c storage.VideoChange) error {
	v, err := s.core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	if c.Title != nil {
		title := storage.CleanLine(*c.Title, storage.MaxTitleRunes)
		if title == "" {
			return storage.E(storage.Invalid, "A title needs at least one character.", nil)
		}
		c.Title = &title
	}
	if err := s.core.Store.ChangeVideo(ctx, id, c, s.core.Now()); err != nil {
		return fmt.Errorf("change video: %w", err)
	}
	s.core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// Trash puts the video into the trash, where only its owner finds it. Nothing is deleted. Twice is
// no error.
func (s *Service) Trash(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := s.core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil || v.TrashedAt != nil {
		return err
	}
	now := s.core.Now()
	if err := s.setTrashed(ctx, a, v, &now); err != nil {
		return fmt.Errorf("trash video: %w", err)
	}
	s.core.ForgetGrants()
	s.core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// Restore takes the video out of the trash. Twice is no error. If its upload was given up before
// its end, it goes on: its client may send the rest. Conflict if nothing of it ever arrived.
func (s *Service) Restore(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := s.core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil || v.TrashedAt == nil {
		return err
	}
	sum, err := s.core.Store.VideoSummary(ctx, id)
	if err != nil {
		return fmt.Errorf("find video summary: %w", err)
	}
	if sum.State == storage.StateFailed && !sum.Arrived {
		return storage.E(
			storage.Conflict,
			"Nothing of this video ever arrived, so there is nothing to bring back.",
			nil,
		)
	}
	if err := s.setTrashed(ctx, a, v, nil); err != nil {
		return fmt.Errorf("restore video: %w", err)
	}
	s.core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// Reprocess starts another generation from the original. The old one plays until the new one is
// ready. Conflict while the upload is not complete.
func (s *Service) Reprocess(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := s.core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	if v.State == storage.StateUploading || v.State == storage.StateRecording {
		return storage.E(storage.Conflict, "The upload is not complete yet. It will be processed when it is.", nil)
	}
	u, err := s.core.Store.UploadByVideo(ctx, id)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find upload: %w", err)
	}
	if err != nil || u.SealedAt == nil {
		return storage.E(storage.Conflict, "The upload was never completed. Upload the file again.", err)
	}
	return s.stages.Start(ctx, id, func(tx storage.Store) error {
		if v.State != storage.StateFailed {
			return nil
		}
		return tx.SetVideoState(
			ctx,
			id,
			[]storage.State{storage.StateFailed},
			storage.StateProcessing,
			"",
			s.core.Now(),
		)
	})
}

// Subscribe returns the events about the actor's own videos. Each event is the id of a video to
// look at again.
func (s *Service) Subscribe(ctx context.Context, a access.Actor) (<-chan string, error) {
	if err := access.SignedInFor(a, storage.ScopeRead, "Sign in to follow your videos."); err != nil {
		return nil, err
	}
	return s.core.Bus.Subscribe(ctx, storage.OwnerTopic(a.WorkspaceID, a.UserID))
}
