package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// comparedBytes is how many bytes of a stream are compared at its beginning, and at its end.
const comparedBytes = 1 << 20

// SameMedia compares two MP4s that should hold the same packets, each with its own kind of index.
// It compares how many samples each stream has, their sizes and key frames, the decoder's
// configuration, and the samples' bytes at both ends. The error says what differs. ok is false for
// files that PlanFaststart does not read. Then the result says nothing.
func SameMedia(a, b io.ReaderAt, aBytes, bBytes int64) (ok bool, err error) {
	first, err := readMovie(a, aBytes)
	if err == nil {
		var second *movie
		if second, err = readMovie(b, bBytes); err == nil {
			return true, first.same(second, a, b)
		}
	}
	if errors.Is(err, errNotPlain) {
		return false, nil
	}
	return false, fmt.Errorf("read index: %w", err)
}

// same compares m, whose bytes are in r, with o and its bytes.
func (m *movie) same(o *movie, r, other io.ReaderAt) error {
	if len(m.tracks) != len(o.tracks) {
		return fmt.Errorf("the files differ: %d streams and %d", len(m.tracks), len(o.tracks))
	}
	for i, t := range m.tracks {
		if err := t.same(o.tracks[i], r, other); err != nil {
			return fmt.Errorf("the files differ in %s: %w", t.handler, err)
		}
	}
	return nil
}

func (t *track) same(o *track, r, other io.ReaderAt) error {
	switch {
	case t.handler != o.handler:
		return fmt.Errorf("the other is %s", o.handler)
	// a sound's entry has a bit rate, which a fragmented file does not know yet
	case t.handler == "vide" && !bytes.Equal(t.entry, o.entry):
		return errors.New("what a decoder is told")
	case !slices.Equal(t.sizes, o.sizes):
		return fmt.Errorf("%d samples and %d, or their sizes", len(t.sizes), len(o.sizes))
	case t.allSync != o.allSync || !t.allSync && !slices.Equal(t.sync, o.sync):
		return errors.New("key frames")
	}
	var whole int64
	for _, size := range t.sizes {
		whole += int64(size)
	}
	mine, theirs := make([]byte, min(whole, comparedBytes)), make([]byte, min(whole, comparedBytes))
	for _, at := range []int64{0, whole - int64(len(mine))} {
		if err := errors.Join(t.readAt(r, mine, at), o.readAt(other, theirs, at)); err != nil {
			return err
		}
		if !bytes.Equal(mine, theirs) {
			return fmt.Errorf("bytes from %d on", at)
		}
	}
	return nil
}

// readAt reads the stream's bytes from an offset, as if its samples were contiguous.
func (t *track) readAt(r io.ReaderAt, p []byte, from int64) error {
	for _, c := range t.chunks {
		if from >= c.sizeBytes {
			from -= c.sizeBytes
			continue
		}
		n := min(int64(len(p)), c.sizeBytes-from)
		if _, err := r.ReadAt(p[:n], c.offset+from); err != nil {
			return fmt.Errorf("read samples: %w", err)
		}
		if p, from = p[n:], 0; len(p) == 0 {
			break
		}
	}
	return nil
}
