package ffmpeg_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
	"meanwhile/worker/plan"
)

// soon is how long a hostile file may hold a worker before it is refused, on a busy machine.
const soon = 10 * time.Second

func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	good := mustRead(t, ffmpegtest.Clip(t, "good.mp4", smallPicture+smallSound+quickH264+"-c:a aac"))
	goodFront := mustRead(
		t,
		ffmpegtest.Clip(t, "front.mp4", smallPicture+smallSound+quickH264+"-c:a aac -movflags +faststart"),
	)
	endless := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.mp4\n"
	for _, tc := range []struct {
		name, sentence string
		content        []byte
		path           string
	}{
		{
			name:     "a playlist named mp4",
			content:  []byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
			sentence: "We cannot read this kind of file",
		},
		{name: "an endless playlist of itself", content: []byte(endless), sentence: "We cannot read this kind of file"},
		{
			name:     "a concat script",
			content:  []byte("ffconcat version 1.0\nfile 'file:/etc/passwd'\n"),
			sentence: "We cannot read this kind of file",
		},
		{name: "zeros", content: make([]byte, 1<<20), sentence: "only zeros"},
		{
			name:     "a cut file without index",
			content:  good[:len(good)/2],
			sentence: "This file is damaged: its index is missing",
		},
		{
			name: "a brand and noise",
			content: append([]byte(
				"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2",
			), bytes.Repeat([]byte("\x93\x01\x7f"), 5000)...),
			sentence: "This file is damaged",
		},
		{
			name: "a head of Matroska and no more",
			content: []byte(
				"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm",
			),
			sentence: "This file is damaged",
		},
		{name: "nothing but subtitles", path: ffmpegtest.Clip(t, "a.mkv", "-f srt -i "+
			mustWrite(t, "a.srt", []byte("1\n00:00:00,000 --> 00:00:01,000\nhello\n\n"))+" -c:s ass"),
			sentence: "This file contains no video."},
		{
			name: "two frames 24 hours apart",
			path: ffmpegtest.Clip(
				t,
				"a.mp4",
				"-f lavfi -i color=s=64x64:r=1:d=2 -vf setpts=N*86400/TB -fps_mode vfr -c:v libx264 -preset ultrafast",
			),
			sentence: "This video is 24 h long; this site takes up to 4 h",
		},
		{name: "a frame of 16000 × 16000 in an AVI", content: hugeAVI(t), sentence: "The picture of this video is"},
		{name: "three hundred streams", content: manyTracks(t, goodFront, 300), sentence: "the limit here is 32"},
		{name: "a codec that is not on the list", path: ffmpegtest.Clip(t, "a.avi", smallPicture+
			"-c:v asv1"), sentence: "We cannot read the picture or the sound of this file (asv1)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			path := tc.path
			if path == "" {
				path = mustWrite(t, "clip.mp4", tc.content)
			}
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			container, err := ffmpeg.Sniff(path)
			if err == nil {
				var probe storage.Probe
				if probe, err = tools.Probe(ctx, path, container); err == nil {
					_, err = plan.Decide(probe, storage.DefaultLimits())
				}
			}
			if storage.KindOf(err) != storage.Unprocessable ||
				!strings.Contains(storage.MessageOf(err), tc.sentence) {
				t.Errorf("got %v, want unprocessable: %s", err, tc.sentence)
			}
		})
	}
}

// TestPlaylistsAreNotFollowed gives playlists to the tools without Sniff: the forced demuxer
// refuses them too.
func TestPlaylistsAreNotFollowed(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	path := mustWrite(t, "clip.mp4", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.mp4\n"))
	for _, container := range []storage.Container{
		storage.ContainerMP4,
		storage.ContainerWebM,
		storage.ContainerAVI,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		_, err := tools.Probe(ctx, path, container)
		cancel()
		if storage.KindOf(err) != storage.Unprocessable {
			t.Errorf("Probe(%s) = %v", container, err)
		}
	}
}

func TestCutWebMIsStillUsable(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	whole := mustRead(
		t,
		ffmpegtest.Clip(
			t,
			"a.webm",
			"-f lavfi -i testsrc2=s=320x240:r=30:d=4 -f lavfi -i sine=d=4 -c:v libvpx -deadline realtime -g 30 -c:a "+
				"libopus -live 1 -cluster_time_limit 500",
		),
	)
	src := mustProbe(t, tools, mustWrite(t, "cut.webm", whole[:len(whole)*2/3]))
	if src.Probe.DurationMS < 1500 || src.Probe.DurationMS > 3500 {
		t.Errorf("length is %d ms", src.Probe.DurationMS)
	}
	checkEncode(t, tools, src)
	checkPoster(t, tools, src)
}

func TestHeaderThatLies(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	content := mustRead(t, ffmpegtest.Clip(t, "a.mp4", smallPicture+smallSound+quickH264+"-c:a aac"))
	for _, box := range []struct {
		kind   string
		offset int // of the length field, in a box of version 0
	}{{"mvhd", 16}, {"tkhd", 20}, {"mdhd", 16}} {
		for at := 0; ; {
			next := bytes.Index(content[at:], []byte(box.kind))
			if next < 0 {
				break
			}
			at += next + 4
			binary.BigEndian.PutUint32(content[at+box.offset:], 0x7fffffff)
		}
	}
	src := mustProbe(t, tools, mustWrite(t, "lie.mp4", content))
	if !near(src.Probe.DurationMS, 2000, 100) {
		t.Errorf("length is %d ms: the header was believed", src.Probe.DurationMS)
	}
}

// hugeAVI is an AVI of small pictures whose headers say 16000 × 16000, both in the container and in
// the pictures.
func hugeAVI(t testing.TB) []byte {
	t.Helper()
	content := mustRead(
		t,
		ffmpegtest.Clip(t, "a.avi", "-f lavfi -i color=s=96x80:r=5:d=1 -c:v mjpeg -pix_fmt yuvj420p"),
	)
	grow := func(marker string, offset, step int, order binary.ByteOrder) {
		for at := 0; ; {
			next := bytes.Index(content[at:], []byte(marker))
			if next < 0 {
				return
			}
			at += next + len(marker)
			if step == 4 {
				order.PutUint32(content[at+offset:], 16000)
				order.PutUint32(content[at+offset+4:], 16000)
			} else {
				order.PutUint16(content[at+offset:], 16000)
				order.PutUint16(content[at+offset+2:], 16000)
			}
		}
	}
	grow("avih", 4+32, 4, binary.LittleEndian)
	grow("strf", 4+4, 4, binary.LittleEndian)
	grow("\xff\xc0\x00\x11\x08", 0, 2, binary.BigEndian)
	return content
}

// manyTracks repeats the first track of an MP4 whose index is in front.
func manyTracks(t testing.TB, content []byte, times int) []byte {
	t.Helper()
	box := func(kind string) (start, end int) {
		at := bytes.Index(content, []byte(kind))
		if at < 4 {
			t.Fatalf("the clip has no %s", kind)
		}
		return at - 4, at - 4 + int(binary.BigEndian.Uint32(content[at-4:]))
	}
	moov, moovEnd := box("moov")
	trak, trakEnd := box("trak")
	track := content[trak:trakEnd]
	more := bytes.Repeat(track, times-2)
	out := append([]byte{}, content[:moovEnd]...)
	binary.BigEndian.PutUint32(out[moov:], uint32(moovEnd-moov+len(more)))
	return append(append(out, more...), content[moovEnd:]...)
}
