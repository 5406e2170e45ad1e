package meanwhile_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"meanwhile"
)

// addMovies gives what browsers record, the same as a file of one index, and both cut off and bent in their heads.
func addMovies(f *testing.F, add func(b []byte)) {
	f.Helper()
	recorded, err := os.ReadFile(filepath.Join("server", "testdata", "recorded.mp4"))
	if err != nil {
		f.Fatal(err)
	}
	index, err := meanwhile.IndexFragments(bytes.NewReader(recorded), int64(len(recorded)))
	if err != nil {
		f.Fatal(err)
	}
	first := index.Fragments[0]
	short := recorded[:first.Offset+first.SizeBytes]
	whole := short
	if plan, ok, err := meanwhile.PlanFaststart(bytes.NewReader(short), int64(len(short))); ok && err == nil {
		whole = slices.Concat(plan.Head, short[first.Offset:])
	}
	for _, b := range [][]byte{short, whole} {
		add(b)
		for _, cut := range []int{8, 40, int(index.InitBytes), int(index.InitBytes) + 60, len(b) / 2} {
			add(b[:min(cut, len(b))])
		}
		for _, kind := range []string{"moov", "trak", "stsd", "stts", "stsz", "stsc", "stco", "mvhd", "mdhd", "trun", "tfhd", "tfdt", "moof", "mdat", "avcC", "dOps", "elst", "trex"} {
			at := bytes.Index(b, []byte(kind))
			if at < 4 {
				continue
			}
			for _, size := range []uint32{0, 1, 7, 1 << 31, 0xffffffff} { // to the end, 64 bits, less than a head, and more than there is
				bent := slices.Clone(b)
				binary.BigEndian.PutUint32(bent[at-4:], size)
				add(bent)
			}
			if end := at + 16; end < len(b) {
				bent := slices.Clone(b)
				copy(bent[at+8:end], bytes.Repeat([]byte{0xff}, 8)) // counts, offsets and sizes
				add(bent)
			}
		}
	}
}

// bounded lets a parser ask for no more than there is, and counts how much it asks for.
type bounded struct {
	io.ReaderAt
	left int64
}

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return b.ReaderAt.ReadAt(p, at)
}

// FuzzMovie reads bytes as every parser of movie boxes does: what they believe lies in the file.
func FuzzMovie(f *testing.F) {
	addMovies(f, func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		size := int64(len(b))
		if x, err := meanwhile.IndexFragments(bytes.NewReader(b), size); err == nil {
			end := x.InitBytes
			for _, fragment := range x.Fragments {
				if fragment.Offset < end || fragment.SizeBytes <= 0 || fragment.Offset+fragment.SizeBytes > size || fragment.Duration < 0 {
					t.Fatalf("fragment %+v of %d bytes behind %d", fragment, size, end)
				}
				end = fragment.Offset + fragment.SizeBytes
			}
			if list := meanwhile.MediaPlaylist(x, "a.mp4"); !strings.HasPrefix(list, "#EXTM3U\n") || strings.Contains(list, "-") && strings.Contains(list, "BYTERANGE:-") {
				t.Fatalf("playlist %q", list)
			}
			_ = meanwhile.PeakBPS(x)
		}
		if n := meanwhile.WholeFragments(bytes.NewReader(b), size); n < 0 || n > size {
			t.Fatalf("%d whole bytes of %d", n, size)
		}
		plan, ok, err := meanwhile.PlanFaststart(&bounded{bytes.NewReader(b), 1 << 30}, size)
		if ok && err == nil {
			for _, sound := range []bool{false, true} {
				for s := range plan.Samples(sound) {
					if s.Offset < int64(len(plan.Head)) || s.SizeBytes < 0 || s.Offset+s.SizeBytes > plan.SizeBytes {
						t.Fatalf("sample %+v of a file of %d with a head of %d", s, plan.SizeBytes, len(plan.Head))
					}
				}
			}
			_ = plan.Duration()
		}
		if ok, err := meanwhile.SameMedia(bytes.NewReader(b), bytes.NewReader(b), size, size); ok && err != nil {
			t.Fatalf("it differs from itself: %v", err)
		}
	})
}

// FuzzSoundtrack takes the sound out of a header and a fragment of anything.
func FuzzSoundtrack(f *testing.F) {
	addMovies(f, func(b []byte) {
		if at := bytes.Index(b, []byte("moof")); at > 4 {
			f.Add(b[:at-4], b[at-4:])
			return
		}
		f.Add(b, b)
	})
	f.Fuzz(func(t *testing.T, init, fragment []byte) {
		s, err := meanwhile.ReadSoundtrack(init)
		if err != nil {
			return
		}
		_ = s.JoinedInit()
		_ = s.Alone([][]byte{fragment})
		if out, err := s.Joined(fragment, 1, 0, [][]byte{{1, 2, 3}}); err == nil && len(out) > 2*len(fragment)+1<<16 {
			t.Fatalf("%d bytes become %d", len(fragment), len(out))
		}
	})
}

// FuzzADTS cuts frames of AAC, as they come from an encoder that read anything.
func FuzzADTS(f *testing.F) {
	frame := []byte{0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc, 1, 2}
	f.Add(slices.Concat(frame, frame, frame), 1, 2)
	f.Add([]byte{0xff, 0xf0, 0x50, 0x80, 0, 0, 0xfc}, 0, 1)
	f.Add([]byte("not at all"), -1, 1<<40)
	f.Fuzz(func(t *testing.T, stream []byte, skip, count int) {
		frames, err := meanwhile.CutADTS(stream, skip, count)
		total := 0
		for _, x := range frames {
			total += len(x)
		}
		if err == nil && (total > len(stream) || len(frames) > max(count, 0)) {
			t.Fatalf("%d frames of %d bytes from %d", len(frames), total, len(stream))
		}
	})
}

// FuzzScopes reads what somebody asks a key to be good for.
func FuzzScopes(f *testing.F) {
	for _, list := range []string{"read", "read,write", " read , comment ", "admin", "", ",", "read,,write", "READ", "read\x00", strings.Repeat("read,", 1000)} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		scopes, err := meanwhile.ParseScopes(list)
		for _, s := range scopes {
			if err == nil && !slices.Contains(meanwhile.AllScopes, s) {
				t.Fatalf("%q became the scope %q", list, s)
			}
		}
		_, _ = meanwhile.ParseRole(list)
	})
}
