package ffmpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"meanwhile/storage"
)

// keyBytes is how many bytes of a key frame are read: parameter sets and frame headers are at its
// beginning.
const keyBytes = 512

// sizeMoves reports whether two of the key frames at places have different coded sizes. It reads
// the sizes itself, because ffmpeg would have to decode.
func sizeMoves(r io.ReaderAt, c storage.Container, codec string, places []int64) bool {
	read := frameSizes[codec]
	if read == nil {
		return false
	}
	var first [2]int
	for _, place := range places {
		var buffer [keyBytes]byte
		n, err := r.ReadAt(buffer[:], place)
		if err != nil && !errors.Is(err, io.EOF) {
			return false
		}
		frame := buffer[:n]
		if c == storage.ContainerMKV || c == storage.ContainerWebM {
			frame = blockContent(frame)
		}
		width, height, ok := read(frame)
		if !ok {
			continue
		}
		size := [2]int{width, height}
		if first == [2]int{} {
			first = size
		}
		if size != first {
			return true
		}
	}
	return false
}

// frameSizes reads the coded size from the beginning of a key frame. ok is false if it is not
// there.
var frameSizes = map[string]func(frame []byte) (width, height int, ok bool){
	"h264": h264Size,
	"vp8":  vp8Size,
	"vp9":  vp9Size,
}

// blockContent skips the fields that Matroska writes before a frame: track (one byte and up), time
// and flags. The place from ffprobe is after the element's id and length.
func blockContent(b []byte) []byte {
	if len(b) == 0 || b[0] == 0 {
		return nil
	}
	return b[min(bits.LeadingZeros8(b[0])+1+3, len(b)):]
}

// vp8Size reads a frame header (RFC 6386, 9.1): three bytes of frame tag, the start code, then 14
// bits each.
func vp8Size(b []byte) (width, height int, ok bool) {
	if len(b) < 10 || !bytes.Equal(b[3:6], []byte{0x9d, 0x01, 0x2a}) {
		return 0, 0, false
	}
	return int(binary.LittleEndian.Uint16(b[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[8:]) & 0x3fff), true
}

// vp9Size reads the uncompressed header of a key frame (VP9 bitstream, 6.2).
func vp9Size(b []byte) (width, height int, ok bool) {
	r := bitReader{data: b}
	if r.take(2) != 2 {
		return 0, 0, false
	}
	profile := r.take(1) | r.take(1)<<1
	if profile == 3 {
		r.take(1)
	}
	again, delta := r.take(1) == 1, r.take(1) == 1 // repeats an old frame; not a key frame
	if again || delta {
		return 0, 0, false
	}
	r.take(2)
	if r.take(24) != 0x498342 {
		return 0, 0, false
	}
	if profile >= 2 {
		r.take(1)
	}
	const sRGB = 7
	if r.take(3) != sRGB {
		r.take(1)
		if profile == 1 || profile == 3 {
			r.take(3)
		}
	} else if profile == 1 || profile == 3 {
		r.take(1)
	}
	width, height = r.take(16)+1, r.take(16)+1
	return width, height, !r.over
}

// h264Size finds a sequence parameter set among the units of a frame. The units are separated by
// lengths (MP4, Matroska) or by start codes (AVI).
func h264Size(b []byte) (width, height int, ok bool) {
	if i := bytes.Index(b, []byte{0, 0, 1, 0x67}); i >= 0 && i < 16 {
		return spsSize(b[i+3:])
	}
	for len(b) > 5 {
		length := int(binary.BigEndian.Uint32(b))
		const spsType = 7
		if b[4]&0x1f == spsType {
			return spsSize(b[4:min(len(b), max(5, 4+length))])
		}
		if length <= 0 || length > len(b)-4 {
			return 0, 0, false
		}
		b = b[4+length:]
	}
	return 0, 0, false
}

// spsSize reads the cropped size from a sequence parameter set (H.264, 7.3.2.1.1).
func spsSize(unit []byte) (width, height int, ok bool) {
	r := bitReader{data: bytes.ReplaceAll(unit, []byte{0, 0, 3}, []byte{0, 0})}
	r.take(8)
	profile := r.take(8)
	r.take(16)
	r.golomb()
	chroma, separate := 1, 0
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138:
		if chroma = r.golomb(); chroma == 3 {
			separate = r.take(1)
		}
		r.golomb()
		r.golomb()
		r.take(1)
		if r.take(1) == 1 {
			return 0, 0, false // scaling matrices: no recorder or phone writes them
		}
	}
	r.golomb()
	switch r.golomb() {
	case 0:
		r.golomb()
	case 1:
		r.take(1)
		r.golomb()
		r.golomb()
		for range min(r.golomb(), 255) {
			r.golomb()
		}
	}
	r.golomb()
	r.take(1)
	width = 16 * (r.golomb() + 1)
	fields := r.golomb() + 1
	frames := r.take(1)
	height = 16 * fields * (2 - frames)
	if frames == 0 {
		r.take(1)
	}
	r.take(1)
	if r.take(1) == 1 {
		unitX, unitY := 1, 2-frames
		if separate == 0 && (chroma == 1 || chroma == 2) {
			unitX = 2
		}
		if separate == 0 && chroma == 1 {
			unitY *= 2
		}
		width -= unitX * (r.golomb() + r.golomb())
		height -= unitY * (r.golomb() + r.golomb())
	}
	return width, height, !r.over && width > 0 && height > 0
}

// bitReader reads a bit stream from its most significant bit. After the end it returns zeros and
// sets over.
type bitReader struct {
	data []byte
	at   int
	over bool
}

func (b *bitReader) take(n int) int {
	value := 0
	for range n {
		bit := 0
		if b.at/8 < len(b.data) {
			bit = int(b.data[b.at/8]>>(7-b.at%8)) & 1
		} else {
			b.over = true
		}
		b.at++
		value = value<<1 | bit
	}
	return value
}

// golomb is an unsigned exponential Golomb code.
func (b *bitReader) golomb() int {
	zeros := 0
	for zeros < 24 && !b.over && b.take(1) == 0 {
		zeros++
	}
	return 1<<zeros - 1 + b.take(zeros)
}
