package stages

import (
	"bytes"
	"context"
	"fmt"

	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/source"
)

// NextSound is the next piece to encode, nil if there is none.
func (o *Outbox) NextSound(ctx context.Context, t Task) (*media.SoundBatch, error) {
	state, err := o.source.SoundState(ctx, o.store, t.Video.ID)
	if err != nil {
		return nil, err
	}
	end := state.Next()
	if end == state.Done() {
		return nil, nil
	}
	src, s, err := o.source.Soundtrack(ctx, state)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	var before *storage.SoundPiece
	if n := len(state.Sounds); n > 0 {
		before = &state.Sounds[n-1]
	}
	b, err := media.NewBatch(s, state.Fragments, before, end, func(i int) ([]media.SoundPacket, error) {
		whole, err := source.ReadFragmentBytes(src, state.Fragments[i])
		if err != nil {
			return nil, err
		}
		_, packets, err := s.Split(whole)
		return packets, err
	})
	if err != nil {
		return nil, storage.E(storage.Unprocessable, "", fmt.Errorf("lay out sound: %w", err))
	}
	b.Row.UploadID, b.Row.Track = state.Upload.ID, storage.ScreenTrack
	return b, nil
}

// KeepSound stores an encoder's output for b, a stream of AAC with ADTS headers, and names it.
// Fenced.
func (o *Outbox) KeepSound(ctx context.Context, t Task, b *media.SoundBatch, stream []byte) error {
	row := b.Row
	frames, err := media.CutADTS(stream, b.Skip, row.Frames)
	if err != nil {
		return fmt.Errorf("read sound: %w", err)
	}
	if len(frames) < row.Frames && !b.Last {
		return storage.E(storage.Internal, "", fmt.Errorf("an encoder made %d frames of %d", len(frames), row.Frames))
	}
	row.Frames = len(frames)
	if row.Frames > 0 {
		if row.Key, row.SizeBytes, err = o.PutDerived(
			ctx,
			t,
			"sound",
			bytes.NewReader(packFrames(frames)),
		); err != nil {
			return err
		}
	}
	err = o.commit(ctx, t, func(tx storage.Store) error { return tx.AddSound(ctx, row) })
	if err != nil && row.Key != "" {
		if derr := o.objects.Delete(context.WithoutCancel(ctx), row.Key); derr != nil {
			o.log.Warn("unnamed object not deleted", "key", row.Key, "error", derr)
		}
	}
	return err
}

// FinishSound ends the stage, unless new work has come since the last look. Fenced.
func (o *Outbox) FinishSound(ctx context.Context, t Task) (done bool, err error) {
	err = o.commit(ctx, t, func(tx storage.Store) error {
		state, err := o.source.SoundState(ctx, tx, t.Video.ID)
		if err != nil {
			return err
		}
		if done = state.Next() == state.Done(); !done {
			return nil
		}
		return tx.EndStage(ctx, t.Stage.ID, t.Stage.Fence, storage.StageDone, "")
	})
	if err == nil && done {
		o.announce(ctx, t.Video, storage.EventVideo)
	}
	return done, err
}

// packFrames joins frames, each after its length.
func packFrames(frames [][]byte) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, byte(len(f)>>8), byte(len(f)))
		b = append(b, f...)
	}
	return b
}

// The names for a recording with its sound in AAC: the playlist, the beginning of each segment, and
// the segments. A segment's name has its first fragment and how many it holds.
