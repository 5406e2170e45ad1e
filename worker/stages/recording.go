package stages

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// missingOf returns a sentence for people if a recording has chunks after one that never came, else
// an empty string.
func (o *Outbox) missingOf(ctx context.Context, v storage.Video) (string, error) {
	if v.Source != "recording" {
		return "", nil
	}
	u, err := o.store.UploadByVideo(ctx, v.ID)
	if err != nil {
		return "", fmt.Errorf("find upload: %w", err)
	}
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		chunks, err := o.store.Chunks(ctx, u.ID, track)
		if err != nil {
			return "", fmt.Errorf("list chunks: %w", err)
		}
		if len(storage.Contiguous(chunks)) < len(chunks) {
			return "A part of this recording never arrived, so that it ends before its time. Open this site in the " +
				"browser that recorded it: what is still there is sent.", nil
		}
	}
	return "", nil
}
