package uploads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/source"
)

// indexed extends a track's index to what has arrived. It only helps viewers, so an error is
// logged, and the next chunk tries again.
func (s *Service) indexed(ctx context.Context, u storage.Upload, track string) {
	grew, err := s.indexTrack(ctx, u, track)
	if err != nil && storage.KindOf(err) != storage.Conflict { // Conflict: another request did it
		s.core.Log.Warn("track not indexed", "upload_id", u.ID, "track", track, "error", err)
	}
	if !grew {
		return
	}
	if v, err := s.core.Store.VideoByID(ctx, u.VideoID); err == nil {
		s.core.Announce(ctx, v, storage.EventVideo)
	}
}

func (s *Service) indexTrack(ctx context.Context, u storage.Upload, name string) (grew bool, err error) {
	t, err := s.source.Track(ctx, u.ID, name)
	if err != nil {
		return false, err
	}
	src, err := s.source.Growing(ctx, u, name)
	if err != nil {
		return false, err
	}
	defer src.Close()
	w := media.FragmentWalk{At: t.IndexedBytes}
	w.Index.InitBytes = t.InitBytes
	if t.Timing != "" {
		if err := json.Unmarshal([]byte(t.Timing), &w.Tracks); err != nil {
			return false, fmt.Errorf("decode timing: %w", err)
		}
	}
	if w.At == 0 && !source.BeginsAsMP4(src) {
		return false, nil
	}
	for w.At < src.SizeBytes {
		if err := w.Step(src, src.SizeBytes); errors.Is(err, media.ErrBox) {
			break // the rest of the box will come later
		} else if err != nil {
			return false, fmt.Errorf("read box at %d: %w", w.At, err)
		}
	}
	if w.Settled() == t.IndexedBytes {
		return false, nil
	}
	from, before := t.IndexedBytes, t.DurationMS
	if err := source.Take(&t, w); err != nil {
		return false, err
	}
	if err := s.core.Store.IndexTrack(ctx, from, t, w.Index.Fragments); err != nil {
		return true, err
	}
	if soundIsDue(before, t) {
		s.wakeSound(ctx, u.VideoID)
	}
	return true, nil
}

// soundIsDue reports whether a track in H.264 and Opus has grown enough to make more of its sound.
func soundIsDue(beforeMS int64, t storage.Track) bool {
	every := media.SoundEvery.Milliseconds()
	return media.HasOpus(t) && beforeMS/every != t.DurationMS/every
}

// wakeSound starts making the sound of what has arrived. It only helps some players, so an error is
// logged, and the end of the recording tries again.
func (s *Service) wakeSound(ctx context.Context, id storage.VideoID) {
	stage, err := s.core.Store.WakeStage(ctx, s.stages.NewStage(id, 0, storage.StepSound))
	if err != nil {
		s.core.Log.Warn("sound not asked for", "video_id", id, "error", err)
		return
	}
	if stage.State == storage.StageDue {
		s.stages.Send(ctx, []storage.Stage{stage})
	}
}

// wakeLastSound is wakeSound in the transaction that seals a recording. It returns nil if there is
// no Opus.
func (s *Service) wakeLastSound(ctx context.Context, tx storage.Store, u storage.Upload) (*storage.Stage, error) {
	tracks, err := tx.Tracks(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list tracks: %w", err)
	}
	for _, t := range tracks {
		if !media.HasOpus(t) || t.Fragments == 0 {
			continue
		}
		stage, err := tx.WakeStage(ctx, s.stages.NewStage(u.VideoID, 0, storage.StepSound))
		return &stage, err
	}
	return nil, nil
}
