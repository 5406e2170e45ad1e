package meanwhile

import (
	"context"
	"fmt"

	"meanwhile/storage"
	"meanwhile/worker/plan"
)

// SetLayout moves the bubble of one's own recording; every viewer sees it at once, and what is
// flattened is made anew. Invalid, NotFound.
func (l *Library) SetLayout(ctx context.Context, a Actor, id storage.VideoID, layout storage.Layout) error {
	v, err := l.videoFor(ctx, a, id, verbEdit)
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
	l.sendAfter(ctx, due, l.LayoutSettles)
	l.tell(ctx, v, storage.EventVideo)
	return nil
}

// placed is where a recording's camera is: its layout, and how many milliseconds later than the
// screen it begins.
func (l *Library) placed(ctx context.Context, id storage.VideoID) (storage.Layout, int64, error) {
	u, err := l.Store.UploadByVideo(ctx, id)
	if err != nil {
		return storage.Layout{}, 0, fmt.Errorf("find upload: %w", err)
	}
	r, err := l.Store.RecordingByUpload(ctx, u.ID)
	if err != nil {
		return storage.Layout{}, 0, fmt.Errorf("find recording: %w", err)
	}
	layout, err := l.Store.LayoutOf(ctx, id)
	if storage.KindOf(err) == storage.NotFound && err != nil {
		return storage.DefaultLayout(), r.CameraOffsetMS, nil
	}
	if err != nil {
		return storage.Layout{}, 0, fmt.Errorf("find layout: %w", err)
	}
	return layout, r.CameraOffsetMS, nil
}

// FlatFor says how t's recording is to be flattened as its layout stands now; nil when there is
// nothing to do, for the camera is never shown or it was made before. Unprocessable, as DecideFlat.
func (l *Library) FlatFor(ctx context.Context, t Task, camera storage.Probe) (*plan.Flat, error) {
	layout, offset, err := l.placed(ctx, t.Video.ID)
	if err != nil || !layout.Shown() {
		return nil, err
	}
	_, err = l.Store.AssetByName(ctx, t.Video.ID, t.Stage.Generation, plan.FlatName(layout, offset))
	if err == nil {
		return nil, nil
	}
	if storage.KindOf(err) != storage.NotFound {
		return nil, fmt.Errorf("find asset: %w", err)
	}
	f, err := plan.DecideFlat(t.Probe, camera, layout, offset, l.Limits)
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// FileByShare is the video as one file for places that cannot compose. NotFound as Watch says, or
// when there is none yet.
func (l *Library) FileByShare(ctx context.Context, a Actor, token string) (storage.Asset, error) {
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
