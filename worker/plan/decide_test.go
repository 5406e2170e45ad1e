package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/storagetest"
	"meanwhile/worker/plan"
)

// told prints a ladder in one line, for a table.
func told(l *storage.Ladder) string {
	if l == nil {
		return "none"
	}
	var b strings.Builder
	for _, r := range l.Rungs {
		fmt.Fprintf(&b, "%s %dx%d", r.Name, r.Width, r.Height)
		switch {
		case r.Copy:
			b.WriteString(" copied")
		default:
			fmt.Fprintf(&b, " crf %d at most %d", r.CRF, r.MaxrateBPS)
		}
		if r.Progressive {
			b.WriteString(" +mp4")
		}
		if r.MaxFPS > 0 {
			fmt.Fprintf(&b, " %.0f fps", r.MaxFPS)
		}
		b.WriteString("; ")
	}
	for _, word := range []struct {
		said bool
		word string
	}{
		{l.CopyAudio, "sound copied"},
		{l.NoAudio, "silent"},
		{l.ToneMap, "mapped"},
		{l.MaxFPS > 0, "60 fps"},
		{l.Adaptive, "hls"},
		{l.Extras, "extras"},
	} {
		if word.said {
			b.WriteString(word.word + " ")
		}
	}
	return strings.TrimSpace(b.String())
}

func TestDecide(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		probe     storage.Probe
		steps     string
		mediaType string // of the copy
		ladder    string
	}{
		{
			name:      "a good source is copied, and smaller sizes are made for slow links",
			probe:     storagetest.ScreenProbe(nil),
			steps:     "copy poster listen encode",
			mediaType: `video/mp4; codecs="avc1.640028, mp4a.40.2"`,
			ladder: "1080p 1920x1080 copied; 720p 1280x720 crf 25 at most 2800000 +mp4; 480p 854x480 crf 25 at " +
				"most 700000; sound copied hls extras",
		},
		{
			name:  "a good small source is only copied",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) { p.Video.Width, p.Video.Height = 854, 480 }),
			steps: "copy poster listen preview storyboard", mediaType: `video/mp4; codecs="avc1.640028, mp4a.40.2"`,
			ladder: "none",
		},
		{
			name: "a copy that was tried and failed is encoded",
			probe: storagetest.ScreenProbe(
				func(p *storage.Probe) { p.Video.Width, p.Video.Height, p.NoCopy = 854, 480, true },
			),
			steps:  "poster listen encode",
			ladder: "480p 854x480 crf 23 at most 2667708 +mp4; extras",
		},
		{
			name: "H.264 with Opus plays at once in most browsers, and gets AAC without touching the picture",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) {
				p.Audio.Codec = "opus"
				p.Video.Profile = "Constrained Baseline"
			}),
			steps:     "copy poster listen encode",
			mediaType: `video/mp4; codecs="avc1.42E028, opus"`,
			ladder: "1080p 1920x1080 copied +mp4; 720p 1280x720 crf 25 at most 2800000 +mp4; 480p 854x480 crf 25 " +
				"at most 700000; hls extras",
		},
		{
			name: "4K H.264 is watchable as it came and scaled down for everyone",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) {
				p.Video.Width, p.Video.Height = 3840, 2160
				p.Video.CodedWidth, p.Video.CodedHeight, p.Video.BitrateBPS = 3840, 2160, 40_000_000
			}),
			steps:     "copy poster listen encode",
			mediaType: `video/mp4; codecs="avc1.640028, mp4a.40.2"`,
			ladder: "1080p 1920x1080 crf 23 at most 6000000 +mp4; 720p 1280x720 crf 25 at most 2800000 +mp4; " +
				"480p 854x480 crf 25 at most 700000; sound copied hls extras",
		},
		{
			name: "a live WebM is remuxed and then encoded",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) {
				p.Container, p.Video.Codec, p.Video.Tag, p.Audio.Codec = storage.ContainerWebM, "vp8", "", "opus"
			}),
			steps:     "copy poster listen encode",
			mediaType: `video/webm; codecs="vp8, opus"`,
			ladder: "1080p 1920x1080 crf 23 at most 3250000 +mp4; 720p 1280x720 crf 25 at most 2800000 +mp4; " +
				"480p 854x480 crf 25 at most 700000; hls extras",
		},
		{
			name: "a phone's portrait HDR HEVC waits for the encode",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) {
				*p.Video = storage.VideoStream{
					Codec:         "hevc",
					Profile:       "Main 10",
					Tag:           "hvc1",
					PixelFormat:   "yuv420p10le",
					Width:         2160,
					Height:        3840,
					CodedWidth:    3840,
					CodedHeight:   2160,
					Rotation:      90,
					FPS:           59.94,
					BitrateBPS:    50_000_000,
					KeyframeGapMS: 1000,
					ColorTransfer: "arib-std-b67",
				}
			}),
			steps: "poster listen encode",
			ladder: "1080p 1080x1920 crf 23 at most 6000000 +mp4; 720p 720x1280 crf 25 at most 2800000 +mp4; 480p " +
				"480x854 crf 25 at most 700000 30 fps; sound copied mapped hls extras",
		},
		{
			name:  "a resolution that changes inside is never copied",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) { p.Video.ResolutionMoves = true }),
			steps: "poster listen encode",
			ladder: "1080p 1920x1080 crf 23 at most 3250000 +mp4; 720p 1280x720 crf 25 at most 2800000 +mp4; 480p " +
				"854x480 crf 25 at most 700000; sound copied hls extras",
		},
		{
			name: "nothing is scaled up, and odd sizes become even downwards",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) {
				p.Video.Codec, p.Video.Width, p.Video.Height, p.Audio = "mpeg4", 641, 359, nil
			}),
			steps: "poster encode", ladder: "358p 640x358 crf 23 at most 1994436 +mp4; silent extras",
		},
		{
			name: "a rung hardly smaller than the one above is left out",
			probe: storagetest.ScreenProbe(func(p *storage.Probe) {
				p.Container, p.Video.Codec, p.Video.Width, p.Video.Height = storage.ContainerAVI, "mpeg4", 1280, 800
			}),
			steps: "poster listen encode",
			ladder: "800p 1280x800 crf 23 at most 3250000 +mp4; 480p 768x480 crf 25 at most 700000; sound copied " +
				"hls extras",
		},
		{
			name:      "120 frames a second become 60",
			probe:     storagetest.ScreenProbe(func(p *storage.Probe) { p.Video.FPS = 120 }),
			steps:     "copy poster listen encode",
			mediaType: `video/mp4; codecs="avc1.640028, mp4a.40.2"`,
			ladder: "1080p 1920x1080 crf 23 at most 3250000 +mp4; 720p 1280x720 crf 25 at most 2800000 +mp4; " +
				"480p 854x480 crf 25 at most 700000 30 fps; sound copied 60 fps hls extras",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			decided, err := plan.Decide(tc.probe, storage.DefaultLimits())
			if err != nil {
				t.Fatalf("Decide: %v", err)
			}
			var steps []string
			for _, s := range plan.Steps(decided) {
				steps = append(steps, string(s))
			}
			if got := strings.Join(steps, " "); got != tc.steps {
				t.Errorf("steps = %v, want %v", got, tc.steps)
			}
			var got string
			if decided.Copy != nil {
				got = decided.Copy.MediaType
			}
			if got != tc.mediaType {
				t.Errorf("media type of the copy = %q, want %q", got, tc.mediaType)
			}
			if got := told(decided.Ladder); got != tc.ladder {
				t.Errorf("ladder = %s\n      want %s", got, tc.ladder)
			}
		})
	}
}

func TestLoudnessBecomesOneGain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		lufs, peak float64
		want       float64
	}{
		{"a quiet voice is raised", -26, -12, 10},
		{"as far as its peaks allow", -26, -4, 3},
		{"and never by more than 12 dB", -40, -30, 12},
		{"what is loud is lowered", -9, -0.1, -7},
		{"what is nearly right is left alone", -16.5, -3, 0},
		{"silence stays silent", -70, -70, 0},
		{"clipping is taken back even from quiet sound", -24, 0, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			plan, err := plan.Decide(storagetest.ScreenProbe(func(p *storage.Probe) {
				p.Audio.Codec = "opus"
				p.Audio.Loudness = &storage.Loudness{LUFS: tc.lufs, PeakDBFS: tc.peak}
			}), storage.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if plan.Ladder.GainDB != tc.want {
				t.Errorf("gain = %v dB, want %v", plan.Ladder.GainDB, tc.want)
			}
		})
	}
}

func TestDecideRefusesPolitely(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		probe storage.Probe
		want  string // in the sentence
	}{
		{"no video", storage.Probe{DurationMS: 1000}, "contains no video"},
		{
			"a day long",
			storagetest.ScreenProbe(func(p *storage.Probe) { p.DurationMS = 24 * 3600 * 1000 }),
			"24 h long",
		},
		{
			"a giant frame",
			storagetest.ScreenProbe(func(p *storage.Probe) { p.Video.CodedWidth, p.Video.CodedHeight = 16000, 16000 }),
			"16000 × 16000",
		},
		{"no length", storagetest.ScreenProbe(func(p *storage.Probe) { p.DurationMS = 0 }), "no length"},
		{
			"millions of frames in a small file",
			storagetest.ScreenProbe(func(p *storage.Probe) { p.Video.Codec, p.Video.Frames = "mpeg4", 2_600_000 }),
			"of computing",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := plan.Decide(tc.probe, storage.DefaultLimits())
			if storage.KindOf(err) != storage.Unprocessable ||
				!strings.Contains(storage.MessageOf(err), tc.want) {
				t.Errorf("Decide = %v, want Unprocessable with %q", err, tc.want)
			}
		})
	}
}

func TestStateMachine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to storage.State
		want     bool
	}{
		{storage.StateUploading, storage.StateProcessing, true},
		{storage.StateProcessing, storage.StateReady, true},
		{storage.StateProcessing, storage.StateFailed, true},
		{storage.StateFailed, storage.StateProcessing, true},
		{storage.StateReady, storage.StateProcessing, false},
		{storage.StateReady, storage.StateFailed, false},
		{storage.StateUploading, storage.StateReady, false},
	}
	for _, tc := range tests {
		if got := tc.from.CanBecome(tc.to); got != tc.want {
			t.Errorf("%s can become %s = %v, want %v", tc.from, tc.to, got, tc.want)
		}
	}
	if got := storage.StateReady.From(); !slices.Equal(got, []storage.State{storage.StateProcessing}) {
		t.Errorf("ready comes from %v, want processing alone", got)
	}
}

func TestProgressOf(t *testing.T) {
	t.Parallel()
	stage := func(step storage.Step, state storage.StageState, progress float64) storage.Stage {
		return storage.Stage{Step: step, State: state, Progress: progress}
	}
	failed := stage(storage.StepEncode, storage.StageFailed, 0.5)
	failed.Message = "no"
	tests := []struct {
		name      string
		stages    []storage.Stage
		progress  float64
		improving bool
		warning   string
	}{
		{"nothing to do is done", nil, 1, false, ""},
		{"waiting is nought", []storage.Stage{stage(storage.StepInspect, storage.StageDue, 0)}, 0, true, ""},
		{
			"everything done is one",
			[]storage.Stage{
				stage(storage.StepInspect, storage.StageDone, 0),
				stage(storage.StepEncode, storage.StageDone, 0.9),
			},
			1,
			false,
			"",
		},
		{
			"half a ladder is half of its weight",
			[]storage.Stage{stage(storage.StepEncode, storage.StageRunning, 0.5)},
			0.4,
			true,
			"",
		},
		{"a failure is an end, with its sentence", []storage.Stage{failed}, 1, false, "no"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			progress, improving, warning := storage.ProgressOf(tc.stages)
			if progress != tc.progress || improving != tc.improving || warning != tc.warning {
				t.Errorf(
					"ProgressOf = %v, %v, %q; want %v, %v, %q",
					progress,
					improving,
					warning,
					tc.progress,
					tc.improving,
					tc.warning,
				)
			}
		})
	}
}

func TestKindsHaveAStatus(t *testing.T) {
	t.Parallel()
	for k := storage.Internal; k <= storage.Stalled; k++ {
		if k.String() == "" || k.Status() < 400 || k.Status() > 599 {
			t.Errorf("kind %d is %q with status %d", k, k, k.Status())
		}
	}
}

func TestRoughLengths(t *testing.T) {
	t.Parallel()
	_, err := plan.Decide(
		storagetest.ScreenProbe(func(p *storage.Probe) { p.DurationMS = 90 * 60 * 1000 }),
		storage.Limits{MaxDuration: time.Hour, MaxPixels: 1 << 30, MaxCPU: time.Hour},
	)
	if want := "This video is 1 h 30 min long; this site takes up to 1 h."; storage.MessageOf(
		err,
	) != want {
		t.Errorf("sentence = %q, want %q", storage.MessageOf(err), want)
	}
}
