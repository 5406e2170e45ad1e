package watch

import (
	"bytes"
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

// openSound opens the playlist of a recording with its sound in AAC, or a part that the playlist
// names. A part joins the recording as stored with its sound.
func (g *growingTracks) openSound(ctx context.Context, v storage.Video, name string) (Media, error) {
	state, err := g.source.SoundState(ctx, g.store, v.ID)
	if err != nil {
		return Media{}, err
	}
	if len(state.Sounds) == 0 {
		return Media{}, storage.NoMedia(nil)
	}
	if name == storage.SoundName {
		done := state.Done()
		return playlistOf(SoundPlaylist(state.Fragments[:done], state.Ended() && done == len(state.Fragments))), nil
	}
	part, err := g.soundPart(ctx, state, name)
	if err != nil {
		return Media{}, err
	}
	return Media{Body: bytes.NewReader(part), MediaType: fragmentType, Final: true}, nil
}

// soundPart makes a part that the playlist names: the header, or a segment.
func (g *growingTracks) soundPart(ctx context.Context, state source.SoundState, name string) ([]byte, error) {
	first, end, ok := segmentOf(name, state.Done())
	if !ok && name != soundInit {
		return nil, storage.NoMedia(nil)
	}
	src, soundtrack, err := g.source.Soundtrack(ctx, state)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	if name == soundInit {
		return soundtrack.JoinedInit(), nil
	}
	var whole []byte
	for i := first; i < end; i++ {
		from, to := state.FramesOf(i)
		frames, err := g.frames(ctx, state.Sounds, from, to)
		if err != nil {
			return nil, err
		}
		fragment, err := source.ReadFragmentBytes(src, state.Fragments[i])
		if err != nil {
			return nil, err
		}
		joined, err := soundtrack.Joined(fragment, i+1, from, frames)
		if err != nil {
			return nil, fmt.Errorf("join fragment %d: %w", i, err)
		}
		whole = append(whole, joined...)
	}
	return whole, nil
}

// maxJoined limits the fragments of one segment. No segment is long.
const maxJoined = 1000

// segmentOf are the fragments of the segment with this name. ok is false unless all of them are
// done.
func segmentOf(name string, done int) (first, end int, ok bool) {
	var count int
	if n, err := fmt.Sscanf(name, soundSegment, &first, &count); n != 2 || err != nil {
		return 0, 0, false
	}
	end = first + count
	exact := name == fmt.Sprintf(soundSegment, first, count)
	return first, end, exact && first >= 0 && count >= 1 && count <= maxJoined && end <= done
}

// frames reads the frames from, up to to, of the whole sound.
func (g *growingTracks) frames(ctx context.Context, sounds []storage.SoundPiece, from, to int64) ([][]byte, error) {
	var frames [][]byte
	for _, piece := range sounds {
		first, end := max(from, piece.FirstFrame), min(to, piece.FirstFrame+int64(piece.Frames))
		if first >= end {
			continue
		}
		all, err := g.framesOf(ctx, piece)
		if err != nil {
			return nil, err
		}
		frames = append(frames, all[first-piece.FirstFrame:end-piece.FirstFrame]...)
	}
	return frames, nil
}

// framesOf reads all frames of a piece.
func (g *growingTracks) framesOf(ctx context.Context, piece storage.SoundPiece) ([][]byte, error) {
	r, err := storage.OpenStored(ctx, g.objects, piece.Key, piece.SizeBytes, 0)
	if err != nil {
		return nil, fmt.Errorf("open sound %d: %w", piece.N, err)
	}
	packed, err := io.ReadAll(r)
	r.Close()
	if err != nil {
		return nil, fmt.Errorf("read sound %d: %w", piece.N, err)
	}
	all := unpackFrames(packed)
	if len(all) != piece.Frames {
		return nil, storage.E(
			storage.Internal,
			"",
			fmt.Errorf("sound %d has %d frames, not %d", piece.N, len(all), piece.Frames),
		)
	}
	return all, nil
}

// SoundPlaylist is LivePlaylist of a recording with its sound in AAC. Each segment is its own file.
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
