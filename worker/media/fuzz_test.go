package media

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// mustRecording is a short recording from a browser.
func mustRecording(f *testing.F) []byte {
	f.Helper()
	b, err := os.ReadFile("../../server/testdata/recorded.mp4")
	if err != nil {
		f.Fatal(err)
	}
	return b
}

// spoiled adds seeds from one good file: cut off at several places, and with wrong lengths.
func spoiled(f *testing.F, whole []byte) {
	f.Helper()
	f.Add(whole)
	for _, n := range []int{0, 7, 8, 40, len(whole) / 3, len(whole) - 1} {
		f.Add(whole[:min(max(n, 0), len(whole))])
	}
	for _, kind := range []string{
		"moov", "trak", "mdhd", "stsd", "moof", "traf", "tfhd", "tfdt", "trun", "mdat", "dOps",
	} {
		at := bytes.Index(whole, []byte(kind))
		if at < 4 {
			continue
		}
		for _, length := range [][]byte{{0, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 0, 9}, {0xff, 0xff, 0xff, 0xff}} {
			b := bytes.Clone(whole)
			copy(b[at-4:], length)
			f.Add(b)
		}
		b := bytes.Clone(whole)
		for i := at + 4; i < min(at+24, len(b)); i++ {
			b[i] = 0xff
		}
		f.Add(b)
	}
}

// FuzzMovie: for any bytes of a recording, all reported ranges lie within it.
func FuzzMovie(f *testing.F) {
	spoiled(f, mustRecording(f))
	f.Fuzz(func(t *testing.T, file []byte) {
		size := int64(len(file))
		if whole := WholeFragments(bytes.NewReader(file), size); whole < 0 || whole > size {
			t.Errorf("%d whole bytes of %d", whole, size)
		}
		if x, err := IndexFragments(bytes.NewReader(file), size); err == nil {
			for _, fragment := range x.Fragments {
				if fragment.Offset < 0 || fragment.SizeBytes <= 0 || fragment.Offset > size-fragment.SizeBytes {
					t.Errorf("fragment %+v of a file of %d bytes", fragment, size)
				}
			}
			for _, list := range []string{RenditionPlaylist(x, "a.m4s"), LivePlaylist(x, "a.m4s", true)} {
				if !strings.HasPrefix(list, "#EXTM3U\n") || strings.Contains(list, "NaN") ||
					strings.Contains(list, "#EXTINF:-") {
					t.Errorf("playlist %s", list)
				}
			}
		}
		plan, ok, err := PlanFaststart(bytes.NewReader(file), size)
		if err != nil || !ok {
			return
		}
		if plan.SizeBytes > 2*size+maxBoxBytes {
			t.Errorf("a file of %d bytes becomes one of %d", size, plan.SizeBytes)
		}
	})
}

// FuzzSoundtrack: a header and a fragment from outside yield sound, or an error.
func FuzzSoundtrack(f *testing.F) {
	whole := mustRecording(f)
	at := max(bytes.Index(whole, []byte("moof"))-4, 0)
	f.Add(whole[:at], whole[at:])
	f.Add(whole[:at], whole[at:min(at+100, len(whole))])
	f.Add(bytes.Replace(whole[:at], []byte("dOps"), []byte("\xff\xff\xff\xff"), 1), whole[at:])
	f.Add(whole[:at], []byte("\x00\x00\x00\x10moof\x00\x00\x00\x08traf"))
	f.Add([]byte("\x00\x00\x00\x08moov"), []byte{})
	f.Fuzz(func(t *testing.T, init, fragment []byte) {
		s, err := ReadSoundtrack(init)
		if err != nil {
			return
		}
		_, sound, err := s.Split(fragment)
		if err != nil {
			return
		}
		total := 0
		for _, p := range sound {
			total += len(p.data)
		}
		if total > len(fragment) {
			t.Errorf("%d bytes of sound in %d", total, len(fragment))
		}
		_, _ = s.Joined(fragment, 1, 0, [][]byte{{1, 2, 3}})
		_ = s.JoinedInit()
	})
}

// FuzzADTS: frames of sound lie within the input.
func FuzzADTS(f *testing.F) {
	frame := []byte{0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc, 1, 2}
	f.Add(frame, 0, 1)
	f.Add(append(bytes.Clone(frame), frame...), 1, 5)
	f.Add(frame[:8], 0, 1)
	f.Add([]byte{0xff, 0xf0, 0, 0, 0, 0xe0, 0}, 0, 1)
	f.Fuzz(func(t *testing.T, stream []byte, skip, count int) {
		frames, err := CutADTS(stream, skip, count)
		total := 0
		for _, one := range frames {
			total += len(one)
		}
		if total > len(stream) || (err != nil && frames != nil) {
			t.Errorf("%d bytes in frames of %d, %v", total, len(stream), err)
		}
	})
}
