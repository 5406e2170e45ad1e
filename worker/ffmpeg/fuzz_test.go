package ffmpeg_test

import (
	"slices"
	"strings"
	"testing"

	"meanwhile"
	"meanwhile/worker/ffmpeg"
)

// FuzzSniff reads the first bytes of a file, which choose the demuxer: one of ours, or none.
func FuzzSniff(f *testing.F) {
	for _, head := range []string{
		"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2", "\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ", "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "\x1a\x45\xdf\xa3\xff", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
		"\x00\x00\x00\x00ftyp", "\xff\xff\xff\xffftypmp42", "", "\x00", "ffconcat version 1.0\nfile '/etc/passwd'", "\x00\x00\x00\x20moov\x00\x00\x00\x18mvhd", "RIFF\x00\x00\x00\x00AVI ", "<?xml version=\"1.0\"?><MPD/>", strings.Repeat("\x1a\x45\xdf\xa3", 20),
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		c, err := ffmpeg.SniffHead(head)
		known := []meanwhile.Container{meanwhile.ContainerMP4, meanwhile.ContainerMKV, meanwhile.ContainerWebM, meanwhile.ContainerAVI}
		if err == nil && !slices.Contains(known, c) {
			t.Fatalf("%q is %q", head, c)
		}
		if err != nil && meanwhile.MessageOf(err) == "" {
			t.Fatalf("%q is refused without a word: %v", head, err)
		}
	})
}
