package media

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math"
	"slices"
	"time"

	"meanwhile/storage"
)

// Faststart is an MP4 built from another one: a new index in front, then the samples as they lie in
// the source. It keeps only the samples of the source's first picture and sound stream, and what a
// player must know about them.
type Faststart struct {
	Head       []byte          // up to the first sample
	Ranges     []storage.Range // of the source, in this order after Head
	SizeBytes  int64
	Streams    int  // of the source, of any kind
	Fragmented bool // the source is fragmented

	movie *movie
	moved map[*track][]int64 // new places of the chunks
}

// Sample is a frame, or a piece of sound.
type Sample struct {
	At, Lasts time.Duration // time on screen
	Offset    int64         // bytes into the new file
	SizeBytes int64
	Key       bool // can be decoded alone
}

// Duration is the length of the picture or the sound, whichever is longer.
func (f Faststart) Duration() (d time.Duration) {
	for _, t := range f.movie.tracks {
		d = max(d, ticks(t.empty+t.end(), t.timescale))
	}
	return d
}

// apart is how far sound may lie from its picture. With more, a player on a slow link must fetch
// both ends of the file.
const apart = 4 * time.Second

// PlanFaststart reads an MP4 of sizeBytes, with one index or with fragments, and returns how it
// becomes one that plays from its first bytes. ok is false for any other file: other codecs than
// H.264 with AAC or Opus, edits in its middle, sound far from its picture. Errors are r's.
func PlanFaststart(r io.ReaderAt, sizeBytes int64) (f Faststart, ok bool, err error) {
	m, err := readMovie(r, sizeBytes)
	if err == nil {
		err = m.interleaved()
	}
	if errors.Is(err, errNotPlain) {
		return Faststart{}, false, nil
	}
	if err != nil {
		return Faststart{}, false, err
	}
	f = Faststart{movie: m, Streams: m.streams, Fragmented: m.fragmented, moved: map[*track][]int64{}}
	mediaBytes, err := f.order()
	if errors.Is(err, errNotPlain) {
		return Faststart{}, false, nil
	}
	// The head's length does not depend on the offsets in it, only on their width.
	wide := mediaBytes > math.MaxUint32-maxBoxBytes
	head := f.head(wide, 0, mediaBytes)
	f.Head = f.head(wide, int64(len(head)), mediaBytes)
	f.SizeBytes = int64(len(f.Head)) + mediaBytes
	return f, len(f.Head) <= maxBoxBytes, nil
}

// interleaved refuses a file whose sound lies far from its picture.
func (m *movie) interleaved() error {
	if len(m.tracks) < 2 {
		return nil
	}
	picture, sound := m.tracks[0].chunkTimes(), m.tracks[1].chunkTimes()
	for i, t := range m.tracks {
		times := append([][]time.Duration{picture, sound}[i], ticks(t.length, t.timescale))
		for j := range len(times) - 1 {
			if times[j+1]-times[j] > apart {
				return notPlain("a piece of %s", times[j+1]-times[j])
			}
		}
	}
	i := 0
	for j, c := range m.tracks[1].chunks {
		for i+1 < len(picture) && m.tracks[0].chunks[i+1].offset < c.offset {
			i++
		}
		goesOn := i == len(picture)-1 && sound[j] > picture[i] // after the picture's end
		if !goesOn && (picture[i]-sound[j]).Abs() > apart {
			return notPlain("sound far from its picture")
		}
	}
	return nil
}

// chunkTimes are the decoding times of each chunk's first sample.
func (t *track) chunkTimes() []time.Duration {
	times := make([]time.Duration, 0, len(t.chunks))
	var at uint64
	durations, left := t.durations, uint32(0)
	if len(durations) > 0 {
		left = durations[0].count
	}
	for _, c := range t.chunks {
		times = append(times, ticks(at, t.timescale))
		for n := c.samples; n > 0 && len(durations) > 0; {
			take := min(n, left)
			at += uint64(take) * uint64(durations[0].value)
			n, left = n-take, left-take
			if left == 0 {
				if durations = durations[1:]; len(durations) > 0 {
					left = durations[0].count
				}
			}
		}
	}
	return times
}

// order lists the source's ranges in the order of the source, and computes the place of each chunk
// after the head.
func (f *Faststart) order() (mediaBytes int64, err error) {
	type placed struct {
		chunk
		track *track
		n     int
	}
	var all []placed
	for _, t := range f.movie.tracks {
		f.moved[t] = make([]int64, len(t.chunks))
		for n, c := range t.chunks {
			all = append(all, placed{c, t, n})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.offset, b.offset) })
	var end int64 // of the source's current range
	for _, c := range all {
		if c.offset < end {
			return 0, notPlain("chunks that share bytes")
		}
		f.moved[c.track][c.n] = mediaBytes
		mediaBytes += c.sizeBytes
		if n := len(f.Ranges); n > 0 && c.offset == end {
			f.Ranges[n-1].Length += c.sizeBytes
		} else if c.sizeBytes > 0 {
			f.Ranges = append(f.Ranges, storage.Range{Start: c.offset, Length: c.sizeBytes})
		}
		end = c.offset + c.sizeBytes
	}
	return mediaBytes, nil
}

// Samples returns the picture's samples in decoding order, or the sound's. There are none if there
// is no sound.
func (f Faststart) Samples(sound bool) iter.Seq[Sample] {
	return func(yield func(Sample) bool) {
		i := 0
		if sound {
			i = 1
		}
		if i < len(f.movie.tracks) {
			f.samples(f.movie.tracks[i], yield)
		}
	}
}

func (f Faststart) samples(t *track, yield func(Sample) bool) {
	durations, offsets := repeated(t.durations), repeated(t.offsets)
	sync := t.sync
	n, at := uint32(0), uint64(0)
	for i, c := range t.chunks {
		place := int64(len(f.Head)) + f.moved[t][i]
		for range c.samples {
			lasts := durations()
			shown := int64(at) + int64(int32(offsets())) + int64(t.empty) - int64(t.mediaTime)
			s := Sample{
				At:        signedTicks(shown, t.timescale),
				Lasts:     ticks(uint64(lasts), t.timescale),
				Offset:    place,
				SizeBytes: int64(t.sizes[n]),
				Key:       t.allSync,
			}
			n++
			if len(sync) > 0 && sync[0] == n {
				s.Key, sync = true, sync[1:]
			}
			if !yield(s) {
				return
			}
			place += s.SizeBytes
			at += uint64(lasts)
		}
	}
}

// repeated returns the values of runs one after another, and zeros after the last.
func repeated(runs []run) func() uint32 {
	used := uint32(0)
	return func() uint32 {
		for len(runs) > 0 && used == runs[0].count {
			runs, used = runs[1:], 0
		}
		if len(runs) == 0 {
			return 0
		}
		used++
		return runs[0].value
	}
}

func signedTicks(n int64, scale uint32) time.Duration {
	if n < 0 {
		return -ticks(uint64(-n), scale)
	}
	return ticks(uint64(n), scale)
}

// movieScale is the ticks per second of the new movie's own times.
const movieScale = 90_000

// head is ftyp, moov and the header of mdat. base is where the media begins.
func (f *Faststart) head(wide bool, base, mediaBytes int64) []byte {
	ftyp := MakeBox("ftyp", []byte("isom\x00\x00\x02\x00isomiso2avc1mp41"))
	var longest uint64
	var traks [][]byte
	for i, t := range f.movie.tracks {
		trak, length := t.trak(uint32(i+1), f.moved[t], base, wide)
		traks, longest = append(traks, trak), max(longest, length)
	}
	moov := MakeBox("moov", append([][]byte{movieHeader(longest, len(traks))}, traks...)...)
	mdat := binary.BigEndian.AppendUint32(nil, uint32(8+mediaBytes))
	if wide {
		mdat = binary.BigEndian.AppendUint32(nil, 1)
	}
	mdat = append(mdat, "mdat"...)
	if wide {
		mdat = binary.BigEndian.AppendUint64(mdat, uint64(16+mediaBytes))
	}
	return slices.Concat(ftyp, moov, mdat)
}

// unity is the matrix without rotation.
var unity = numbers(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

func numbers(n ...uint32) []byte {
	b := make([]byte, 0, 4*len(n))
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func movieHeader(length uint64, tracks int) []byte {
	// version 1: 64-bit times
	long := binary.BigEndian.AppendUint64(numbers(1<<24, 0, 0, 0, 0, movieScale), length)
	return MakeBox("mvhd", long, numbers(0x10000, 0x1000000, 0, 0), unity, make([]byte, 24), numbers(uint32(tracks+1)))
}

// trak writes a new track. length is the wait before it plus its visible part, in ticks of the
// movie.
func (t *track) trak(id uint32, moved []int64, base int64, wide bool) (trak []byte, length uint64) {
	inMovie := func(n uint64) uint64 { return rescaled(n, t.timescale, movieScale) }
	end := t.end()
	visible := end - min(end, t.mediaTime)
	if t.visible > 0 {
		visible = min(visible, t.visible)
	}
	wait, shown := inMovie(t.empty), inMovie(visible)
	length = wait + shown
	volume, media := uint32(0), MakeBox("vmhd", numbers(1, 0, 0))
	if t.handler == "soun" {
		volume, media = 0x1000000, MakeBox("smhd", numbers(0, 0))
	}
	tkhd := MakeBox(
		"tkhd",
		numbers(1<<24|3, 0, 0, 0, 0, id, 0),
		binary.BigEndian.AppendUint64(nil, length),
		numbers(0, 0, 0, volume),
		t.matrix,
		t.shown,
	)
	mdhd := MakeBox(
		"mdhd",
		numbers(1<<24, 0, 0, 0, 0, t.timescale),
		binary.BigEndian.AppendUint64(nil, t.length),
		t.language,
		[]byte{0, 0},
	)
	hdlr := MakeBox("hdlr", numbers(0, 0), []byte(t.handler), make([]byte, 13))
	dinf := MakeBox("dinf", MakeBox("dref", numbers(0, 1), MakeBox("url ", numbers(1))))
	minf := MakeBox("minf", media, dinf, t.stbl(moved, base, wide))
	return MakeBox("trak", tkhd, t.edts(wait, shown), MakeBox("mdia", mdhd, hdlr, minf)), length
}

// edts says when a track begins, if not at its own beginning.
func (t *track) edts(wait, shown uint64) []byte {
	if t.empty == 0 && t.mediaTime == 0 {
		return nil
	}
	count, edits := uint32(1), []byte(nil)
	edit := func(length, at uint64) {
		edits = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(edits, length), at)
		edits = append(edits, numbers(0x10000)...)
	}
	if wait > 0 {
		count = 2
		edit(wait, math.MaxUint64) // -1: an empty edit
	}
	edit(shown, t.mediaTime)
	return MakeBox("edts", MakeBox("elst", numbers(1<<24, count), edits))
}

func (t *track) stbl(moved []int64, base int64, wide bool) []byte {
	boxes := [][]byte{MakeBox("stsd", numbers(0, 1), t.entry), runBox("stts", 0, t.durations)}
	if t.offsets != nil {
		boxes = append(boxes, runBox("ctts", 1<<24, t.offsets)) // version 1: signed
	}
	if !t.allSync {
		boxes = append(boxes, MakeBox("stss", numbers(0, uint32(len(t.sync))), numbers(t.sync...)))
	}
	boxes = append(boxes, t.stsc(), MakeBox("stsz", numbers(0, 0, uint32(len(t.sizes))), numbers(t.sizes...)))
	var offsets []byte
	for _, at := range moved {
		if wide {
			offsets = binary.BigEndian.AppendUint64(offsets, uint64(base+at))
		} else {
			offsets = binary.BigEndian.AppendUint32(offsets, uint32(base+at))
		}
	}
	kind := "stco"
	if wide {
		kind = "co64"
	}
	return MakeBox("stbl", append(boxes, MakeBox(kind, numbers(0, uint32(len(moved))), offsets))...)
}

func runBox(kind string, version uint32, runs []run) []byte {
	rows := make([]uint32, 0, 2*len(runs))
	for _, r := range runs {
		rows = append(rows, r.count, r.value)
	}
	return MakeBox(kind, numbers(version, uint32(len(runs))), numbers(rows...))
}

func (t *track) stsc() []byte {
	var rows []uint32
	for i, c := range t.chunks {
		if n := len(rows); n == 0 || rows[n-2] != c.samples {
			rows = append(rows, uint32(i+1), c.samples, 1)
		}
	}
	return MakeBox("stsc", numbers(0, uint32(len(rows)/3)), numbers(rows...))
}
