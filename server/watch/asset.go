package watch

import (
	"context"
	"fmt"
	"io"
	"slices"

	"meanwhile/storage"
)

const damagedSentence = "This version of the video is damaged in the storage."

// OpenAsset opens a published object and compares it with its row. Whoever finds it damaged first
// marks the row, which tells its owner, and gets Damaged; everybody else gets Gone.
func (s *Service) OpenAsset(ctx context.Context, a storage.Asset) (io.ReadCloser, error) {
	r, err := storage.OpenStored(ctx, s.core.Objects, a.Key, a.SizeBytes, 0)
	if err == nil {
		return r, nil
	}
	if storage.KindOf(err) != storage.Damaged {
		return nil, fmt.Errorf("open %s of video %s: %w", a.Name, a.VideoID, err)
	}
	if a.DamagedAt != nil {
		return nil, storage.E(storage.Gone, damagedSentence, nil) // its owner knows
	}
	now := s.core.Now()
	found, merr := s.core.Store.MarkAsset(context.WithoutCancel(ctx), a.ID, &now)
	if merr != nil {
		return nil, fmt.Errorf("mark %s of video %s as damaged: %w", a.Name, a.VideoID, merr)
	}
	if !found {
		return nil, storage.E(storage.Gone, damagedSentence, nil)
	}
	s.core.Log.Error("published object is damaged", "video_id", a.VideoID, "asset", a.Name, "error", err)
	if v, err := s.core.Store.VideoByID(ctx, a.VideoID); err == nil {
		s.core.Announce(ctx, v, storage.EventVideo)
	}
	return nil, storage.E(storage.Damaged, damagedSentence, nil)
}

// whole leaves out damaged assets. It looks again at those that are marked: the rest of a restore
// may have come.
func (s *Service) whole(ctx context.Context, assets []storage.Asset) []storage.Asset {
	for i, a := range assets {
		if a.DamagedAt == nil {
			continue
		}
		info, err := s.core.Objects.Stat(ctx, a.Key)
		if err != nil || info.SizeBytes != a.SizeBytes {
			continue
		}
		if _, err := s.core.Store.MarkAsset(ctx, a.ID, nil); err != nil {
			s.core.Log.Warn("asset not marked as whole", "video_id", a.VideoID, "asset", a.Name, "error", err)
			continue
		}
		assets[i].DamagedAt = nil
	}
	kept := storage.Whole(assets)
	// A playlist names rungs, and cues name a picture: one without the other is of no use.
	for _, pair := range []struct{ needed, by storage.AssetKind }{
		{storage.AssetRung, storage.AssetPlaylist},
		{storage.AssetPlaylist, storage.AssetPlaylist},
		{storage.AssetStoryboard, storage.AssetCues},
	} {
		is := func(a storage.Asset) bool { return a.Kind == pair.needed && a.DamagedAt != nil }
		if slices.ContainsFunc(assets, is) {
			kept = slices.DeleteFunc(kept, func(a storage.Asset) bool { return a.Kind == pair.by })
		}
	}
	return kept
}
