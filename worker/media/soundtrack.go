package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"meanwhile/storage"
)

// This file takes the sound out of a recording's fragments and puts another one in, with pure
// functions over bytes. The picture's samples stay unchanged.

// The format of AAC, whatever its source. Opus has no other rate.
const (
	SoundRate  = 48000 // samples per second
	SoundFrame = 1024  // samples per frame
)

var errSoundtrack = errors.New("its sound cannot be taken out")

// Soundtrack is the header of a movie with a picture in H.264 and a sound in Opus.
type Soundtrack struct {
	Channels int
	init     []byte
	video    MovieTrack
	sound    MovieTrack
}

// ReadSoundtrack reads an initialization segment. It fails if the segment is not one picture in
// H.264 and one sound in Opus.
func ReadSoundtrack(init []byte) (Soundtrack, error) {
	s := Soundtrack{init: init}
	eachBox(init, func(kind string, body []byte) {
		if kind != "moov" {
			return
		}
		tracks := movieTracks(body)
		if len(tracks) != 2 {
			return
		}
		for _, t := range tracks {
			switch {
			case t.Handler == "vide" && len(t.Codec) > 4 && t.Codec[:5] == "avc1.":
				s.video = t
			case t.Codec == "opus":
				s.sound = t
			}
		}
	})
	if s.video.Timescale == 0 || s.sound.Timescale == 0 {
		return Soundtrack{}, errSoundtrack
	}
	i := bytes.Index(init, []byte("dOps"))
	if i < 0 || i+6 > len(init) || init[i+5] < 1 {
		return Soundtrack{}, errSoundtrack
	}
	s.Channels = min(int(init[i+5]), 2)
	return s, nil
}

// SoundPacket is one packet of Opus and its time in samples.
type SoundPacket struct {
	at   int64
	data []byte
}

// pictureRun is a fragment's picture: its own box, and the bytes that its runs name, in order.
type pictureRun struct {
	traf []byte
	data [][]byte
}

// Split separates the picture and the sound of a fragment.
func (s Soundtrack) Split(fragment []byte) (picture *pictureRun, sound []SoundPacket, err error) {
	err = errSoundtrack
	eachBox(fragment, func(kind string, moof []byte) {
		if kind != "moof" {
			return
		}
		err = nil
		eachBox(moof, func(kind string, traf []byte) {
			if kind != "traf" || err != nil {
				return
			}
			var t trafRuns
			if t, err = readTrackRuns(traf, fragment, s.video, s.sound); err != nil {
				return
			}
			switch t.id {
			case s.video.ID:
				picture = &pictureRun{traf: traf, data: t.runs}
			case s.sound.ID:
				for i, data := range t.samples {
					sound = append(
						sound,
						SoundPacket{
							at:   int64(ticks(t.starts[i], s.sound.Timescale).Seconds()*SoundRate + 0.5),
							data: data,
						},
					)
				}
			}
		})
	})
	return picture, sound, err
}

// trafRuns are the samples of one track in a fragment, both as runs and one by one.
type trafRuns struct {
	id      uint32
	runs    [][]byte
	samples [][]byte
	starts  []uint64
}

// readTrackRuns finds the samples of traf in its fragment.
func readTrackRuns(traf, fragment []byte, tracks ...MovieTrack) (r trafRuns, err error) {
	var duration, size uint32
	var at uint64
	eachBox(traf, func(kind string, body []byte) {
		if err != nil || len(body) < 8 {
			return
		}
		flags := binary.BigEndian.Uint32(body) & 0xffffff
		switch kind {
		case "tfhd":
			r.id = binary.BigEndian.Uint32(body[4:])
			for _, t := range tracks {
				if r.id == t.ID {
					duration, size = t.DefaultDuration, t.DefaultSize
				}
			}
			rest := body[8:]
			for _, field := range []struct {
				flag  uint32
				bytes int
				into  *uint32
			}{{tfhdBaseOffset, 8, nil}, {tfhdDescription, 4, nil}, {tfhdDuration, 4, &duration}, {tfhdSize, 4, &size}} {
				if flags&field.flag == 0 {
					continue
				}
				if len(rest) < field.bytes || field.flag == tfhdBaseOffset {
					err = errSoundtrack // its offsets are those of another file
					return
				}
				if field.into != nil {
					*field.into = binary.BigEndian.Uint32(rest)
				}
				rest = rest[field.bytes:]
			}
		case "tfdt":
			at = uint64(binary.BigEndian.Uint32(body[4:]))
			if body[0] == 1 && len(body) >= 12 {
				at = binary.BigEndian.Uint64(body[4:])
			}
		case "trun":
			at, err = r.addRun(body, flags, fragment, at, duration, size)
		}
	})
	return r, err
}

func (r *trafRuns) addRun(
	trun []byte,
	flags uint32,
	fragment []byte,
	at uint64,
	duration, size uint32,
) (uint64, error) {
	count := binary.BigEndian.Uint32(trun[4:])
	if flags&trunDataOffset == 0 || len(trun) < 12 || count > maxSamplesPerTrun {
		return 0, errSoundtrack
	}
	from := int64(int32(binary.BigEndian.Uint32(trun[8:])))
	fields := trun[12:]
	if flags&trunFirstFlags != 0 {
		fields = fields[min(4, len(fields)):]
	}
	end := from
	for range count {
		length, bytes := duration, size
		for _, field := range []struct {
			flag uint32
			into *uint32
		}{{trunDuration, &length}, {trunSize, &bytes}, {trunFlags, nil}, {trunComposition, nil}} {
			if flags&field.flag == 0 {
				continue
			}
			if len(fields) < 4 {
				return 0, errSoundtrack
			}
			if field.into != nil {
				*field.into = binary.BigEndian.Uint32(fields)
			}
			fields = fields[4:]
		}
		if end < 0 || end+int64(bytes) > int64(len(fragment)) {
			return 0, errSoundtrack
		}
		r.samples = append(r.samples, fragment[end:end+int64(bytes)])
		r.starts = append(r.starts, at)
		end += int64(bytes)
		at += uint64(length)
	}
	r.runs = append(r.runs, fragment[from:end])
	return at, nil
}

// Joined is a fragment with its picture unchanged and frames of AAC in place of its sound. number
// counts fragments from 1.
func (s Soundtrack) Joined(fragment []byte, number int, firstFrame int64, frames [][]byte) ([]byte, error) {
	picture, _, err := s.Split(fragment)
	if err != nil {
		return nil, err
	}
	sizes := make([]byte, 0, 4*len(frames))
	var payload [][]byte
	for _, f := range frames {
		sizes = binary.BigEndian.AppendUint32(sizes, uint32(len(f)))
	}
	// offsets count from the moof; a frame's length; flags
	const defaults = 0x020000 | tfhdDuration | tfhdFlags
	sound := func(place uint32) []byte {
		if len(frames) == 0 {
			return nil
		}
		return MakeBox(
			"traf",
			MakeBox("tfhd", Be32(defaults, s.sound.ID, SoundFrame, 0x02000000)),
			MakeBox(
				"tfdt",
				Be32(1<<24, uint32(uint64(firstFrame)*SoundFrame>>32), uint32(uint64(firstFrame)*SoundFrame)),
			),
			MakeBox("trun", Be32(trunDataOffset|trunSize, uint32(len(frames)), place), sizes),
		)
	}
	head := MakeBox("mfhd", Be32(0, uint32(number)))
	const mdatHead = 8
	length := 8 + len(head) + len(sound(0))
	if picture != nil {
		length += 8 + len(picture.traf)
	}
	place := uint32(length + mdatHead)
	boxes := [][]byte{head}
	if picture != nil {
		payload = append(payload, picture.data...)
		boxes = append(boxes, MakeBox("traf", movedRuns(*picture, place)))
	}
	for _, p := range payload {
		place += uint32(len(p))
	}
	boxes = append(boxes, sound(place))
	return append(MakeBox("moof", boxes...), MakeBox("mdat", append(payload, frames...)...)...), nil
}

// movedRuns is a traf whose runs lie elsewhere in their fragment, one after the other.
func movedRuns(p pictureRun, place uint32) []byte {
	moved := slices.Clone(p.traf)
	run := 0
	eachBox(moved, func(kind string, body []byte) {
		if kind == "trun" && run < len(p.data) && len(body) >= 12 {
			binary.BigEndian.PutUint32(body[8:], place)
			place += uint32(len(p.data[run]))
			run++
		}
	})
	return moved
}

// JoinedInit is the initialization segment of Joined's fragments.
func (s Soundtrack) JoinedInit() []byte {
	return rewriteBoxes(s.init, s.sound.ID, func(_ string, kind string, body []byte) []byte {
		switch kind {
		case "edts":
			return nil
		case "mdhd":
			return MakeBox(kind, retimed(body))
		case "stsd":
			return MakeBox(kind, Be32(0, 1), aacEntry(s.Channels))
		}
		return MakeBox(kind, body)
	}, false)
}

// Alone is an MP4 of Opus packets without a picture, for an encoder. It starts with nothing that a
// decoder would drop, because samples are counted.
func (s Soundtrack) Alone(packets [][]byte) []byte {
	init := rewriteBoxes(s.init, s.sound.ID, func(_ string, kind string, body []byte) []byte {
		switch kind {
		case "edts":
			return nil
		case "mdhd":
			return MakeBox(kind, retimed(body))
		case "stsd":
			body = slices.Clone(body)
			if i := bytes.Index(body, []byte("dOps")); i >= 0 && i+8 <= len(body) {
				body[i+6], body[i+7] = 0, 0 // PreSkip
			}
		}
		return MakeBox(kind, body)
	}, true)
	var fields []byte
	for _, p := range packets {
		fields = append(fields, Be32(uint32(opusSamples(p)), uint32(len(p)))...)
	}
	moof := func(place uint32) []byte {
		return MakeBox("moof", MakeBox("mfhd", Be32(0, 1)), MakeBox("traf",
			MakeBox("tfhd", Be32(0x020000, s.sound.ID)), MakeBox("tfdt", Be32(0, 0)),
			MakeBox("trun", Be32(trunDataOffset|trunDuration|trunSize, uint32(len(packets)), place), fields)))
	}
	const mdatHead = 8
	return slices.Concat(init, moof(uint32(len(moof(0))+mdatHead)), MakeBox("mdat", packets...))
}

// rewriteBoxes copies an initialization segment. change replaces the boxes in the track id. alone
// leaves out the other tracks.
func rewriteBoxes(init []byte, id uint32, change func(parent, kind string, body []byte) []byte, alone bool) []byte {
	var inTrack func(parent string, body []byte) []byte
	inTrack = func(parent string, body []byte) []byte {
		var out []byte
		eachBox(body, func(kind string, body []byte) {
			switch kind {
			case "mdia", "minf", "stbl":
				out = append(out, MakeBox(kind, inTrack(kind, body))...)
			default:
				out = append(out, change(parent, kind, body)...)
			}
		})
		return out
	}
	var out []byte
	eachBox(init, func(kind string, body []byte) {
		if kind != "moov" {
			out = append(out, MakeBox(kind, body)...)
			return
		}
		var moov []byte
		eachBox(body, func(kind string, body []byte) {
			switch {
			case kind == "trak" && readTrack(body).ID == id:
				moov = append(moov, MakeBox(kind, inTrack(kind, body))...)
			case kind == "trak" && alone:
			case kind == "mvex" && alone:
				eachBox(body, func(kind string, body []byte) {
					if kind == "trex" && len(body) >= 8 && binary.BigEndian.Uint32(body[4:]) == id {
						moov = append(moov, MakeBox("mvex", MakeBox(kind, body))...)
					}
				})
			case kind == "mvhd", kind == "trak", kind == "mvex":
				moov = append(moov, MakeBox(kind, body)...)
			}
		})
		out = append(out, MakeBox("moov", moov)...)
	})
	return out
}

// retimed is a media header whose time unit is one sample.
func retimed(mdhd []byte) []byte {
	mdhd = slices.Clone(mdhd)
	if at := versioned(mdhd, 12, 20); len(mdhd) >= at+4 {
		binary.BigEndian.PutUint32(mdhd[at:], SoundRate)
	}
	return mdhd
}

// aacEntry is the sample entry of AAC-LC (ISO/IEC 14496-12, 12.2.3; 14496-14, 5.6; 14496-3, 1.6.2).
func aacEntry(channels int) []byte {
	config := uint16(2<<11 | 3<<7 | channels<<3) // AAC-LC, 48 kHz
	decoder := append([]byte{0x40, 0x15, 0, 0, 0}, Be32(128_000, 128_000)...)
	decoder = append(decoder, 5, 2, byte(config>>8), byte(config))
	es := append([]byte{0, 1, 0, 4, byte(len(decoder))}, decoder...)
	es = append(es, 6, 1, 2)
	entry := append(Be32(0, 1, 0, 0), 0, byte(channels), 0, 16, 0, 0, 0, 0)
	entry = append(entry, Be32(SoundRate<<16)...)
	return MakeBox("mp4a", entry, MakeBox("esds", Be32(0), []byte{3, byte(len(es))}, es))
}

// Be32 returns numbers as boxes store them, big-endian.
func Be32(numbers ...uint32) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// opusFrames are the lengths of a frame by its packet's configuration, in samples (RFC 6716, 3.1).
var opusFrames = [32]int{
	480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 480, 960,
	120, 240, 480, 960, 120, 240, 480, 960, 120, 240, 480, 960, 120, 240, 480, 960,
}

// opusSilence is a packet of 20 ms of silence.
var opusSilence = []byte{0xf8, 0xff, 0xfe}

// opusSamples is how many samples a packet contains.
func opusSamples(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	frame := opusFrames[packet[0]>>3]
	switch packet[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(packet) < 2 {
		return 0
	}
	return int(packet[1]&63) * frame
}

// CutADTS returns count frames of a stream of AAC after the first skip, without their headers. It
// returns fewer if there are no more.
func CutADTS(stream []byte, skip, count int) ([][]byte, error) {
	var frames [][]byte
	for n := 0; len(stream) > 0 && len(frames) < count; n++ {
		if len(stream) < 7 || stream[0] != 0xff || stream[1]&0xf0 != 0xf0 {
			return nil, fmt.Errorf("frame %d has no head", n)
		}
		head := 7
		if stream[1]&1 == 0 {
			head = 9
		}
		length := int(stream[3]&3)<<11 | int(stream[4])<<3 | int(stream[5])>>5
		if length < head || length > len(stream) {
			return nil, fmt.Errorf("frame %d is cut off", n)
		}
		if n >= skip {
			frames = append(frames, stream[head:length])
		}
		stream = stream[length:]
	}
	return frames, nil
}

// HasOpus reports whether a track is H.264 with sound in Opus.
func HasOpus(t storage.Track) bool {
	return t.Name == storage.ScreenTrack && strings.Contains(t.Codecs, "avc1.") && strings.Contains(t.Codecs, "opus")
}
