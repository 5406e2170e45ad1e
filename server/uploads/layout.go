package uploads

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// SetLayout moves the camera bubble of one's own recording. Every viewer sees it at once, and the
// flattened rendition is made again. Invalid for a wrong layout, NotFound if there is no such
// video.
func (s *Service) SetLayout(ctx context.Context, a access.Actor, id storage.VideoID, layout storage.Layout) error {
	v, err := s.core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	if err := layout.Check(); err != nil {
		return err
	}
	var due []storage.Stage
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		due = nil
		if err := tx.SaveLayout(ctx, id, layout); err != nil {
			return fmt.Errorf("save layout: %w", err)
		}
		for _, generation := range []int{v.Generation, v.Published} {
			// A worker that uses the old layout loses the stage, and stops at once.
			stage, err := tx.RenewStage(ctx, id, generation, storage.StepFlatten, s.layoutSettles)
			if storage.KindOf(err) == storage.NotFound && err != nil {
				continue // not made yet, or there is no camera
			}
			if err != nil {
				return fmt.Errorf("renew stage: %w", err)
			}
			due = append(due, stage)
			if v.Generation == v.Published {
				break
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.stages.SendAfter(ctx, due, s.layoutSettles)
	s.core.Announce(ctx, v, storage.EventVideo)
	return nil
}
