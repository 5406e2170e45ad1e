package ffmpeg_test

import (
	"path/filepath"
	"testing"

	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// TestPhoneClipOfFourKIsProcessed takes the most expensive clip of a phone, HDR 2160p60 HEVC,
// through its whole ladder within the sandbox's memory.
func TestPhoneClipOfFourKIsProcessed(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	src := mustProbe(
		t,
		tools,
		ffmpegtest.Clip(
			t,
			"phone.mp4",
			"-f lavfi -i testsrc2=s=3840x2160:r=60:d=0.3 -f lavfi -i sine=d=0.3 -vf format=yuv420p10le "+
				"-c:v libx265 -preset ultrafast -x265-params "+
				"log-level=error:hdr10=1:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc -tag:v hvc1 "+
				"-color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc -c:a aac -ac 2",
		),
	)
	plan := planOf(t, src)
	dir := filepath.Join(t.TempDir(), "ladder")
	if err := tools.Ladder(t.Context(), src, *plan.Ladder, plan.Storyboard, dir, nil); err != nil {
		t.Fatalf("Ladder() = %v", err)
	}
	for _, r := range plan.Ladder.Rungs {
		checkRung(t, tools, src, filepath.Join(dir, ffmpeg.FragmentedName(r)), r)
	}
	checkSheet(t, filepath.Join(dir, ffmpeg.StoryboardName), plan.Storyboard)
}
