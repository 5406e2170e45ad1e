package source

import (
	"context"
	"errors"
	"fmt"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// SoundState is the input of a recording's sound, and how far the sound has come.
type SoundState struct {
	Upload    storage.Upload
	track     storage.Track
	Fragments []storage.Fragment
	Sounds    []storage.SoundPiece
}

// SoundState reads how far the sound of a recording has come, from a store or a transaction.
func (o *Opener) SoundState(ctx context.Context, store storage.Store, id storage.VideoID) (s SoundState, err error) {
	if s.Upload, err = store.UploadByVideo(ctx, id); err != nil {
		return s, fmt.Errorf("find upload: %w", err)
	}
	tracks, err := store.Tracks(ctx, s.Upload.ID)
	if err != nil {
		return s, fmt.Errorf("list tracks: %w", err)
	}
	for _, t := range tracks {
		if media.HasOpus(t) {
			s.track = t
		}
	}
	rows, err := o.sounds.upToDate(ctx, store, s.Upload.ID, store == o.store)
	s.Fragments, s.Sounds = rows.fragments, rows.sounds
	return s, err
}

// Done is how many fragments have their sound already.
func (s SoundState) Done() int {
	n := 0
	for _, piece := range s.Sounds {
		n += piece.Fragments
	}
	return n
}

// Ended reports whether no more fragments come.
func (s SoundState) Ended() bool { return s.Upload.SealedAt != nil }

// Next is the end of the fragments of the next piece. It equals Done() if there is nothing to do
// yet.
func (s SoundState) Next() int {
	if s.track.Name == "" || s.Upload.TerminatedAt != nil {
		return s.Done()
	}
	return media.NextFragments(s.Fragments, s.Done(), s.Ended())
}

// Soundtrack opens a recording's bytes and reads its header. The caller closes the source.
func (o *Opener) Soundtrack(ctx context.Context, state SoundState) (*Source, media.Soundtrack, error) {
	src, err := o.Growing(ctx, state.Upload, storage.ScreenTrack)
	if err != nil {
		return nil, media.Soundtrack{}, err
	}
	init := make([]byte, state.track.InitBytes)
	if n, err := src.ReadAt(init, 0); n < len(init) {
		return nil, media.Soundtrack{}, errors.Join(fmt.Errorf("read header: %w", err), src.Close())
	}
	s, err := media.ReadSoundtrack(init)
	if err != nil {
		err = storage.E(storage.Unprocessable, "", fmt.Errorf("read header: %w", err))
		return nil, media.Soundtrack{}, errors.Join(err, src.Close())
	}
	return src, s, nil
}

// ReadFragmentBytes reads a whole fragment.
func ReadFragmentBytes(src *Source, f storage.Fragment) ([]byte, error) {
	whole := make([]byte, f.SizeBytes)
	if n, err := src.ReadAt(whole, f.Offset); n < len(whole) {
		return nil, fmt.Errorf("read fragment at %d: %w", f.Offset, err)
	}
	return whole, nil
}

// FramesOf returns the range of frames that a fragment carries. to is exclusive.
func (s SoundState) FramesOf(i int) (from, to int64) {
	last := s.Sounds[len(s.Sounds)-1]
	to = last.FirstFrame + int64(last.Frames)
	if i > 0 {
		from = media.FirstFrameAt(s.Fragments[i].Start)
	}
	if i+1 < len(s.Fragments) {
		to = min(to, media.FirstFrameAt(s.Fragments[i+1].Start))
	}
	return min(from, to), to
}

// HasSound reports whether a recording's sound in AAC exists or is being made.
func (o *Opener) HasSound(ctx context.Context, id storage.VideoID, u storage.UploadID) (bool, error) {
	rows, err := o.sounds.upToDate(ctx, o.store, u, true)
	if err != nil || len(rows.sounds) == 0 {
		return false, err
	}
	stages, err := o.store.StagesByVideo(ctx, id, 0)
	for _, s := range stages {
		if s.Step == storage.StepSound && s.State == storage.StageFailed {
			return false, err
		}
	}
	return true, err
}
