package ffmpeg

import (
	"encoding/binary"
	"io"
	"os"

	"meanwhile/storage"
)

// sampleEntries are ffmpeg's codec names by the sample entries of the codecs that we copy into MP4
// (ISO/IEC 14496-12, 8.5.2).
var sampleEntries = map[string]string{
	"avc1": "h264",
	"avc3": "h264",
	"av01": "av1",
	"mp4a": "aac",
	"Opus": "opus",
	".mp3": "mp3",
	"fLaC": "flac",
}

// readMoov reads what the index of an MP4 that we made says about it: length, streams, coded size.
// It starts no process, which matters while somebody waits for a copy. A fragmented file has no
// length here.
func readMoov(path string) (storage.Probe, error) {
	file, err := os.Open(path)
	if err != nil {
		return storage.Probe{}, ioError("look at the output", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return storage.Probe{}, ioError("look at the output", err)
	}
	p := storage.Probe{Container: storage.ContainerMP4, SizeBytes: info.Size()}
	eachBox(file, 0, info.Size(), func(kind string, start, end int64) bool {
		if kind == "moov" {
			readMovie(file, start, end, &p)
		}
		return kind != "moov"
	})
	return p, nil
}

func readMovie(r io.ReaderAt, from, to int64, p *storage.Probe) {
	eachBox(r, from, to, func(kind string, start, end int64) bool {
		switch kind {
		case "mvhd":
			p.DurationMS = movieMS(r, start)
		case "trak":
			p.Streams++
			readTrack(r, start, end, p)
		}
		return true
	})
}

// movieMS is the length in a movie header (8.2.2), 0 if there is none.
func movieMS(r io.ReaderAt, at int64) int64 {
	var b [32]byte
	if _, err := r.ReadAt(b[:], at); err != nil {
		return 0
	}
	scale, length := uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
	if b[0] == 1 {
		scale, length = uint64(binary.BigEndian.Uint32(b[20:])), binary.BigEndian.Uint64(b[24:])
	}
	if scale == 0 || length > 1<<53 {
		return 0
	}
	return int64(length * 1000 / scale)
}

// readTrack finds the track's first sample entry and reads it.
func readTrack(r io.ReaderAt, from, to int64, p *storage.Probe) {
	eachBox(r, from, to, func(kind string, start, end int64) bool {
		switch kind {
		case "mdia", "minf", "stbl":
			readTrack(r, start, end, p)
		case "stsd":
			readEntry(r, start, p)
		}
		return true
	})
}

func readEntry(r io.ReaderAt, at int64, p *storage.Probe) {
	// version, count, then the entry: size, kind, 24 bytes, width and height of a picture
	var b [44]byte
	if _, err := r.ReadAt(b[:], at); err != nil {
		return
	}
	switch codec := sampleEntries[string(b[12:16])]; codec {
	case "":
		return
	case "h264", "av1":
		w, h := int(binary.BigEndian.Uint16(b[40:])), int(binary.BigEndian.Uint16(b[42:]))
		p.Video = &storage.VideoStream{
			Codec:       codec,
			Tag:         string(b[12:16]),
			CodedWidth:  w,
			CodedHeight: h,
			Width:       w,
			Height:      h,
		}
		readAVC(r, at+94, p.Video) // after the entry's own fields (12.1.3)
	default:
		p.Audio = &storage.AudioStream{Codec: codec}
	}
}

// avcProfiles are ffmpeg's names by profile_idc (H.264, A.2).
var avcProfiles = map[byte]string{66: "Constrained Baseline", 77: "Main", 100: "High"}

// readAVC reads profile and level from the decoder's configuration (ISO/IEC 14496-15, 5.3.3.1).
func readAVC(r io.ReaderAt, at int64, v *storage.VideoStream) {
	var b [12]byte
	if _, err := r.ReadAt(b[:], at); err != nil || string(b[4:8]) != "avcC" {
		return
	}
	v.Profile, v.Level = avcProfiles[b[9]], int(b[11])
}
