package ffmpeg_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
)

func TestVerifyRejects(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	good := ffmpegtest.Clip(
		t,
		"good.mp4",
		"-f lavfi -i testsrc2=s=320x240:r=30:d=4 -f lavfi -i sine=d=4 "+quickH264+"-g 30 -c:a aac -movflags +faststart",
	)
	silent := ffmpegtest.Clip(t, "silent.mp4", "-i "+good+" -c copy -an -movflags +faststart")
	content := mustRead(t, good)
	spoilt := append([]byte{}, content...)
	for i := len(spoilt) - len(spoilt)/6; i < len(spoilt); i++ { // the last part of the media
		spoilt[i] ^= 0x55
	}
	want := ffmpeg.Want{
		Container:  storage.ContainerMP4,
		Duration:   4 * time.Second,
		Audio:      true,
		Width:      320,
		Height:     240,
		VideoCodec: "h264",
		AudioCodec: "aac",
	}
	for _, tc := range []struct {
		name   string
		path   string
		change func(*ffmpeg.Want)
		why    string // part of the cause; empty if it passes
	}{
		{name: "nothing that is right", path: good},
		{name: "an empty file", path: mustWrite(t, "empty.mp4", nil), why: "This file is empty"},
		{name: "half a file", path: mustWrite(t, "half.mp4", content[:len(content)/2]), why: "cut off"},
		{name: "a file without sound where some is wanted", path: silent, why: "sound is there: false"},
		{
			name:   "a file with sound where none is wanted",
			path:   good,
			change: func(w *ffmpeg.Want) { w.Audio = false },
			why:    "sound is there: true",
		},
		{
			name:   "another length",
			path:   good,
			change: func(w *ffmpeg.Want) { w.Duration = 10 * time.Second },
			why:    "duration is",
		},
		{
			name:   "another container",
			path:   good,
			change: func(w *ffmpeg.Want) { w.Container = storage.ContainerWebM },
			why:    "container is mp4",
		},
		{name: "another size", path: good, change: func(w *ffmpeg.Want) { w.Width = 640 }, why: "width is 320"},
		{
			name:   "another codec",
			path:   good,
			change: func(w *ffmpeg.Want) { w.VideoCodec = "vp9" },
			why:    "picture is h264",
		},
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
				if storage.KindOf(err) != storage.Unprocessable || !strings.Contains(err.Error(), tc.why) {
					t.Errorf("Verify() = %v, want unprocessable because %s", err, tc.why)
				}
			})
		}
	}
}

// TestVerifyAllFindsTheOneThatIsWrong damages one file of a ladder at a time. It tests a
// rendition's second file as well as its first.
func TestVerifyAllFindsTheOneThatIsWrong(t *testing.T) {
	t.Parallel()
	eachSandbox(t, 0, func(t *testing.T, tools *ffmpeg.Tools) {
		input := "-f lavfi -i testsrc2=s=320x240:r=30:d=6 -f lavfi -i sine=d=6 " + quickH264 + "-g 60 -c:a aac "
		fragmented := mustRead(t, ffmpegtest.Clip(t, "a.mp4", input+
			"-movflags +frag_keyframe+delay_moov+default_base_moof"))
		faststart := mustRead(t, ffmpegtest.Clip(t, "b.mp4", input+"-movflags +faststart"))
		// it plays, but with another picture
		other := mustRead(
			t,
			ffmpegtest.Clip(t, "c.mp4", strings.Replace(input, "testsrc2", "testsrc", 1)+"-movflags +faststart"),
		)
		whole := func(b []byte) []byte { return b }
		half := func(b []byte) []byte { return b[:len(b)/2] }
		spoilt := func(from, to float64) func(b []byte) []byte { // parts of the file
			return func(b []byte) []byte {
				b = append([]byte{}, b...)
				for i := int(from * float64(len(b))); i < int(to*float64(len(b))); i++ {
					b[i] ^= 0x55
				}
				return b
			}
		}
		for _, tc := range []struct {
			name         string
			first, again func([]byte) []byte
			why          string
		}{
			{name: "nothing is wrong", first: whole, again: whole},
			{name: "half of the fragments", first: half, again: whole, why: "cut"},
			{name: "the first fragment", first: spoilt(0.05, 0.2), again: whole, why: "exit code"},
			{name: "the last fragment", first: spoilt(0.85, 0.95), again: whole, why: "exit code"},
			{name: "half of the second file", first: whole, again: half, why: "cut off"},
			{name: "the beginning of the second file", first: whole, again: spoilt(0.05, 0.2), why: "differ"},
			{name: "the end of the second file", first: whole, again: spoilt(0.7, 1), why: "differ"},
			{name: "another second file", first: whole, again: func([]byte) []byte { return other }, why: "differ"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				want := ffmpeg.Want{
					Container:  storage.ContainerMP4,
					Fragmented: true,
					Duration:   6 * time.Second,
					Audio:      true,
					Width:      320,
					Height:     240,
				}
				first := ffmpeg.Output{Path: mustWrite(t, "a.m4s", tc.first(fragmented)), Want: want}
				want.Fragmented, want.Again = false, true
				again := ffmpeg.Output{Path: mustWrite(t, "b.mp4", tc.again(faststart)), Want: want}
				made, err := tools.VerifyAll(t.Context(), []ffmpeg.Output{first, again})
				if tc.why == "" {
					if err != nil || len(made[0].Fragments.Fragments) != 3 || made[0].Probe.Video.Profile == "" ||
						made[1].Probe.DurationMS < 5900 {
						t.Errorf("VerifyAll() = %+v, %v", made, err)
					}
					return
				}
				if storage.KindOf(err) != storage.Unprocessable || !strings.Contains(err.Error(), tc.why) {
					t.Errorf("VerifyAll() = %v, want unprocessable because %s", err, tc.why)
				}
			})
		}
	})
}

func TestNothingIsLeftOfAFailure(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	src := mustProbe(t, tools, ffmpegtest.Clip(t, "a.mp4", smallPicture+quickH264))
	src.Path = mustWrite(t, "other.mp4", []byte("not what was probed"))
	dir := t.TempDir()
	for name, err := range map[string]error{
		"Copy": tools.Copy(t.Context(), src, storage.Copy{
			Container: storage.ContainerMP4,
		}, filepath.Join(dir, "copy.mp4"), nil),
		"Ladder": tools.Ladder(
			t.Context(),
			src,
			ladderOf(src.Probe),
			storage.Storyboard{},
			filepath.Join(dir, "ladder"),
			nil,
		),
		"Poster": tools.Poster(t.Context(), src, filepath.Join(dir, "poster.jpg")),
	} {
		if storage.KindOf(err) != storage.Unprocessable ||
			!strings.HasPrefix(storage.MessageOf(err), "We could not convert this video") {
			t.Errorf("%s() = %v", name, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("there is still %v", left)
	}
}
