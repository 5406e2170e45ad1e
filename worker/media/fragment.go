package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"meanwhile/storage"
)

// FragmentIndex says where the fragments of a fragmented MP4 lie (ISO/IEC 14496-12, 8.8).
type FragmentIndex struct {
	InitBytes int64 // ftyp and moov, from the file's beginning
	Fragments []storage.Fragment
}

// Duration is the length of all fragments together.
func (x FragmentIndex) Duration() time.Duration {
	var d time.Duration
	for _, f := range x.Fragments {
		d += f.Duration
	}
	return d
}

// maxBoxBytes bounds the boxes that are read into memory: indexes, never media.
const maxBoxBytes = 64 << 20

// ErrBox is returned for a box that is cut off or makes no sense.
var ErrBox = errors.New("a box is cut off or makes no sense")

// IndexFragments reads the boxes of a fragmented MP4 of sizeBytes. Every fragment must begin with a
// picture. Times are those of the video track, or of the only track. It fails if a box is cut off,
// or if there is no fragment.
func IndexFragments(r io.ReaderAt, sizeBytes int64) (FragmentIndex, error) {
	w := FragmentWalk{}
	for w.At < sizeBytes {
		if err := w.Step(r, sizeBytes); err != nil {
			return FragmentIndex{}, fmt.Errorf("box at %d: %w", w.At, err)
		}
	}
	x := w.Index
	if x.InitBytes == 0 || len(x.Fragments) == 0 || w.open != nil {
		return FragmentIndex{}, errors.New("no whole fragments: this is no fragmented MP4")
	}
	x.CloseGaps()
	return x, nil
}

// FragmentWalk reads a fragmented MP4 box by box. It can wait at the end of the available bytes and
// go on later.
type FragmentWalk struct {
	At     int64 // start of the next box
	Tracks []MovieTrack
	Index  FragmentIndex
	open   *storage.Fragment // its mdat comes later
}

// Step reads one whole box. ErrBox if there is none between here and end.
func (w *FragmentWalk) Step(r io.ReaderAt, end int64) error {
	b, err := readBox(r, w.At, end)
	if err != nil {
		return err
	}
	switch b.kind {
	case "moov":
		body, err := b.body(r)
		if err != nil {
			return err
		}
		w.Tracks = movieTracks(body)
		w.Index.InitBytes = b.end
	case "moof":
		body, err := b.body(r)
		if err != nil {
			return err
		}
		f, err := readFragment(body, w.Tracks)
		if err != nil {
			return err
		}
		f.Offset = w.At
		w.open = &f
	case "mdat":
		if w.open != nil {
			w.open.SizeBytes = b.end - w.open.Offset
			w.Index.Fragments = append(w.Index.Fragments, *w.open)
			w.open = nil
		}
	}
	w.At = b.end
	return nil
}

// Settled is where a walk may start again: after the last box whose fragment is complete.
func (w *FragmentWalk) Settled() int64 {
	if w.open != nil {
		return w.open.Offset
	}
	return w.At
}

// WholeFragments is how many bytes of a fragmented MP4 are complete fragments. A recording that was
// cut off ends in half a fragment, and every reader treats that differently. It returns sizeBytes
// if nothing is cut off, and for files that are not fragmented MP4.
func WholeFragments(r io.ReaderAt, sizeBytes int64) int64 {
	w := FragmentWalk{}
	for w.At < sizeBytes {
		if err := w.Step(r, sizeBytes); err != nil {
			if errors.Is(err, ErrBox) && len(w.Index.Fragments) > 0 {
				return w.Settled()
			}
			return sizeBytes
		}
	}
	if w.open != nil && len(w.Index.Fragments) > 0 {
		return w.Settled()
	}
	return sizeBytes
}

// CloseGaps lets each fragment last until the next begins: in live recordings the last sample's
// duration is a guess.
func (x *FragmentIndex) CloseGaps() {
	for i := range len(x.Fragments) - 1 {
		if d := x.Fragments[i+1].Start - x.Fragments[i].Start; d > 0 {
			x.Fragments[i].Duration = d
		}
	}
}

// box is one box: where its content begins and ends.
type box struct {
	kind       string
	start, end int64
}

func readBox(r io.ReaderAt, at, limit int64) (box, error) {
	var head [16]byte
	n, err := r.ReadAt(head[:], at)
	if n < 8 {
		return box{}, errors.Join(ErrBox, err)
	}
	b := box{kind: string(head[4:8]), start: at + 8}
	length := int64(binary.BigEndian.Uint32(head[:]))
	switch length {
	case 0:
		length = limit - at
	case 1:
		if n < 16 {
			return box{}, ErrBox
		}
		length, b.start = int64(binary.BigEndian.Uint64(head[8:])), at+16
	}
	if length < b.start-at || length > limit-at {
		return box{}, ErrBox
	}
	b.end = at + length
	return b, nil
}

func (b box) body(r io.ReaderAt) ([]byte, error) {
	if b.end-b.start > maxBoxBytes {
		return nil, ErrBox
	}
	body := make([]byte, b.end-b.start)
	if _, err := r.ReadAt(body, b.start); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", b.kind, err)
	}
	return body, nil
}

// eachBox visits the boxes in body. It stops at a box that is cut off.
func eachBox(body []byte, visit func(kind string, body []byte)) {
	for len(body) >= 8 {
		length, start := uint64(binary.BigEndian.Uint32(body)), uint64(8)
		if length == 1 && len(body) >= 16 {
			length, start = binary.BigEndian.Uint64(body[8:]), 16
		}
		if length == 0 {
			length = uint64(len(body))
		}
		if length < start || length > uint64(len(body)) {
			return
		}
		visit(string(body[4:8]), body[start:length])
		body = body[length:]
	}
}

// MovieTrack is what a fragment needs to know about its track.
type MovieTrack struct {
	ID              uint32
	Timescale       uint32
	Handler         string
	DefaultDuration uint32
	DefaultSize     uint32
	Codec           string // RFC 6381
	Width, Height   int
}

func movieTracks(moov []byte) []MovieTrack {
	var tracks []MovieTrack
	defaults := map[uint32][2]uint32{}
	eachBox(moov, func(kind string, body []byte) {
		switch kind {
		case "trak":
			tracks = append(tracks, readTrack(body))
		case "mvex":
			eachBox(body, func(kind string, body []byte) {
				if kind == "trex" && len(body) >= 20 {
					defaults[binary.BigEndian.Uint32(body[4:])] = [2]uint32{
						binary.BigEndian.Uint32(body[12:]),
						binary.BigEndian.Uint32(body[16:]),
					}
				}
			})
		}
	})
	for i := range tracks {
		tracks[i].DefaultDuration, tracks[i].DefaultSize = defaults[tracks[i].ID][0], defaults[tracks[i].ID][1]
	}
	return tracks
}

func readTrack(trak []byte) (t MovieTrack) {
	var visit func(kind string, body []byte)
	visit = func(kind string, body []byte) {
		switch kind {
		case "mdia", "minf", "stbl":
			eachBox(body, visit)
		case "stsd":
			t.Codec, t.Width, t.Height = sampleEntry(body)
		case "tkhd":
			if at := versioned(body, 12, 20); len(body) >= at+4 {
				t.ID = binary.BigEndian.Uint32(body[at:])
			}
		case "mdhd":
			if at := versioned(body, 12, 20); len(body) >= at+4 {
				t.Timescale = binary.BigEndian.Uint32(body[at:])
			}
		case "hdlr":
			if len(body) >= 12 {
				t.Handler = string(body[8:12])
			}
		}
	}
	eachBox(trak, visit)
	return t
}

// versioned is the offset of a field that lies further back in a full box of version 1.
func versioned(body []byte, version0, version1 int) int {
	if len(body) > 0 && body[0] == 1 {
		return version1
	}
	return version0
}

// readFragment reads the times of the video track, or of the first track if there is no video.
func readFragment(moof []byte, tracks []MovieTrack) (storage.Fragment, error) {
	var f storage.Fragment
	found, video := false, false
	eachBox(moof, func(kind string, body []byte) {
		if kind != "traf" || video {
			return
		}
		id, start, length := readTraf(body, tracks)
		for _, t := range tracks {
			if t.ID != id || t.Timescale == 0 || found && t.Handler != "vide" {
				continue
			}
			found, video = true, t.Handler == "vide"
			f.Start, f.Duration = ticks(start, t.Timescale), ticks(length, t.Timescale)
		}
	})
	if !found {
		return storage.Fragment{}, errors.New("it belongs to no track")
	}
	return f, nil
}

func ticks(n uint64, scale uint32) time.Duration {
	whole, rest := n/uint64(scale), n%uint64(scale)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(scale)
}

// The flags of tfhd and trun that say which fields are present (8.8.7, 8.8.8).
const (
	tfhdBaseOffset    = 0x1
	tfhdDescription   = 0x2
	tfhdDuration      = 0x8
	tfhdSize          = 0x10
	tfhdFlags         = 0x20
	trunDataOffset    = 0x1
	trunFirstFlags    = 0x4
	trunDuration      = 0x100
	trunSize          = 0x200
	trunFlags         = 0x400
	trunComposition   = 0x800
	maxSamplesPerTrun = 1 << 20
)

func readTraf(traf []byte, tracks []MovieTrack) (id uint32, start, length uint64) {
	var perSample uint32
	eachBox(traf, func(kind string, body []byte) {
		if len(body) < 8 {
			return
		}
		flags := binary.BigEndian.Uint32(body) & 0xffffff
		switch kind {
		case "tfhd":
			id = binary.BigEndian.Uint32(body[4:])
			for _, t := range tracks {
				if t.ID == id {
					perSample = t.DefaultDuration
				}
			}
			at := 8
			if flags&tfhdBaseOffset != 0 {
				at += 8
			}
			if flags&tfhdDescription != 0 {
				at += 4
			}
			if flags&tfhdDuration != 0 && len(body) >= at+4 {
				perSample = binary.BigEndian.Uint32(body[at:])
			}
		case "tfdt":
			start = uint64(binary.BigEndian.Uint32(body[4:]))
			if body[0] == 1 && len(body) >= 12 {
				start = binary.BigEndian.Uint64(body[4:])
			}
		case "trun":
			length += trunLength(body, flags, perSample)
		}
	})
	return id, start, length
}

func trunLength(body []byte, flags, perSample uint32) (length uint64) {
	count := binary.BigEndian.Uint32(body[4:])
	if count > maxSamplesPerTrun {
		return 0
	}
	if flags&trunDuration == 0 {
		return uint64(count) * uint64(perSample)
	}
	at, stride := 8, 0
	for _, field := range []uint32{trunDataOffset, trunFirstFlags} {
		if flags&field != 0 {
			at += 4
		}
	}
	for _, field := range []uint32{trunDuration, trunSize, trunFlags, trunComposition} {
		if flags&field != 0 {
			stride += 4
		}
	}
	for range count {
		if len(body) < at+4 {
			break
		}
		length += uint64(binary.BigEndian.Uint32(body[at:]))
		at += stride
	}
	return length
}

// sampleEntry reads the first entry of a sample description: the codec's RFC 6381 name, and a
// picture's size (ISO/IEC 14496-12, 8.5.2).
func sampleEntry(stsd []byte) (codec string, width, height int) {
	// the entry after version and count; its own fields before the boxes in it
	const entry, fields = 8, 86
	if len(stsd) < entry+fields {
		if len(stsd) < entry+8 {
			return "", 0, 0
		}
		return audioEntries[string(stsd[entry+4:entry+8])], 0, 0
	}
	kind := string(stsd[entry+4 : entry+8])
	if name := audioEntries[kind]; name != "" {
		return name, 0, 0
	}
	width, height = int(binary.BigEndian.Uint16(stsd[entry+32:])), int(binary.BigEndian.Uint16(stsd[entry+34:]))
	codec = kind
	eachBox(stsd[entry+fields:], func(box string, body []byte) {
		if box == "avcC" && len(body) >= 4 {
			codec = fmt.Sprintf("%s.%02X%02X%02X", kind, body[1], body[2], body[3])
		}
	})
	return codec, width, height
}

// audioEntries are the sample entries of sound that browsers record.
var audioEntries = map[string]string{"mp4a": "mp4a.40.2", "Opus": "opus", "fLaC": "flac"}
