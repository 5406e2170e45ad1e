package meanwhile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// soundIsDue reports whether a track in H.264 and Opus has come so much further that its sound is
// worth a look.
func soundIsDue(beforeMS int64, t storage.Track) bool {
	every := media.SoundEvery.Milliseconds()
	return media.HasOpus(t) && beforeMS/every != t.DurationMS/every
}

// wakeSound has the sound made of what is there. It is a help for some players: what goes wrong is
// logged, and the end of the recording asks again.
func (l *Library) wakeSound(ctx context.Context, id storage.VideoID) {
	s, err := l.Store.WakeStage(ctx, l.newStage(id, 0, storage.StepSound))
	if err != nil {
		l.Log.Warn("sound not asked for", "video_id", id, "error", err)
		return
	}
	if s.State == storage.StageDue {
		l.send(ctx, []storage.Stage{s})
	}
}

// wakeLastSound is wakeSound in the transaction that seals a recording; nil when it has no Opus.
func (l *Library) wakeLastSound(ctx context.Context, tx storage.Store, u storage.Upload) (*storage.Stage, error) {
	tracks, err := tx.Tracks(ctx, u.ID)
	if err != nil {
		return nil, fmt.Errorf("list tracks: %w", err)
	}
	for _, t := range tracks {
		if !media.HasOpus(t) || t.Fragments == 0 {
			continue
		}
		s, err := tx.WakeStage(ctx, l.newStage(u.VideoID, 0, storage.StepSound))
		return &s, err
	}
	return nil, nil
}

// soundState is what the sound of a recording is made of, and how far it has come.
type soundState struct {
	upload    storage.Upload
	track     storage.Track
	fragments []storage.Fragment
	sounds    []storage.SoundPiece
}

func (l *Library) soundState(ctx context.Context, store storage.Store, id storage.VideoID) (s soundState, err error) {
	if s.upload, err = store.UploadByVideo(ctx, id); err != nil {
		return s, fmt.Errorf("find upload: %w", err)
	}
	tracks, err := store.Tracks(ctx, s.upload.ID)
	if err != nil {
		return s, fmt.Errorf("list tracks: %w", err)
	}
	for _, t := range tracks {
		if media.HasOpus(t) {
			s.track = t
		}
	}
	rows, err := l.sounds.upToDate(ctx, store, s.upload.ID, store == l.Store)
	s.fragments, s.sounds = rows.fragments, rows.sounds
	return s, err
}

// done is how many fragments have their sound.
func (s soundState) done() int {
	n := 0
	for _, piece := range s.sounds {
		n += piece.Fragments
	}
	return n
}

func (s soundState) ended() bool { return s.upload.SealedAt != nil }

// next is up to which fragment the next piece goes; done() when there is nothing to do yet.
func (s soundState) next() int {
	if s.track.Name == "" || s.upload.TerminatedAt != nil {
		return s.done()
	}
	return media.NextFragments(s.fragments, s.done(), s.ended())
}

// NextSound is the next piece to encode; nil when there is none.
func (l *Library) NextSound(ctx context.Context, t Task) (*media.SoundBatch, error) {
	state, err := l.soundState(ctx, l.Store, t.Video.ID)
	if err != nil {
		return nil, err
	}
	end := state.next()
	if end == state.done() {
		return nil, nil
	}
	src, s, err := l.soundtrack(ctx, state)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	var before *storage.SoundPiece
	if n := len(state.sounds); n > 0 {
		before = &state.sounds[n-1]
	}
	b, err := media.NewBatch(s, state.fragments, before, end, func(i int) ([]media.SoundPacket, error) {
		whole, err := readFragmentBytes(src, state.fragments[i])
		if err != nil {
			return nil, err
		}
		_, packets, err := s.Split(whole)
		return packets, err
	})
	if err != nil {
		return nil, storage.E(storage.Unprocessable, "", fmt.Errorf("lay out sound: %w", err))
	}
	b.Row.UploadID, b.Row.Track = state.upload.ID, storage.ScreenTrack
	return b, nil
}

// soundtrack opens a recording's bytes and reads its header. The caller closes the source.
func (l *Library) soundtrack(ctx context.Context, state soundState) (*Source, media.Soundtrack, error) {
	src, err := l.growing(ctx, state.upload, storage.ScreenTrack)
	if err != nil {
		return nil, media.Soundtrack{}, err
	}
	init := make([]byte, state.track.InitBytes)
	if _, err := src.ReadAt(init, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, media.Soundtrack{}, fmt.Errorf("read header: %w", err)
	}
	s, err := media.ReadSoundtrack(init)
	if err != nil {
		return nil, media.Soundtrack{}, storage.E(storage.Unprocessable, "", fmt.Errorf("read header: %w", err))
	}
	return src, s, nil
}

func readFragmentBytes(src *Source, f storage.Fragment) ([]byte, error) {
	whole := make([]byte, f.SizeBytes)
	if _, err := src.ReadAt(whole, f.Offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read fragment at %d: %w", f.Offset, err)
	}
	return whole, nil
}

// KeepSound stores what an encoder made of b, a stream of AAC with the heads of ADTS, and names it.
// Fenced.
func (l *Library) KeepSound(ctx context.Context, t Task, b *media.SoundBatch, stream []byte) error {
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
		if row.Key, row.SizeBytes, err = l.PutDerived(
			ctx,
			t,
			"sound",
			bytes.NewReader(packFrames(frames)),
		); err != nil {
			return err
		}
	}
	err = l.commit(ctx, t, func(tx storage.Store) error { return tx.AddSound(ctx, row) })
	if err != nil && row.Key != "" {
		if derr := l.Objects.Delete(context.WithoutCancel(ctx), row.Key); derr != nil {
			l.Log.Warn("unnamed object not deleted", "key", row.Key, "error", derr)
		}
	}
	return err
}

// FinishSound ends the stage, unless there is more to do since it was looked. Fenced.
func (l *Library) FinishSound(ctx context.Context, t Task) (done bool, err error) {
	err = l.commit(ctx, t, func(tx storage.Store) error {
		state, err := l.soundState(ctx, tx, t.Video.ID)
		if err != nil {
			return err
		}
		if done = state.next() == state.done(); !done {
			return nil
		}
		return tx.EndStage(ctx, t.Stage.ID, t.Stage.Fence, storage.StageDone, "")
	})
	if err == nil && done {
		l.tell(ctx, t.Video, storage.EventVideo)
	}
	return done, err
}

// packFrames puts frames one behind the other, each behind its length.
func packFrames(frames [][]byte) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, byte(len(f)>>8), byte(len(f)))
		b = append(b, f...)
	}
	return b
}

func unpackFrames(b []byte) (frames [][]byte) {
	for len(b) >= 2 {
		length := int(b[0])<<8 | int(b[1])
		if b = b[2:]; length > len(b) {
			return frames
		}
		frames = append(frames, b[:length])
		b = b[length:]
	}
	return frames
}

// The names of a recording with its sound in AAC: the playlist, the beginning of each segment, and
// the segments, which are named by their first fragment and how many they hold.
const (
	soundInit    = storage.ScreenTrack + "-aac-init.mp4"
	soundSegment = storage.ScreenTrack + "-aac-%d-%d.m4s"
)

func isSoundName(name string) bool { return strings.HasPrefix(name, storage.ScreenTrack+"-aac") }

// liveSound answers with the playlist, or with a part of what it names, put together of the
// recording as it lies and of its sound.
func (l *Library) liveSound(ctx context.Context, v storage.Video, name string) (Live, error) {
	state, err := l.soundState(ctx, l.Store, v.ID)
	if err != nil {
		return Live{}, err
	}
	if len(state.sounds) == 0 {
		return Live{}, storage.NoMedia(nil)
	}
	if name == storage.SoundName {
		return Live{
			Playlist: SoundPlaylist(
				state.fragments[:state.done()],
				state.ended() && state.done() == len(state.fragments),
			),
		}, nil
	}
	src, s, err := l.soundtrack(ctx, state)
	if err != nil {
		return Live{}, err
	}
	defer src.Close()
	if name == soundInit {
		return Live{Whole: s.JoinedInit()}, nil
	}
	var first, count int
	if n, err := fmt.Sscanf(
		name,
		soundSegment,
		&first,
		&count,
	); n != 2 || err != nil || name != fmt.Sprintf(soundSegment, first, count) ||
		first < 0 || count < 1 || count > maxJoined ||
		first+count > state.done() {
		return Live{}, storage.NoMedia(err)
	}
	var whole []byte
	for i := first; i < first+count; i++ {
		from, to := state.framesOf(i)
		frames, err := l.frames(ctx, state.sounds, from, to)
		if err != nil {
			return Live{}, err
		}
		fragment, err := readFragmentBytes(src, state.fragments[i])
		if err != nil {
			return Live{}, err
		}
		joined, err := s.Joined(fragment, i+1, from, frames)
		if err != nil {
			return Live{}, fmt.Errorf("join fragment %d: %w", i, err)
		}
		whole = append(whole, joined...)
	}
	return Live{Whole: whole}, nil
}

// maxJoined bounds the fragments of one segment; none of them is long.
const maxJoined = 1000

// framesOf are the frames that a fragment carries, up to the first one that it does not.
func (s soundState) framesOf(i int) (from, to int64) {
	last := s.sounds[len(s.sounds)-1]
	to = last.FirstFrame + int64(last.Frames)
	if i > 0 {
		from = media.FirstFrameAt(s.fragments[i].Start)
	}
	if i+1 < len(s.fragments) {
		to = min(to, media.FirstFrameAt(s.fragments[i+1].Start))
	}
	return min(from, to), to
}

// frames reads frames of the grid.
func (l *Library) frames(ctx context.Context, sounds []storage.SoundPiece, from, to int64) ([][]byte, error) {
	var frames [][]byte
	for _, s := range sounds {
		first, end := max(from, s.FirstFrame), min(to, s.FirstFrame+int64(s.Frames))
		if first >= end {
			continue
		}
		r, err := l.Objects.Open(ctx, s.Key, storage.Range{})
		if err != nil {
			return nil, fmt.Errorf("open sound %d: %w", s.N, err)
		}
		packed, err := io.ReadAll(io.LimitReader(r, s.SizeBytes))
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("read sound %d: %w", s.N, err)
		}
		all := unpackFrames(packed)
		if len(all) != s.Frames {
			return nil, storage.E(
				storage.Internal,
				"",
				fmt.Errorf("sound %d has %d frames, not %d", s.N, len(all), s.Frames),
			)
		}
		frames = append(frames, all[first-s.FirstFrame:end-s.FirstFrame]...)
	}
	return frames, nil
}

// SoundPlaylist is LivePlaylist of a recording with its sound in AAC, each segment a file of its
// own.
func SoundPlaylist(fragments []storage.Fragment, ended bool) string {
	list := media.Segments(media.FragmentIndex{Fragments: fragments})
	var b strings.Builder
	media.WriteLiveHead(&b, &list, ended)
	fmt.Fprintf(&b, "#EXT-X-MAP:URI=%q\n", soundInit)
	first := 0
	for _, s := range list {
		count := 0
		for at := s.Offset; at < s.Offset+s.SizeBytes; count++ {
			at += fragments[first+count].SizeBytes
		}
		fmt.Fprintf(
			&b,
			"#EXTINF:%s,\n"+soundSegment+"\n",
			strconv.FormatFloat(s.Duration.Seconds(), 'f', 5, 64),
			first,
			count,
		)
		first += count
	}
	if ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

// hasSound reports whether a recording's sound in AAC is there or on its way.
func (l *Library) hasSound(ctx context.Context, id storage.VideoID, u storage.UploadID) (bool, error) {
	rows, err := l.sounds.upToDate(ctx, l.Store, u, true)
	if err != nil || len(rows.sounds) == 0 {
		return false, err
	}
	stages, err := l.Store.StagesByVideo(ctx, id, 0)
	for _, s := range stages {
		if s.Step == storage.StepSound && s.State == storage.StageFailed {
			return false, err
		}
	}
	return true, err
}
