package ffmpeg

import (
	"encoding/binary"
	"errors"
	"io"
	"os"

	"meanwhile/storage"
)

// inspectFile adds to p the facts that are cheaper to read from the file than to ask of ffprobe.
func inspectFile(path string, p *storage.Probe, f *facts) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if p.Container == storage.ContainerMP4 {
		p.Fragmented = fragmented(file, p.SizeBytes)
	}
	if video, _ := f.chosen(); video != nil && p.Video != nil {
		p.Video.ResolutionMoves = sizeMoves(file, p.Container, p.Video.Codec, f.walk(video).keyPlaces)
	}
	return nil
}

// fragmented reports whether an MP4 announces or holds movie fragments. It reads box headers only,
// at most 64 of them.
func fragmented(r io.ReaderAt, sizeBytes int64) bool {
	found := false
	eachBox(r, 0, sizeBytes, func(kind string, start, end int64) bool {
		switch kind {
		case "moof":
			found = true
		case "moov":
			eachBox(r, start, end, func(kind string, _, _ int64) bool {
				found = found || kind == "mvex"
				return !found
			})
			return false // moov says what the file is
		}
		return !found
	})
	return found
}

// whole reports whether the boxes of an MP4 end where the file ends. An index in front promises
// bytes that a cut file does not have.
func whole(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	last, media := int64(0), false
	eachBox(file, 0, info.Size(), func(kind string, _, end int64) bool {
		last = end
		media = media || kind == "mdat"
		return true
	})
	return media && last == info.Size(), nil
}

// eachBox calls visit with each box between from and to and the place of its content, until visit
// returns false.
func eachBox(r io.ReaderAt, from, to int64, visit func(kind string, start, end int64) bool) {
	for range 64 {
		var head [16]byte
		if _, err := r.ReadAt(head[:], from); (err != nil && !errors.Is(err, io.EOF)) || from+8 > to {
			return
		}
		length, start := int64(binary.BigEndian.Uint32(head[:])), from+8
		switch length {
		case 0:
			length = to - from
		case 1:
			length, start = int64(binary.BigEndian.Uint64(head[8:])), from+16
		}
		if length < start-from || length > to-from {
			return
		}
		if !visit(string(head[4:8]), start, from+length) {
			return
		}
		from += length
	}
}
