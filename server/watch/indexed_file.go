package watch

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/source"
)

// IndexedFile is a track of a finished recording as one file. It copies no byte: it adds an index
// before the fragments as stored (ISO/IEC 14496-12, 8.16.3). With the index a player knows at once
// how long the file is and where everything is. Without it, a player requests the head of every
// fragment before it shows the first picture.
type IndexedFile struct {
	SizeBytes int64

	src   *source.Source
	index []byte
	init  int64 // where the index is in the file
	at    int64
}

// maxIndexed is how many fragments such an index can list.
const maxIndexed = math.MaxUint16

// Playable reports whether a track plays as one file: in a codec that every browser knows, and
// small enough for the index.
func Playable(t storage.Track) bool {
	return strings.Contains(t.Codecs, "avc1.") && t.Fragments > 0 && t.Fragments <= maxIndexed
}

// PlayableType is the media type of such a file.
func PlayableType(t storage.Track) string { return storage.MediaType("video/mp4", t.Codecs, "") }

// indexedFile opens a track as one file. NotFound if it does not play as one. The caller closes it.
func (g *growingTracks) indexedFile(ctx context.Context, u storage.Upload, t storage.Track) (*IndexedFile, error) {
	var tracks []media.MovieTrack
	if err := json.Unmarshal([]byte(t.Timing), &tracks); err != nil {
		return nil, fmt.Errorf("decode timing: %w", err)
	}
	x := media.FragmentIndex{InitBytes: t.InitBytes}
	var err error
	if x.Fragments, err = g.store.Fragments(ctx, t.UploadID, t.Name, 0); err != nil {
		return nil, fmt.Errorf("list fragments: %w", err)
	}
	index, end, ok := segmentIndex(x, pictureOf(tracks))
	if !ok || !Playable(t) {
		return nil, storage.NoMedia(nil)
	}
	src, err := g.source.Growing(ctx, u, t.Name)
	if err != nil {
		return nil, err
	}
	return &IndexedFile{SizeBytes: end + int64(len(index)), src: src, index: index, init: x.InitBytes}, nil
}

// pictureOf is the track whose times the fragments use.
func pictureOf(tracks []media.MovieTrack) (picture media.MovieTrack) {
	for _, t := range slices.Backward(tracks) {
		if t.Handler == "vide" || picture.Handler != "vide" {
			picture = t
		}
	}
	return picture
}

// segmentIndex makes the index of x, to put after its InitBytes. end is the end of what it covers.
// The index must cover everything up to the end of the file, or players do not accept the file as
// complete. It uses the timescale of track, because players read its numbers as the track's.
func segmentIndex(x media.FragmentIndex, track media.MovieTrack) (index []byte, end int64, ok bool) {
	n := len(x.Fragments)
	if n == 0 || n > maxIndexed || x.InitBytes == 0 || track.Timescale == 0 {
		return nil, 0, false
	}
	count := func(d time.Duration) uint64 {
		return uint64(math.Round(max(0, d).Seconds() * float64(track.Timescale)))
	}
	x.CloseGaps()
	first, last := x.Fragments[0], x.Fragments[n-1]
	end = last.Offset + last.SizeBytes
	rows := make([]byte, 0, 12*n)
	for i, f := range x.Fragments {
		next := end
		if i+1 < n {
			next = x.Fragments[i+1].Offset
		}
		size, lasts := next-f.Offset, count(f.Duration)
		if size <= 0 || size > math.MaxInt32 || lasts > math.MaxUint32 {
			return nil, 0, false
		}
		// begins with a picture that can be decoded without others
		rows = append(rows, media.Be32(uint32(size), uint32(lasts), 1<<31|1<<28)...)
	}
	times := binary.BigEndian.AppendUint64(nil, count(first.Start))
	times = binary.BigEndian.AppendUint64(times, uint64(max(0, first.Offset-x.InitBytes)))
	return media.MakeBox(
		"sidx",
		media.Be32(1<<24, track.ID, track.Timescale),
		times,
		media.Be32(uint32(n)),
		rows,
	), end, true
}

// Read reads from the current place.
func (f *IndexedFile) Read(p []byte) (int, error) {
	if f.at >= f.SizeBytes {
		return 0, io.EOF
	}
	behind := f.init + int64(len(f.index))
	if f.at >= f.init && f.at < behind {
		n := copy(p, f.index[f.at-f.init:])
		f.at += int64(n)
		return n, nil
	}
	from, until := f.at, f.init
	if f.at >= behind {
		from, until = f.at-int64(len(f.index)), f.SizeBytes-int64(len(f.index))
	}
	if f.src.Offset() != from {
		if _, err := f.src.Seek(from, io.SeekStart); err != nil {
			return 0, err
		}
	}
	n, err := f.src.Read(p[:min(int64(len(p)), until-from)])
	f.at += int64(n)
	return n, err
}

// Seek moves, for http.ServeContent.
func (f *IndexedFile) Seek(offset int64, whence int) (int64, error) {
	offset, err := storage.SeekTo(f.at, f.SizeBytes, offset, whence)
	if err != nil {
		return 0, err
	}
	f.at = offset
	return offset, nil
}

// Close closes the recording.
func (f *IndexedFile) Close() error { return f.src.Close() }
