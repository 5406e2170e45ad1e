package source

import (
	"context"
	"fmt"
	"path"
	"time"

	"meanwhile/storage"
)

// lost says in words, for the owner, from where on an original cannot be read.
func (o *Opener) lost(ctx context.Context, id storage.UploadID, track string, at, sizeBytes int64) string {
	const original = "The original is damaged in the storage: "
	if at == 0 {
		return original + "it cannot be read."
	}
	from := fmt.Sprintf("%d %%", at*100/max(1, sizeBytes))
	// Without its index, a recording is like any file.
	if fragments, err := o.store.Fragments(ctx, id, track, 0); err == nil && len(fragments) > 0 {
		from = storage.Clock(whole(fragments, at))
	}
	return fmt.Sprintf("%sfrom %s on it cannot be read.", original, from)
}

// whole is where the first fragment begins that the bytes up to at do not hold.
func whole(fragments []storage.Fragment, at int64) (end time.Duration) {
	for _, f := range fragments {
		if f.Offset+f.SizeBytes > at {
			return f.Start
		}
		end = f.Start + f.Duration
	}
	return end
}

// Check compares the objects of a video's original with their rows, without reading them. Damaged
// with a sentence for its owner; NotFound if there is no original, because the upload was never
// completed.
func (o *Opener) Check(ctx context.Context, id storage.VideoID) error {
	for _, track := range []string{storage.ScreenTrack, storage.CameraTrack} {
		src, err := o.OpenTrack(ctx, id, track)
		if err != nil && storage.KindOf(err) == storage.NotFound && track != storage.ScreenTrack {
			continue
		}
		if err != nil {
			return err
		}
		if err := src.check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Source) check() error {
	if len(s.parts) == 0 {
		return storage.E(storage.NotFound, "Nothing of this video arrived.", nil)
	}
	sizes := map[string]int64{}
	for info, err := range s.objects.List(s.ctx, path.Dir(s.parts[0].Key)+"/") {
		if err != nil {
			return fmt.Errorf("list parts: %w", err)
		}
		sizes[info.Key] = info.SizeBytes
	}
	for _, part := range s.parts {
		has, ok := sizes[part.Key]
		if ok && has == part.SizeBytes {
			continue
		}
		s.part = part
		return s.told(fmt.Errorf("part %d has %d bytes, want %d: %w", part.N, has, part.SizeBytes, storage.ErrDamaged))
	}
	return nil
}
