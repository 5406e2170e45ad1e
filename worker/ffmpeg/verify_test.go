package ffmpeg_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile"
	"meanwhile/worker/ffmpeg"
)

func TestVerifyRejects(t *testing.T) {
	tools := newTools(t, ffmpeg.Options{})
	good := mustClip(t, "good.mp4", "-f lavfi -i testsrc2=s=320x240:r=30:d=4 -f lavfi -i sine=d=4 "+quickH264+"-g 30 -c:a aac -movflags +faststart")
	silent := mustClip(t, "silent.mp4", "-i "+good+" -c copy -an -movflags +faststart")
	content := mustRead(t, good)
	spoilt := append([]byte{}, content...)
	for i := len(spoilt) - len(spoilt)/6; i < len(spoilt); i++ { // the last part of the media
		spoilt[i] ^= 0x55
	}
	want := ffmpeg.Want{Container: meanwhile.ContainerMP4, Duration: 4 * time.Second, Audio: true, Width: 320, Height: 240, VideoCodec: "h264", AudioCodec: "aac"}
	for _, tc := range []struct {
		name   string
		path   string
		change func(*ffmpeg.Want)
		why    string // part of the cause; empty where it passes
	}{
		{name: "nothing that is right", path: good},
		{name: "an empty file", path: mustWrite(t, "empty.mp4", nil), why: "This file is empty"},
		{name: "half a file", path: mustWrite(t, "half.mp4", content[:len(content)/2]), why: "cut off"},
		{name: "a file without sound where some is wanted", path: silent, why: "sound is there: false"},
		{name: "a file with sound where none is wanted", path: good, change: func(w *ffmpeg.Want) { w.Audio = false }, why: "sound is there: true"},
		{name: "another length", path: good, change: func(w *ffmpeg.Want) { w.Duration = 10 * time.Second }, why: "duration is"},
		{name: "another container", path: good, change: func(w *ffmpeg.Want) { w.Container = meanwhile.ContainerWebM }, why: "container is mp4"},
		{name: "another size", path: good, change: func(w *ffmpeg.Want) { w.Width = 640 }, why: "width is 320"},
		{name: "another codec", path: good, change: func(w *ffmpeg.Want) { w.VideoCodec = "vp9" }, why: "picture is h264"},
		{name: "an end that does not decode", path: mustWrite(t, "spoilt.mp4", spoilt), why: "exit code"},
		{name: "a page of text", path: mustWrite(t, "text.mp4", []byte("all is well")), why: "text/plain"},
	} {
		for _, copied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, copied %t", tc.name, copied), func(t *testing.T) {
				t.Parallel()
				w := want
				w.Copied = copied
				if tc.change != nil {
					tc.change(&w)
				}
				_, err := tools.Verify(t.Context(), tc.path, w)
				if tc.why == "" {
					if err != nil {
						t.Errorf("Verify() = %v", err)
					}
					return
				}
				if meanwhile.KindOf(err) != meanwhile.Unprocessable || !strings.Contains(err.Error(), tc.why) {
					t.Errorf("Verify() = %v, want unprocessable because %s", err, tc.why)
				}
			})
		}
	}
}

func TestNothingIsLeftOfAFailure(t *testing.T) {
	tools := newTools(t, ffmpeg.Options{})
	src := mustProbe(t, tools, mustClip(t, "a.mp4", smallPicture+quickH264))
	src.Path = mustWrite(t, "other.mp4", []byte("not what was probed"))
	dir := t.TempDir()
	for name, err := range map[string]error{
		"Copy":   tools.Copy(t.Context(), src, meanwhile.Copy{Container: meanwhile.ContainerMP4}, filepath.Join(dir, "copy.mp4"), nil),
		"Ladder": tools.Ladder(t.Context(), src, ladderOf(src.Probe), meanwhile.Storyboard{}, filepath.Join(dir, "ladder"), nil),
		"Poster": tools.Poster(t.Context(), src, filepath.Join(dir, "poster.jpg")),
	} {
		if meanwhile.KindOf(err) != meanwhile.Unprocessable || !strings.HasPrefix(meanwhile.MessageOf(err), "We could not convert this video") {
			t.Errorf("%s() = %v", name, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("there is still %v", left)
	}
}
