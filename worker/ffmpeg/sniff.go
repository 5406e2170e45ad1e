package ffmpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"meanwhile/storage"
)

// sniffBytes is how many bytes of a file's beginning are read.
const sniffBytes = 64 << 10

// Sniff finds a file's container from its first bytes. The name plays no part. Errors, with a
// sentence: Unprocessable for any container that is not on the list, an empty file and a file of
// zeros; NotFound or Internal if the file cannot be read.
func Sniff(path string) (storage.Container, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", ioError("open the source", err)
	}
	defer f.Close()
	head := make([]byte, sniffBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", ioError("read the source", err)
	}
	return sniff(head[:n])
}

func sniff(head []byte) (storage.Container, error) {
	if len(head) == 0 {
		return "", storage.E(storage.Unprocessable, "This file is empty.", nil)
	}
	if !slices.ContainsFunc(head, func(b byte) bool { return b != 0 }) {
		return "", storage.E(
			storage.Unprocessable,
			"This file contains only zeros: it was probably cut off while it was copied. Try again from the "+
				"original.",
			nil,
		)
	}
	kind := mimetype.Detect(head)
	for _, known := range containers {
		if slices.ContainsFunc(known.types, kind.Is) && known.check(head) {
			return known.container, nil
		}
	}
	name, _, _ := strings.Cut(kind.String(), ";")
	return "", storage.E(storage.Unprocessable,
		fmt.Sprintf("We cannot read this kind of file (%s). MP4, MOV, WebM, MKV, AVI and 3GP work.", name), nil)
}

// containers is the allow-list. A match of the library is checked a second time, because the
// library is meant to be friendly, not strict.
var containers = []struct {
	container storage.Container
	types     []string
	check     func(head []byte) bool
}{
	{
		storage.ContainerMP4,
		[]string{
			"video/mp4",
			"video/quicktime",
			"video/x-m4v",
			"video/3gpp",
			"video/3gpp2",
			"audio/mp4",
			"audio/x-m4a",
		},
		startsWithBox,
	},
	{storage.ContainerWebM, []string{"video/webm"}, startsWithEBML},
	{storage.ContainerMKV, []string{"video/matroska"}, startsWithEBML},
	{storage.ContainerAVI, []string{"video/x-msvideo"}, startsWithRIFF},
}

// startsWithBox checks the first box: an ISO file begins with one of a few, and old QuickTime files
// have no ftyp.
func startsWithBox(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	size := binary.BigEndian.Uint32(head)
	return (size >= 8 || size <= 1) &&
		slices.Contains([]string{"ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"}, string(head[4:8]))
}

func startsWithEBML(head []byte) bool { return strings.HasPrefix(string(head), "\x1a\x45\xdf\xa3") }

func startsWithRIFF(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:11]) == "AVI"
}
