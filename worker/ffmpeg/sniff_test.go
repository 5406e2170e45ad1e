package ffmpeg_test

import (
	"bytes"
	"strings"
	"testing"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
)

func TestSniff(t *testing.T) {
	t.Parallel()
	ebml := func(doctype string) string {
		return "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82" +
			string([]byte{byte(0x80 | len(doctype))}) + doctype + strings.Repeat("\x00", 64)
	}
	for _, tc := range []struct {
		name, content string
		want          storage.Container
		sentence      string // part of the message, if refused
	}{
		{
			name:    "an MP4 of a browser",
			content: "\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2",
			want:    storage.ContainerMP4,
		},
		{
			name:    "a QuickTime file of a phone",
			content: "\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ",
			want:    storage.ContainerMP4,
		},
		{name: "an old QuickTime file without ftyp", content: "\x00\x00\x00\x20moov\x00\x00\x00\x18mvhd" +
			strings.Repeat("\x00", 16), want: storage.ContainerMP4},
		{name: "a 3GP file", content: "\x00\x00\x00\x14ftyp3gp4\x00\x00\x02\x003gp4", want: storage.ContainerMP4},
		{name: "an AVI file", content: "RIFF\x00\x10\x00\x00AVI LIST" +
			strings.Repeat("\x00", 32), want: storage.ContainerAVI},
		{name: "an empty file", content: "", sentence: "This file is empty."},
		{name: "a file of zeros", content: strings.Repeat("\x00", 100_000), sentence: "only zeros"},
		{
			name:     "a playlist",
			content:  "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n",
			sentence: "We cannot read this kind of file (application/vnd.apple.mpegurl)",
		},
		{
			name:     "a concat script",
			content:  "ffconcat version 1.0\nfile /etc/passwd\n",
			sentence: "We cannot read this kind of file (text/plain)",
		},
		{
			name:     "a HEIC picture",
			content:  "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
			sentence: "We cannot read this kind of file (image/heic)",
		},
		{name: "a WAV file", content: "RIFF\x24\x08\x00\x00WAVEfmt " +
			strings.Repeat("\x01", 40), sentence: "We cannot read this kind of file (audio/wav)"},
		{
			name:     "a PNG picture",
			content:  "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
			sentence: "We cannot read this kind of file (image/png)",
		},
		{name: "Matroska of another doctype", content: ebml("other"), sentence: "We cannot read this kind of file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := ffmpeg.Sniff(mustWrite(t, "clip.mp4", []byte(tc.content)))
			if tc.sentence == "" {
				if err != nil || got != tc.want {
					t.Errorf("Sniff() = %q, %v, want %q", got, err, tc.want)
				}
				return
			}
			if storage.KindOf(err) != storage.Unprocessable ||
				!strings.Contains(storage.MessageOf(err), tc.sentence) {
				t.Errorf("Sniff() = %q, %v, want unprocessable: %s", got, err, tc.sentence)
			}
		})
	}
	t.Run("a file that is not there", func(t *testing.T) {
		if _, err := ffmpeg.Sniff(t.TempDir() + "/none"); storage.KindOf(err) != storage.NotFound {
			t.Errorf("Sniff() = %v, want not-found", err)
		}
	})
	for container, words := range map[storage.Container]string{
		storage.ContainerWebM: "-f lavfi -i color=d=0.1 -c:v libvpx -f webm",
		storage.ContainerMKV:  "-f lavfi -i color=d=0.1 -c:v libx264 -f matroska",
	} {
		t.Run("a real "+string(container), func(t *testing.T) {
			path := ffmpegtest.Clip(t, "clip.bin", words)
			if got, err := ffmpeg.Sniff(path); err != nil || got != container {
				t.Errorf("Sniff() = %q, %v, want %q", got, err, container)
			}
			if !bytes.HasPrefix(mustRead(t, path), []byte("\x1a\x45\xdf\xa3")) {
				t.Error("the clip is no EBML file: the case proves nothing")
			}
		})
	}
}
