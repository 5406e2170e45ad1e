package uploads

import (
	"context"
	"fmt"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// CreationKeep is how long a request with the same name returns the same video.
const CreationKeep = 24 * time.Hour

// maxCreationKey limits the name of a request, in bytes.
const maxCreationKey = 255

// CreateRecordingOnce is CreateRecording for a request with a name. For a day, the same name of the
// same account returns the same recording, with a fresh token. Without a name it is
// CreateRecording. Invalid if the name is too long; Gone and NotFound if the recording was given up
// or deleted.
func (s *Service) CreateRecordingOnce(ctx context.Context, a access.Actor, title, name string) (Ticket, error) {
	if name == "" {
		return s.CreateRecording(ctx, a, title)
	}
	if len(name) > maxCreationKey {
		return Ticket{}, storage.E(
			storage.Invalid,
			fmt.Sprintf("An Idempotency-Key can have at most %d characters.", maxCreationKey),
			nil,
		)
	}
	if err := s.mayUpload(a); err != nil {
		return Ticket{}, err
	}
	hash := storage.SecretHash(name)
	t, err := s.createdBefore(ctx, a, hash)
	if t.Video.ID != "" || err != nil {
		return t, err
	}
	t, err = s.createRecording(ctx, a, title, func(tx storage.Store, v storage.Video) error {
		return tx.NameCreation(
			ctx,
			storage.Creation{UserID: a.UserID, KeyHash: hash, VideoID: v.ID, CreatedAt: v.CreatedAt},
			v.CreatedAt.Add(-CreationKeep),
		)
	})
	if err == nil || storage.KindOf(err) != storage.Conflict {
		return t, err
	}
	again, lost := s.createdBefore(ctx, a, hash) // the same request twice at once
	if again.Video.ID != "" || lost != nil {
		return again, lost
	}
	return Ticket{}, err
}

// createdBefore returns the recording that a request of that name made, with a fresh token. Empty
// if there is none.
func (s *Service) createdBefore(ctx context.Context, a access.Actor, hash string) (Ticket, error) {
	id, err := s.core.Store.CreationByKey(ctx, a.UserID, hash, s.core.Now().Add(-CreationKeep))
	if storage.KindOf(err) == storage.NotFound && err != nil {
		return Ticket{}, nil
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("find creation: %w", err)
	}
	v, err := s.core.VideoFor(ctx, a, id, access.ToUpload)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{Video: v}
	if t.Upload, t.Token, err = s.RenewToken(ctx, a, id); err != nil {
		return Ticket{}, err
	}
	if t.Link, err = s.core.Store.LinkByVideo(ctx, id); err != nil {
		return Ticket{}, fmt.Errorf("find link: %w", err)
	}
	return t, nil
}
