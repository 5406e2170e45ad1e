package stages

import (
	"context"
	"fmt"

	"meanwhile/storage"
	"meanwhile/worker/plan"
)

// Placed returns a recording's layout of the camera, and how many milliseconds after the screen the
// camera begins.
func (o *Outbox) Placed(ctx context.Context, id storage.VideoID) (storage.Layout, int64, error) {
	u, err := o.store.UploadByVideo(ctx, id)
	if err != nil {
		return storage.Layout{}, 0, fmt.Errorf("find upload: %w", err)
	}
	r, err := o.store.RecordingByUpload(ctx, u.ID)
	if err != nil {
		return storage.Layout{}, 0, fmt.Errorf("find recording: %w", err)
	}
	layout, err := o.store.LayoutOf(ctx, id)
	if storage.KindOf(err) == storage.NotFound && err != nil {
		return storage.DefaultLayout(), r.CameraOffsetMS, nil
	}
	if err != nil {
		return storage.Layout{}, 0, fmt.Errorf("find layout: %w", err)
	}
	return layout, r.CameraOffsetMS, nil
}

// FlatFor says how to flatten t's recording with its current layout. It is nil if there is nothing
// to do, because the camera is never shown or the rendition exists. Unprocessable as in DecideFlat.
func (o *Outbox) FlatFor(ctx context.Context, t Task, camera storage.Probe) (*plan.Flat, error) {
	layout, offset, err := o.Placed(ctx, t.Video.ID)
	if err != nil || !layout.Shown() {
		return nil, err
	}
	_, err = o.store.AssetByName(ctx, t.Video.ID, t.Stage.Generation, plan.FlatName(layout, offset))
	if err == nil {
		return nil, nil
	}
	if storage.KindOf(err) != storage.NotFound {
		return nil, fmt.Errorf("find asset: %w", err)
	}
	f, err := plan.DecideFlat(t.Probe, camera, layout, offset, o.limits)
	if err != nil {
		return nil, err
	}
	return &f, nil
}
