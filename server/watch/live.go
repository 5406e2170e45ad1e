package watch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/plan"
	"meanwhile/worker/source"
)

// Live is a recording's track as it lies, for players that read it while it grows, and until
// something better is made of it.
type Live struct {
	Playlist string         // when the playlist was asked for
	Bytes    *source.Source // when the bytes were; the caller closes it
	File     *LiveFile      // when all of them were, as one file; the caller closes it
	Whole    []byte         // when a part was that never changes: a segment with other sound
}

// Live opens a track of a recording. Errors are MediaByGrant's.
func (s *Service) Live(ctx context.Context, grant, name string) (Live, error) {
	v, err := s.core.ByGrant(ctx, grant)
	if err != nil {
		return Live{}, err
	}
	if v.Source == "recording" && isSoundName(name) {
		return s.liveSound(ctx, v, name)
	}
	track, _, _ := strings.Cut(name, ".")
	if v.Source != "recording" ||
		name != storage.LiveName(track) && name != storage.LiveBytes(track) && name != storage.LiveFileName(track) {
		return Live{}, storage.NoMedia(nil)
	}
	u, err := s.core.Store.UploadByVideo(ctx, v.ID)
	if err != nil {
		return Live{}, storage.NoMedia(err)
	}
	t, err := s.source.Track(ctx, u.ID, track)
	if err != nil || t.Fragments == 0 {
		return Live{}, storage.NoMedia(err)
	}
	switch name {
	case storage.LiveFileName(track):
		if u.SealedAt == nil {
			return Live{}, storage.NoMedia(nil)
		}
		file, err := s.liveFile(ctx, u, t)
		return Live{File: file}, err
	case storage.LiveBytes(track):
		bytes, err := s.source.Growing(ctx, u, track)
		return Live{Bytes: bytes}, err
	}
	list, err := s.listed(ctx, t)
	if err != nil {
		return Live{}, err
	}
	return Live{Playlist: list.Playlist(t.InitBytes, storage.LiveBytes(track), u.SealedAt != nil)}, nil
}

// listed is the list of a track's segments. What is settled of it is kept: only what came since is
// read.
func (s *Service) listed(ctx context.Context, t storage.Track) (media.LiveList, error) {
	id := string(t.UploadID) + "/" + t.Name
	list := s.live.Get(id)
	fragments, err := s.core.Store.Fragments(ctx, t.UploadID, t.Name, list.Settled)
	if err != nil {
		return media.LiveList{}, fmt.Errorf("list fragments: %w", err)
	}
	list = list.With(fragments)
	s.live.Put(id, list)
	return list, nil
}

// liveTracks are the tracks of a recording that can be played as they lie, the main one first, and
// whether it is over.
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

// AddRecording adds what only recordings have: tracks as they lie, the camera's place in time and
// in the picture.
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
