package videos

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// PutNotices deletes notices that are no longer true, and makes those that are due.
func (s *Service) PutNotices(ctx context.Context) (int, error) {
	now := s.core.Now()
	if _, err := s.core.Store.DropNotices(ctx, now, storage.NoticeFor); err != nil {
		return 0, err
	}
	made := 0
	for {
		n, err := s.core.Store.MakeNotices(ctx, now, storage.NoticeFor, storage.RetentionBatch)
		made += n
		if err != nil || n == 0 {
			return made, err
		}
	}
}

// EndNotices puts videos into the trash whose notice has ended.
func (s *Service) EndNotices(ctx context.Context) (int, error) {
	now := s.core.Now()
	return s.ForEachVideo(
		ctx,
		func() ([]storage.VideoID, error) { return s.core.Store.LeavingVideos(ctx, now, storage.RetentionBatch) },
		func(id storage.VideoID) error {
			v, err := s.core.Store.VideoByID(ctx, id)
			if err != nil {
				return fmt.Errorf("find video: %w", err)
			}
			err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
				if err := tx.TrashNoticed(ctx, id, now); err != nil {
					return err
				}
				return s.core.Audit(
					ctx,
					tx,
					access.Actor{},
					v.WorkspaceID,
					storage.ActionTrash,
					v.Title,
					"it was as old as this workspace keeps videos",
				)
			})
			if err != nil {
				return fmt.Errorf("trash video: %w", err)
			}
			s.core.ForgetGrants()
			s.core.Announce(ctx, v, storage.EventVideo)
			return nil
		},
	)
}
