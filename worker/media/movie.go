package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// errNotPlain says that a movie's samples cannot stay in place. ffmpeg copies it.
var errNotPlain = errors.New("not a plain movie")

func notPlain(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errNotPlain}, a...)...)
}

// maxStreams and maxBoxes bound what we read before we leave a file to ffmpeg, which knows when to
// stop.
const (
	maxStreams = 32
	maxBoxes   = 1 << 17
)

// maxSamples bounds the tables of a movie: four hours of 60 frames and 200 sound samples a second.
const maxSamples = 4 << 20

// movie is what an MP4 says about its streams, from the tables of its moov or from its fragments
// (ISO/IEC 14496-12, 8.6 to 8.8).
type movie struct {
	streams    int // of any kind
	fragmented bool
	tracks     []*track // the picture, then the sound if any
}

// track is one stream: its samples in decoding order, and the chunks of the file in which they lie.
type track struct {
	id        uint32
	handler   string
	timescale uint32
	matrix    []byte // of the track header: the rotation
	shown     []byte // width and height of the track header
	language  []byte
	entry     []byte // the only sample entry, rewritten

	durations []run
	offsets   []run // composition time minus decoding time, signed; nil if always 0
	sync      []uint32
	allSync   bool
	sizes     []uint32
	chunks    []chunk

	empty     uint64 // time before the track begins, in ticks of the track
	mediaTime uint64 // start of the visible part in the track, in ticks
	visible   uint64 // length of the visible part, in ticks; zero means to the end
	length    uint64 // of all samples, ticks
}

// run is a value and how many samples in a row have it.
type run struct{ count, value uint32 }

func counted(runs []run) (n uint64) {
	for _, r := range runs {
		n += uint64(r.count)
	}
	return n
}

// chunk is a number of contiguous samples.
type chunk struct {
	offset, sizeBytes int64
	samples           uint32
}

func addRun(runs []run, count, value uint32) []run {
	if n := len(runs); n > 0 && runs[n-1].value == value {
		runs[n-1].count += count
		return runs
	}
	return append(runs, run{count, value})
}

// readMovie reads an MP4 whose index is one moov, or fragments. Its errors are errNotPlain, or the
// reader's.
func readMovie(r io.ReaderAt, sizeBytes int64) (*movie, error) {
	var moov []byte
	var first int64 // the first fragment
	for at, n := int64(0), 0; at < sizeBytes && first == 0; n++ {
		b, err := readBox(r, at, sizeBytes)
		if errors.Is(err, ErrBox) && n > 0 {
			break
		}
		if err != nil && !errors.Is(err, ErrBox) {
			return nil, err
		}
		if n == 0 && b.kind != "ftyp" || n == maxBoxes {
			return nil, notPlain("no MP4, or one of too many boxes")
		}
		switch b.kind {
		case "moov":
			if moov != nil {
				return nil, notPlain("two indexes")
			}
			if moov, err = b.body(r); err != nil {
				return nil, notPlain("its index: %w", err)
			}
		case "moof":
			first = at
		}
		at = b.end
	}
	if moov == nil {
		return nil, notPlain("no index")
	}
	m, err := readTracks(moov)
	if err != nil {
		return nil, err
	}
	if m.fragmented = first > 0; m.fragmented {
		err = m.readFragments(r, moov, first, sizeBytes)
	}
	if err != nil {
		return nil, err
	}
	for _, t := range m.tracks {
		if err := t.check(sizeBytes); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// readTracks reads the first picture and the first sound track. Other streams are dropped, as in
// our ffmpeg options.
func readTracks(moov []byte) (*movie, error) {
	m := &movie{}
	var picture, sound *track
	var failed error
	var scale uint32
	eachBox(moov, func(kind string, body []byte) {
		switch kind {
		case "mvhd":
			if at := versioned(body, 12, 20); len(body) >= at+4 {
				scale = binary.BigEndian.Uint32(body[at:])
			}
		case "trak":
			if m.streams++; m.streams > maxStreams {
				return
			}
			t := &track{}
			err := t.read(body, scale)
			switch {
			case t.handler == "vide" && picture == nil:
				picture, failed = t, errors.Join(failed, err)
			case t.handler == "soun" && sound == nil:
				sound, failed = t, errors.Join(failed, err)
			}
		}
	})
	if failed != nil {
		return nil, failed
	}
	if picture == nil || m.streams > maxStreams {
		return nil, notPlain("no picture, or too many streams")
	}
	m.tracks = append(m.tracks, picture)
	if sound != nil {
		m.tracks = append(m.tracks, sound)
	}
	return m, nil
}

// read reads one trak. movieScale is the ticks per second of the movie's own times.
func (t *track) read(trak []byte, movieScale uint32) error {
	boxes := map[string][]byte{}
	var visit func(kind string, body []byte)
	visit = func(kind string, body []byte) {
		switch kind {
		case "mdia", "minf", "stbl", "edts":
			eachBox(body, visit)
		default:
			if boxes[kind] == nil {
				boxes[kind] = body
			}
		}
	}
	eachBox(trak, visit)
	if hdlr := boxes["hdlr"]; len(hdlr) >= 12 {
		t.handler = string(hdlr[8:12])
	}
	tkhd, mdhd := boxes["tkhd"], boxes["mdhd"]
	if at := versioned(tkhd, 12, 20); len(tkhd) >= versioned(tkhd, 84, 96) {
		t.id = binary.BigEndian.Uint32(tkhd[at:])
		at = versioned(tkhd, 40, 52)
		t.matrix, t.shown = tkhd[at:at+36], tkhd[at+36:at+44]
	}
	if at := versioned(mdhd, 12, 20); len(mdhd) >= versioned(mdhd, 24, 36) {
		t.timescale = binary.BigEndian.Uint32(mdhd[at:])
		at = versioned(mdhd, 20, 32)
		t.language = mdhd[at : at+2]
	}
	if t.id == 0 || t.timescale == 0 || movieScale == 0 {
		return notPlain("a track without number or time")
	}
	var err error
	if t.entry, err = plainEntry(boxes["stsd"], t.handler); err != nil {
		return err
	}
	if err := t.readEdits(boxes["elst"], movieScale); err != nil {
		return err
	}
	return t.readTables(boxes)
}

// readEdits accepts the edits of nearly every file: at most a wait, then the track from a point
// near its beginning to its end.
func (t *track) readEdits(elst []byte, movieScale uint32) error {
	if len(elst) < 8 {
		return nil
	}
	count, width := binary.BigEndian.Uint32(elst[4:]), versioned(elst, 12, 20)
	if count > 2 || len(elst) < 8+int(count)*width {
		return notPlain("%d edits", count)
	}
	for i := range int(count) {
		e := elst[8+i*width:]
		length, at := uint64(binary.BigEndian.Uint32(e)), int64(int32(binary.BigEndian.Uint32(e[4:])))
		if width == 20 {
			length, at = binary.BigEndian.Uint64(e), int64(binary.BigEndian.Uint64(e[8:]))
		}
		if rate := binary.BigEndian.Uint32(e[width-4:]); rate != 1<<16 {
			return notPlain("an edit of another speed")
		}
		switch {
		case at == -1 && i == 0 && count == 2:
			if length > uint64(movieScale)*60 {
				return notPlain("a long wait")
			}
			t.empty = rescaled(length, movieScale, t.timescale)
		case at >= 0 && i == int(count)-1:
			if t.mediaTime = uint64(at); t.mediaTime > uint64(t.timescale) {
				return notPlain("its beginning is cut")
			}
			t.visible = rescaled(length, movieScale, t.timescale)
		default:
			return notPlain("an edit in its middle")
		}
	}
	return nil
}

// rescaled converts ticks to ticks of another clock, rounded to the nearest.
func rescaled(n uint64, from, to uint32) uint64 {
	whole, rest := n/uint64(from), n%uint64(from)
	return whole*uint64(to) + (rest*uint64(to)+uint64(from)/2)/uint64(from)
}

// readTables reads the sample tables. In a fragmented file they are empty.
func (t *track) readTables(boxes map[string][]byte) error {
	var ok bool
	if t.sizes, ok = readSizes(boxes["stsz"]); !ok {
		return notPlain("no sample sizes")
	}
	if t.durations, ok = readRuns(boxes["stts"]); !ok {
		return notPlain("no sample times")
	}
	if box := boxes["ctts"]; box != nil {
		if t.offsets, ok = readRuns(box); !ok {
			return notPlain("no composition times")
		}
	}
	t.allSync = boxes["stss"] == nil
	if box := boxes["stss"]; box != nil {
		if t.sync, ok = readNumbers(box); !ok {
			return notPlain("no key frames")
		}
	}
	for _, r := range t.durations {
		t.length += uint64(r.count) * uint64(r.value)
	}
	if counted(t.durations) != uint64(len(t.sizes)) || t.offsets != nil && counted(t.offsets) != uint64(len(t.sizes)) {
		return notPlain("tables of different lengths")
	}
	if len(t.sizes) == 0 {
		return nil
	}
	if t.visible > 0 && t.end() > t.mediaTime+t.visible+uint64(t.timescale) {
		// a copy must not bring back what an editor cut away
		return notPlain("its end is cut")
	}
	return t.readChunks(boxes)
}

// end is the time at which the last sample ends, in ticks of the track.
func (t *track) end() uint64 {
	if t.offsets == nil {
		return t.length
	}
	durations, offsets := repeated(t.durations), repeated(t.offsets)
	var at uint64
	var end int64
	for range t.sizes {
		lasts := uint64(durations())
		end = max(end, int64(at+lasts)+int64(int32(offsets())))
		at += lasts
	}
	return uint64(end)
}

func (t *track) readChunks(boxes map[string][]byte) error {
	offsets, ok := chunkOffsets(boxes)
	if !ok {
		return notPlain("no chunks")
	}
	// Each row of stsc is valid from its first chunk to the next row's (8.7.4).
	stsc, ok := readRows(boxes["stsc"], 12)
	if !ok || len(stsc) == 0 || binary.BigEndian.Uint32(stsc) != 1 {
		return notPlain("chunks without samples")
	}
	t.chunks = make([]chunk, 0, len(offsets))
	sizes := t.sizes
	for i, at := range offsets {
		if len(stsc) > 12 && binary.BigEndian.Uint32(stsc[12:]) == uint32(i+1) {
			stsc = stsc[12:]
		}
		samples := binary.BigEndian.Uint32(stsc[4:])
		if entry := binary.BigEndian.Uint32(stsc[8:]); entry != 1 || uint64(samples) > uint64(len(sizes)) {
			return notPlain("chunks of another kind, or of more samples than there are")
		}
		c := chunk{offset: at, samples: samples}
		for _, size := range sizes[:samples] {
			c.sizeBytes += int64(size)
		}
		sizes = sizes[samples:]
		t.chunks = append(t.chunks, c)
	}
	if len(sizes) > 0 {
		return notPlain("samples outside of chunks")
	}
	return nil
}

// check compares the tables with the file: every chunk lies in it, after the one before.
func (t *track) check(sizeBytes int64) error {
	if len(t.sizes) == 0 || len(t.sizes) > maxSamples {
		return notPlain("%d samples", len(t.sizes))
	}
	if t.length == 0 || t.length > 1<<53 {
		return notPlain("no length that makes sense")
	}
	var end int64
	for _, c := range t.chunks {
		if c.offset < end || c.sizeBytes > sizeBytes-c.offset {
			return notPlain("chunks outside of the file, or out of order")
		}
		end = c.offset + c.sizeBytes
	}
	return nil
}

// readRows returns the rows of a full box that counts them first.
func readRows(box []byte, width int) ([]byte, bool) {
	if len(box) < 8 {
		return nil, false
	}
	count := uint64(binary.BigEndian.Uint32(box[4:]))
	if count > maxSamples || uint64(len(box)-8) < count*uint64(width) {
		return nil, false
	}
	return box[8 : 8+int(count)*width], true
}

func readRuns(box []byte) ([]run, bool) {
	rows, ok := readRows(box, 8)
	if !ok {
		return nil, false
	}
	var runs []run
	for ; len(rows) > 0; rows = rows[8:] {
		runs = addRun(runs, binary.BigEndian.Uint32(rows), binary.BigEndian.Uint32(rows[4:]))
	}
	return runs, true
}

func readSizes(stsz []byte) ([]uint32, bool) {
	if len(stsz) < 12 {
		return nil, false
	}
	same, count := binary.BigEndian.Uint32(stsz[4:]), binary.BigEndian.Uint32(stsz[8:])
	if count > maxSamples {
		return nil, false
	}
	if same != 0 {
		return slices.Repeat([]uint32{same}, int(count)), true
	}
	return readNumbers(stsz[4:])
}

// readNumbers reads a counted table of 32-bit numbers.
func readNumbers(box []byte) ([]uint32, bool) {
	rows, ok := readRows(box, 4)
	if !ok {
		return nil, false
	}
	numbers := make([]uint32, 0, len(rows)/4)
	for ; len(rows) > 0; rows = rows[4:] {
		numbers = append(numbers, binary.BigEndian.Uint32(rows))
	}
	return numbers, true
}

func chunkOffsets(boxes map[string][]byte) ([]int64, bool) {
	width, box := 4, boxes["stco"]
	if box == nil {
		width, box = 8, boxes["co64"]
	}
	rows, ok := readRows(box, width)
	if !ok {
		return nil, false
	}
	offsets := make([]int64, 0, len(rows)/width)
	for ; len(rows) > 0; rows = rows[width:] {
		at := int64(binary.BigEndian.Uint32(rows))
		if width == 8 {
			at = int64(binary.BigEndian.Uint64(rows))
		}
		if at < 0 {
			return nil, false
		}
		offsets = append(offsets, at)
	}
	return offsets, true
}
