package meanwhile

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// SetLayout moves the bubble of one's own recording; every viewer sees it at once, and what is
// flattened is made anew. Invalid, NotFound.
func (l *Library) SetLayout(ctx context.Context, a access.Actor, id storage.VideoID, layout storage.Layout) error {
	v, err := l.Core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	if err := layout.Check(); err != nil {
		return err
	}
	var due []storage.Stage
	err = l.Store.InTx(ctx, func(tx storage.Store) error {
		due = nil
		if err := tx.SaveLayout(ctx, id, layout); err != nil {
			return fmt.Errorf("save layout: %w", err)
		}
		for _, generation := range []int{v.Generation, v.Published} {
			// Who works on the old layout loses the stage, and stops at once.
			s, err := tx.RenewStage(ctx, id, generation, storage.StepFlatten, l.LayoutSettles)
			if storage.KindOf(err) == storage.NotFound && err != nil {
				continue // its time is still to come, or it has no camera
			}
			if err != nil {
				return fmt.Errorf("renew stage: %w", err)
			}
			due = append(due, s)
			if v.Generation == v.Published {
				break
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.Stages.SendAfter(ctx, due, l.LayoutSettles)
	l.Core.Announce(ctx, v, storage.EventVideo)
	return nil
}

// FileByShare is the video as one file for places that cannot compose. NotFound as Watch says, or
// when there is none yet.
func (l *Library) FileByShare(ctx context.Context, a access.Actor, token string) (storage.Asset, error) {
	w, err := l.Watch(ctx, a, token)
	if err != nil {
		return storage.Asset{}, err
	}
	f := w.File()
	if f == nil {
		return storage.Asset{}, storage.E(storage.NotFound, "There is no file of this video yet.", nil)
	}
	return *f, nil
}

// apart reports whether there is a camera to be seen beside what the sources show.
func (w Watch) apart() bool { return w.Layout != nil && w.Layout.Shown() }

// File is the one file that shows all there is: the flattened rendition of screen and camera, else
// the largest. nil where there is none yet.
func (w Watch) File() *storage.Asset {
	switch {
	case w.Flat != nil:
		return w.Flat
	case len(w.Sources) == 0 || !w.Sources[0].Everywhere || w.apart():
		return nil
	}
	return &w.Sources[0]
}
