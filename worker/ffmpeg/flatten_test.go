package ffmpeg_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
	"meanwhile/worker/plan"
)

// flattened puts two files together and checks the result as the worker does.
func flattened(
	t *testing.T,
	tools *ffmpeg.Tools,
	screen, camera string,
	l storage.Layout,
	offsetMS int64,
) (string, plan.Flat, ffmpeg.Source) {
	t.Helper()
	src, cam := mustProbe(t, tools, screen), mustProbe(t, tools, camera)
	f, err := plan.DecideFlat(src.Probe, cam.Probe, l, offsetMS, storage.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), f.Name)
	if err := tools.Flatten(t.Context(), src, cam, f, out, nil); err != nil {
		t.Fatalf("Flatten() = %v", err)
	}
	want := ffmpeg.Want{
		Container:  storage.ContainerMP4,
		Duration:   length(src.Probe),
		Audio:      src.Probe.Audio != nil,
		VideoCodec: "h264",
		Width:      f.Width,
		Height:     f.Height,
	}
	if want.Audio {
		want.AudioCodec = "aac"
	}
	if _, err := tools.Verify(t.Context(), out, want); err != nil {
		t.Fatalf("Verify() = %v", err)
	}
	return out, f, src
}

// TestFlattenedBubbleIsWhereTheLayoutHasIt checks the pixels: a red camera on a green screen, and
// every key frame of the layout moves, resizes or hides the bubble.
func TestFlattenedBubbleIsWhereTheLayoutHasIt(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	screen := ffmpegtest.Clip(
		t,
		"screen.mp4",
		"-f lavfi -i color=c=0x00c000:s=1280x720:r=2:d=8 -f lavfi -i sine=r=48000:d=8 "+
			quickH264+"-g 4 -c:a libopus -movflags frag_keyframe+empty_moov",
	)
	camera := ffmpegtest.Clip(t, "camera.mp4", "-f lavfi -i color=c=0xe00000:s=640x480:r=30:d=8 "+quickH264+"-g 60")
	layout := storage.Layout{Bubbles: []storage.Bubble{
		{AtMS: 0, X: 0.12, Y: 0.8, Size: 0.25, Visible: true},
		// the picture's corner: the bubble is kept inside
		{AtMS: 2000, X: 1, Y: 0, Size: 0.5, Visible: true},
		{AtMS: 4000, X: 1, Y: 0, Size: 0.5, Visible: false},
		{AtMS: 6000, X: 0.5, Y: 0.5, Size: 0.25, Visible: true},
	}}
	out, f, _ := flattened(t, tools, screen, camera, layout, 1000)
	if f.FPS != 30 {
		t.Errorf("it has %v frames a second, want the camera's: the screen stands still", f.FPS)
	}
	type spot struct {
		x, y int
		red  bool
	}
	spots := func(left, top, size int, red bool) []spot {
		inset := size * 15 / 100 // the square's corners lie outside the circle
		return []spot{
			{
				left + size/2,
				top + size/2,
				red,
			},
			{left + 6, top + size/2, red},
			{left + size - 14, top + size/2, red},
			{left + size/2, top + 6, red},
			{left + inset/3, top + inset/3, false},
			{left + size - inset/3 - 8, top + size - inset/3 - 8, false},
		}
	}
	for _, tc := range []struct {
		name, at string
		spots    []spot
	}{
		{"before the camera begins", "0.5", spots(64, 486, 180, false)},
		{"first place", "1.5", spots(64, 486, 180, true)},
		{"moved and larger", "2.5", append(spots(920, 0, 360, true), spots(64, 486, 180, false)...)},
		{"just before it is hidden", "3.9", spots(920, 0, 360, true)},
		{"hidden", "5", append(spots(920, 0, 360, false), spots(550, 270, 180, false)...)},
		{"there again and small", "6.5", append(spots(550, 270, 180, true), spots(920, 0, 360, false)...)},
	} {
		for _, s := range tc.spots {
			c := colour(t, out, tc.at, fmt.Sprintf("8:8:%d:%d", s.x, s.y))
			if red := c[0] > 150 && c[1] < 80; red != s.red {
				t.Errorf("%s, at %d,%d: colour %v, red wanted: %v", tc.name, s.x, s.y, c, s.red)
			}
		}
	}
	if codec := field(t, out, "a", "stream=codec_name"); codec != "aac" {
		t.Errorf("the sound is %q", codec)
	}
	if loud := meanVolume(t, out); loud < -40 {
		t.Errorf("the sound is at %.1f dB: there is none", loud)
	}
}

// TestFlattenTakesWhatBrowsersRecord: a screen whose size moves, one whose picture ends before its
// sound, and a WebM.
func TestFlattenTakesWhatBrowsersRecord(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	all := samples(t)
	for _, name := range []string{
		"two-tracks-screen.mp4", "chromium-avc3-resized.mp4", "chromium-stop-sharing.mp4",
		"chromium-vp8-paused.webm",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, f, src := flattened(t, tools, all[name], all["two-tracks-camera.mp4"], storage.DefaultLayout(), 0)
			// The picture lasts as long as the sound, whichever ended first, and every frame has
			// its time.
			end := number(t, field(t, out, "v", "stream=duration"))
			if want := length(src.Probe).Seconds(); end < want-0.1 || end > want+0.1 {
				t.Errorf("the picture ends at %.3f s of %.3f", end, want)
			}
			if frames := number(
				t,
				field(t, out, "v", "stream=nb_frames"),
			); frames < end*f.FPS-2 ||
				frames > end*f.FPS+2 {
				t.Errorf("%v frames in %.3f s at %v a second", frames, end, f.FPS)
			}
		})
	}
}

// meanVolume is the volume of a file's sound in dB of full scale, from volumedetect.
func meanVolume(t testing.TB, path string) float64 {
	t.Helper()
	out, err := exec.CommandContext(
		t.Context(),
		"ffmpeg",
		"-nostdin",
		"-i",
		path,
		"-af",
		"volumedetect",
		"-f",
		"null",
		"-",
	).
		CombinedOutput()
	_, after, found := strings.Cut(string(out), "mean_volume: ")
	if err != nil || !found {
		t.Fatalf("listen to %s: %v\n%s", filepath.Base(path), err, out)
	}
	db, _, _ := strings.Cut(after, " ")
	return number(t, db)
}
