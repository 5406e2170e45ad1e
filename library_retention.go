package meanwhile

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// putNotices takes notices away that hold no longer, and makes those that are due.
func (l *Library) putNotices(ctx context.Context) (int, error) {
	now := l.Now()
	if _, err := l.Store.DropNotices(ctx, now, storage.NoticeFor); err != nil {
		return 0, err
	}
	made := 0
	for {
		n, err := l.Store.MakeNotices(ctx, now, storage.NoticeFor, storage.KeepingBatch)
		made += n
		if err != nil || n == 0 {
			return made, err
		}
	}
}

// endNotices puts videos whose notice is over into the trash.
func (l *Library) endNotices(ctx context.Context) (int, error) {
	now := l.Now()
	return l.rounds(
		ctx,
		func() ([]storage.VideoID, error) { return l.Store.LeavingVideos(ctx, now, storage.KeepingBatch) },
		func(id storage.VideoID) error {
			v, err := l.Store.VideoByID(ctx, id)
			if err != nil {
				return fmt.Errorf("find video: %w", err)
			}
			err = l.Store.InTx(ctx, func(tx storage.Store) error {
				if err := tx.TrashNoticed(ctx, id, now); err != nil {
					return err
				}
				return l.Core.Audit(
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
			l.Core.ForgetGrants()
			l.Core.Announce(ctx, v, storage.EventVideo)
			return nil
		},
	)
}
