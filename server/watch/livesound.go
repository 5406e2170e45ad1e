package watch

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/source"
)

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

const (
	soundInit    = storage.ScreenTrack + "-aac-init.mp4"
	soundSegment = storage.ScreenTrack + "-aac-%d-%d.m4s"
)

func isSoundName(name string) bool { return strings.HasPrefix(name, storage.ScreenTrack+"-aac") }

// liveSound answers with the playlist, or with a part of what it names, put together of the
// recording as it lies and of its sound.
func (s *Service) liveSound(ctx context.Context, v storage.Video, name string) (Live, error) {
	state, err := s.source.SoundState(ctx, s.core.Store, v.ID)
	if err != nil {
		return Live{}, err
	}
	if len(state.Sounds) == 0 {
		return Live{}, storage.NoMedia(nil)
	}
	if name == storage.SoundName {
		return Live{
			Playlist: SoundPlaylist(
				state.Fragments[:state.Done()],
				state.Ended() && state.Done() == len(state.Fragments),
			),
		}, nil
	}
	src, soundtrack, err := s.source.Soundtrack(ctx, state)
	if err != nil {
		return Live{}, err
	}
	defer src.Close()
	if name == soundInit {
		return Live{Whole: soundtrack.JoinedInit()}, nil
	}
	var first, count int
	if n, err := fmt.Sscanf(
		name,
		soundSegment,
		&first,
		&count,
	); n != 2 || err != nil || name != fmt.Sprintf(soundSegment, first, count) ||
		first < 0 || count < 1 || count > maxJoined ||
		first+count > state.Done() {
		return Live{}, storage.NoMedia(err)
	}
	var whole []byte
	for i := first; i < first+count; i++ {
		from, to := state.FramesOf(i)
		frames, err := s.frames(ctx, state.Sounds, from, to)
		if err != nil {
			return Live{}, err
		}
		fragment, err := source.ReadFragmentBytes(src, state.Fragments[i])
		if err != nil {
			return Live{}, err
		}
		joined, err := soundtrack.Joined(fragment, i+1, from, frames)
		if err != nil {
			return Live{}, fmt.Errorf("join fragment %d: %w", i, err)
		}
		whole = append(whole, joined...)
	}
	return Live{Whole: whole}, nil
}

// maxJoined bounds the fragments of one segment; none of them is long.
const maxJoined = 1000

// frames reads frames of the grid.
func (s *Service) frames(ctx context.Context, sounds []storage.SoundPiece, from, to int64) ([][]byte, error) {
	var frames [][]byte
	for _, soundPiece := range sounds {
		first, end := max(from, soundPiece.FirstFrame), min(to, soundPiece.FirstFrame+int64(soundPiece.Frames))
		if first >= end {
			continue
		}
		r, err := s.core.Objects.Open(ctx, soundPiece.Key, storage.Range{})
		if err != nil {
			return nil, fmt.Errorf("open sound %d: %w", soundPiece.N, err)
		}
		packed, err := io.ReadAll(io.LimitReader(r, soundPiece.SizeBytes))
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("read sound %d: %w", soundPiece.N, err)
		}
		all := unpackFrames(packed)
		if len(all) != soundPiece.Frames {
			return nil, storage.E(
				storage.Internal,
				"",
				fmt.Errorf("sound %d has %d frames, not %d", soundPiece.N, len(all), soundPiece.Frames),
			)
		}
		frames = append(frames, all[first-soundPiece.FirstFrame:end-soundPiece.FirstFrame]...)
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
