package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// fragmentDefaults are the values of a fragment's samples if it does not set them itself (ISO/IEC
// 14496-12, 8.8.3).
type fragmentDefaults struct{ duration, size, flags uint32 }

// notSync is the flag of a sample that cannot be decoded alone (8.8.3.1).
const notSync = 0x10000

// fragmentReader collects the tables of a fragmented movie.
type fragmentReader struct {
	m        *movie
	defaults map[uint32]fragmentDefaults
	began    map[*track]uint64 // decoding time of the first sample
}

// readFragments fills the tracks from the fragments between first and the end. A fragment cut off
// at the end is left out.
func (m *movie) readFragments(r io.ReaderAt, moov []byte, first, sizeBytes int64) error {
	for _, t := range m.tracks {
		if len(t.sizes) > 0 {
			return notPlain("samples outside of its fragments")
		}
		t.allSync = false
	}
	f := fragmentReader{m: m, defaults: map[uint32]fragmentDefaults{}, began: map[*track]uint64{}}
	eachBox(moov, func(kind string, body []byte) {
		if kind != "mvex" {
			return
		}
		eachBox(body, func(kind string, body []byte) {
			if kind == "trex" && len(body) >= 24 {
				f.defaults[binary.BigEndian.Uint32(body[4:])] = fragmentDefaults{
					binary.BigEndian.Uint32(body[12:]),
					binary.BigEndian.Uint32(body[16:]),
					binary.BigEndian.Uint32(body[20:]),
				}
			}
		})
	})
	var moof []byte
	var moofAt int64
	for at, n := first, 0; at < sizeBytes; n++ {
		if n == maxBoxes {
			return notPlain("too many fragments")
		}
		b, err := readBox(r, at, sizeBytes)
		if errors.Is(err, ErrBox) {
			break
		}
		if err != nil {
			return err
		}
		switch b.kind {
		case "moof":
			if moof, err = b.body(r); err != nil {
				return notPlain("a fragment: %w", err)
			}
			moofAt = at
		case "mdat":
			if moof == nil {
				return notPlain("media of no fragment")
			}
			if err := f.fragment(moof, moofAt, b); err != nil {
				return err
			}
			moof = nil
		}
		at = b.end
	}
	return f.settle()
}

// fragment reads the samples of one moof, which lie in mdat.
func (f *fragmentReader) fragment(moof []byte, moofAt int64, mdat box) error {
	var failed error
	eachBox(moof, func(kind string, body []byte) {
		if kind == "traf" && failed == nil {
			failed = f.traf(body, moofAt, mdat)
		}
	})
	return failed
}

func (f *fragmentReader) traf(traf []byte, moofAt int64, mdat box) error {
	var t *track
	var d fragmentDefaults
	var began *uint64
	var failed error
	base, next := moofAt, int64(-1)
	eachBox(traf, func(kind string, body []byte) {
		if failed != nil || len(body) < 8 {
			return
		}
		flags := binary.BigEndian.Uint32(body) & 0xffffff
		switch {
		case kind == "tfhd":
			id := binary.BigEndian.Uint32(body[4:])
			d = f.defaults[id]
			if i := slices.IndexFunc(f.m.tracks, func(t *track) bool { return t.id == id }); i >= 0 {
				t = f.m.tracks[i]
			}
			failed = d.read(body, flags, &base)
		case t == nil: // of a dropped stream
		case kind == "tfdt":
			start := uint64(binary.BigEndian.Uint32(body[4:]))
			if body[0] == 1 && len(body) >= 12 {
				start = binary.BigEndian.Uint64(body[4:])
			}
			began = &start
		// a stream that has ended has empty ones
		case kind == "trun" && binary.BigEndian.Uint32(body[4:]) > 0:
			if began != nil {
				failed, began = f.moveTo(t, *began), nil
			}
			if failed == nil {
				next, failed = t.trun(body, flags, d, base, next, mdat)
			}
		}
	})
	return failed
}

// read reads a tfhd (8.8.7).
func (d *fragmentDefaults) read(tfhd []byte, flags uint32, base *int64) error {
	at := 8
	number := func(flag uint32, into *uint32) {
		if flags&flag != 0 && len(tfhd) >= at+4 {
			*into = binary.BigEndian.Uint32(tfhd[at:])
			at += 4
		}
	}
	if flags&tfhdBaseOffset != 0 && len(tfhd) >= at+8 {
		*base = int64(binary.BigEndian.Uint64(tfhd[at:]))
		at += 8
	}
	entry := uint32(1)
	number(tfhdDescription, &entry)
	number(tfhdDuration, &d.duration)
	number(tfhdSize, &d.size)
	number(tfhdFlags, &d.flags)
	if entry != 1 {
		return notPlain("a fragment of another description")
	}
	return nil
}

// moveTo lets the last sample last until start: in a recording its stated length is a guess, and a
// gap must stay visible.
func (f *fragmentReader) moveTo(t *track, start uint64) error {
	if _, ok := f.began[t]; !ok {
		f.began[t] = start
		return nil
	}
	n := len(t.durations)
	if n == 0 {
		return nil
	}
	last := t.durations[n-1].value
	before := f.began[t] + t.length - uint64(last)
	if start < before || start-before > 1<<31 {
		return notPlain("fragments that go back in time")
	}
	t.length += start - before - uint64(last)
	if t.durations[n-1].count--; t.durations[n-1].count == 0 {
		t.durations = t.durations[:n-1]
	}
	t.durations = addRun(t.durations, 1, uint32(start-before))
	return nil
}

// trun reads a run of samples (8.8.8) that begins where it says, or at next. It returns where the
// run ends.
func (t *track) trun(body []byte, flags uint32, d fragmentDefaults, base, next int64, mdat box) (end int64, err error) {
	count := binary.BigEndian.Uint32(body[4:])
	stride := 0
	for _, field := range []uint32{trunDuration, trunSize, trunFlags, trunComposition} {
		if flags&field != 0 {
			stride += 4
		}
	}
	at := 8
	offset := next
	firstFlags, hasFirst := uint32(0), false
	if flags&trunDataOffset != 0 && len(body) >= at+4 {
		offset = base + int64(int32(binary.BigEndian.Uint32(body[at:])))
		at += 4
	}
	if flags&trunFirstFlags != 0 && len(body) >= at+4 {
		firstFlags, hasFirst = binary.BigEndian.Uint32(body[at:]), true
		at += 4
	}
	if uint64(len(body)-at) < uint64(count)*uint64(stride) || uint64(count) > uint64(maxSamples-len(t.sizes)) {
		return 0, notPlain("a run that is cut off")
	}
	if offset < 0 {
		offset = mdat.start
	}
	c := chunk{offset: offset, samples: count}
	for i := range count {
		duration, size, sample, composition := d.duration, d.size, d.flags, uint32(0)
		if hasFirst && i == 0 {
			sample = firstFlags
		}
		for _, field := range []struct {
			flag uint32
			into *uint32
		}{{trunDuration, &duration}, {trunSize, &size}, {trunFlags, &sample}, {trunComposition, &composition}} {
			if flags&field.flag != 0 {
				*field.into = binary.BigEndian.Uint32(body[at:])
				at += 4
			}
		}
		c.sizeBytes += int64(size)
		t.sizes = append(t.sizes, size)
		if sample&notSync == 0 {
			t.sync = append(t.sync, uint32(len(t.sizes)))
		}
		t.length += uint64(duration)
		t.durations = addRun(t.durations, 1, duration)
		t.offsets = addRun(t.offsets, 1, composition)
	}
	if c.offset < mdat.start || c.sizeBytes > mdat.end-c.offset {
		return 0, notPlain("samples outside of their fragment")
	}
	t.chunks = append(t.chunks, c)
	return c.offset + c.sizeBytes, nil
}

// settle puts the tracks on one clock that begins with the first of them.
func (f *fragmentReader) settle() error {
	// a sound track was announced and no sound came
	if len(f.m.tracks) == 2 && len(f.m.tracks[1].sizes) == 0 {
		f.m.tracks = f.m.tracks[:1]
	}
	var starts []float64
	for _, t := range f.m.tracks {
		if len(t.sizes) == 0 {
			return notPlain("no samples")
		}
		if !slices.ContainsFunc(t.offsets, func(r run) bool { return r.value != 0 }) {
			t.offsets = nil
		}
		t.allSync = len(t.sync) == len(t.sizes)
		began := f.began[t]
		if began > t.mediaTime {
			t.empty += began - t.mediaTime
			t.mediaTime = 0
		} else {
			t.mediaTime -= began
		}
		starts = append(starts, float64(t.empty)/float64(t.timescale))
	}
	first := slices.Min(starts)
	for _, t := range f.m.tracks {
		t.empty -= min(t.empty, uint64(first*float64(t.timescale)))
		if t.empty > 60*uint64(t.timescale) {
			return notPlain("a track that begins %s later", fmt.Sprint(t.empty/uint64(t.timescale)))
		}
	}
	return nil
}
