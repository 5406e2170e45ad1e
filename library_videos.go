package meanwhile

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Videos is one page of the actor's own videos in their workspace, newest first, and the place
// where the next page begins (nil at the end).
func (l *Library) Videos(
	ctx context.Context,
	a access.Actor,
	q storage.VideoQuery,
) ([]storage.VideoSummary, *storage.VideoKey, error) {
	if !a.SignedIn() {
		return nil, nil, storage.E(storage.Unauthenticated, "Sign in to see your videos.", nil)
	}
	if !a.Has(storage.ScopeRead) {
		return nil, nil, storage.E(storage.Forbidden, `This API key lacks the scope "read".`, nil)
	}
	if a.WorkspaceID == "" {
		return nil, nil, nil
	}
	q.OwnerID, q.WorkspaceID = a.UserID, a.WorkspaceID
	limit := access.PageSize(q.Limit, 50)
	q.Limit = limit + 1
	rows, err := l.Store.ListVideos(ctx, q)
	if err != nil {
		return nil, nil, fmt.Errorf("list videos: %w", err)
	}
	if len(rows) <= limit {
		return rows, nil, nil
	}
	last := rows[limit-1]
	return rows[:limit], &storage.VideoKey{CreatedAt: last.CreatedAt, ID: last.ID}, nil
}

// Video is one video for its owner. NotFound for anyone else.
func (l *Library) Video(ctx context.Context, a access.Actor, id storage.VideoID) (storage.VideoSummary, error) {
	if _, err := l.Core.VideoFor(ctx, a, id, access.ToFetchOriginal); err != nil {
		return storage.VideoSummary{}, err
	}
	return l.Store.VideoSummary(ctx, id)
}

// Rename gives the video another title. Invalid for an empty one.
func (l *Library) Rename(ctx context.Context, a access.Actor, id storage.VideoID, title string) error {
	v, err := l.Core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	title = storage.CleanLine(title, storage.MaxTitleRunes)
	if title == "" {
		return storage.E(storage.Invalid, "A title needs at least one character.", nil)
	}
	if err := l.Store.SetVideoTitle(ctx, id, title, l.Now()); err != nil {
		return fmt.Errorf("rename video: %w", err)
	}
	l.Core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// Trash puts the video where only its owner finds it; everything of it is kept. Twice is no error.
func (l *Library) Trash(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := l.Core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil || v.TrashedAt != nil {
		return err
	}
	now := l.Now()
	if err := l.setTrashed(ctx, a, v, &now); err != nil {
		return fmt.Errorf("trash video: %w", err)
	}
	l.Core.ForgetGrants()
	l.Core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// Restore takes the video out of the trash. Twice is no error.
func (l *Library) Restore(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := l.Core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil || v.TrashedAt == nil {
		return err
	}
	if err := l.setTrashed(ctx, a, v, nil); err != nil {
		return fmt.Errorf("restore video: %w", err)
	}
	l.Core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// Reprocess starts another generation from the original. What plays goes on playing until the new
// one does. Conflict while the upload is not complete.
func (l *Library) Reprocess(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := l.Core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	if v.State == storage.StateUploading || v.State == storage.StateRecording {
		return storage.E(storage.Conflict, "The upload is not complete yet. It will be processed when it is.", nil)
	}
	return l.Stages.Start(ctx, id, func(tx storage.Store) error {
		if v.State != storage.StateFailed {
			return nil
		}
		return tx.SetVideoState(ctx, id, []storage.State{storage.StateFailed}, storage.StateProcessing, "", l.Now())
	})
}

// Subscribe listens to everything about the actor's own videos: each event is the id of a video to
// look at again.
func (l *Library) Subscribe(ctx context.Context, a access.Actor) (<-chan string, error) {
	if !a.SignedIn() {
		return nil, storage.E(storage.Unauthenticated, "Sign in to follow your videos.", nil)
	}
	if !a.Has(storage.ScopeRead) {
		return nil, storage.E(storage.Forbidden, `This API key lacks the scope "read".`, nil)
	}
	return l.Bus.Subscribe(ctx, storage.OwnerTopic(a.WorkspaceID, a.UserID))
}
