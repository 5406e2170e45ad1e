package watch

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/plan"
)

// Live opens a file of a recording as stored. Players read it while it grows, and until there is
// something better. It fails like MediaByGrant.
func (s *Service) Live(ctx context.Context, grant, name string) (Media, error) {
	v, err := s.core.ByGrant(ctx, grant)
	if err != nil {
		return Media{}, err
	}
	return s.growing.open(ctx, v, name)
}

// liveTracks are the tracks of a recording that play as stored, the main one first. over says
// whether the recording has ended.
func (s *Service) liveTracks(ctx context.Context, v storage.Video) (tracks []storage.Track, over bool, err error) {
	u, err := s.core.Store.UploadByVideo(ctx, v.ID)
	if err != nil {
		return nil, false, fmt.Errorf("find upload: %w", err)
	}
	all, err := s.core.Store.Tracks(ctx, u.ID)
	if err != nil {
		return nil, false, fmt.Errorf("list tracks: %w", err)
	}
	for _, name := range []string{storage.ScreenTrack, storage.CameraTrack} {
		for _, t := range all {
			if t.Name == name && t.Fragments > 0 {
				tracks = append(tracks, t)
			}
		}
	}
	return tracks, u.SealedAt != nil, nil
}

// AddRecording adds what only recordings have: tracks as stored, and when and where in the picture
// the camera is shown.
func (s *Service) AddRecording(ctx context.Context, v storage.Video, w *Watch) error {
	tracks, over, err := s.liveTracks(ctx, v)
	if err != nil {
		return err
	}
	w.LiveOver = over
	for _, t := range tracks {
		if t.Name == storage.ScreenTrack && len(w.Sources) == 0 || t.Name == storage.CameraTrack && w.Camera == nil {
			w.Live = append(w.Live, t)
		}
	}
	if len(tracks) > 0 && (len(w.Sources) == 0 || !w.Sources[0].Everywhere) {
		if w.LiveSound, err = s.source.HasSound(ctx, v.ID, tracks[0].UploadID); err != nil {
			return fmt.Errorf("look for sound: %w", err)
		}
	}
	if w.Camera == nil && len(tracks) < 2 {
		return nil
	}
	layout, offset, err := s.stages.Placed(ctx, v.ID)
	if err != nil {
		return err
	}
	w.CameraOffset, w.Layout = time.Duration(offset)*time.Millisecond, &layout
	if layout.Shown() {
		w.Flat = storage.AssetOf(w.assets, storage.AssetFlat, plan.FlatName(layout, offset))
	}
	return nil
}
