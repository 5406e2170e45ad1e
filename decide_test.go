package meanwhile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"meanwhile"
)

// screen is a browser's recording of a screen: what most sources look like.
func screen(change func(*meanwhile.Probe)) meanwhile.Probe {
	p := meanwhile.Probe{
		Container: meanwhile.ContainerMP4, SizeBytes: 20_000_000, DurationMS: 60_000, Streams: 2,
		Video: &meanwhile.VideoStream{
			Codec: "h264", Profile: "High", Level: 40, Tag: "avc1", PixelFormat: "yuv420p", Width: 1920, Height: 1080, CodedWidth: 1920, CodedHeight: 1080,
			FPS: 30, BitrateBPS: 2_500_000, KeyframeGapMS: 2000, Frames: 1800,
		},
		Audio: &meanwhile.AudioStream{Codec: "aac", Channels: 2, SampleRate: 48000, BitrateBPS: 128_000},
	}
	if change != nil {
		change(&p)
	}
	return p
}

func TestDecide(t *testing.T) {
	tests := []struct {
		name      string
		probe     meanwhile.Probe
		steps     []meanwhile.Step
		mediaType string // of the copy
		encode    meanwhile.Encode
	}{
		{
			name: "a good source is copied and nothing is encoded", probe: screen(nil),
			steps: []meanwhile.Step{meanwhile.StepCopy, meanwhile.StepPoster}, mediaType: `video/mp4; codecs="avc1.640028, mp4a.40.2"`,
			encode: meanwhile.Encode{CopyAudio: true, Width: 1920, Height: 1080, CRF: 23, MaxrateBPS: 3_250_000, Name: "1080p.mp4"},
		},
		{
			name: "H.264 with Opus plays at once in most browsers, and gets AAC without touching the picture",
			probe: screen(func(p *meanwhile.Probe) {
				p.Audio.Codec = "opus"
				p.Video.Profile = "Constrained Baseline"
			}),
			steps: []meanwhile.Step{meanwhile.StepCopy, meanwhile.StepPoster, meanwhile.StepEncode}, mediaType: `video/mp4; codecs="avc1.42E028, opus"`,
			encode: meanwhile.Encode{CopyVideo: true, Width: 1920, Height: 1080, CRF: 23, MaxrateBPS: 3_250_000, Name: "1080p.mp4"},
		},
		{
			name: "4K H.264 is watchable as it came and scaled down for everyone",
			probe: screen(func(p *meanwhile.Probe) {
				p.Video.Width, p.Video.Height, p.Video.CodedWidth, p.Video.CodedHeight, p.Video.BitrateBPS = 3840, 2160, 3840, 2160, 40_000_000
			}),
			steps: []meanwhile.Step{meanwhile.StepCopy, meanwhile.StepPoster, meanwhile.StepEncode}, mediaType: `video/mp4; codecs="avc1.640028, mp4a.40.2"`,
			encode: meanwhile.Encode{CopyAudio: true, Width: 1920, Height: 1080, CRF: 23, MaxrateBPS: 6_000_000, Name: "1080p.mp4"},
		},
		{
			name: "a live WebM is remuxed and then encoded",
			probe: screen(func(p *meanwhile.Probe) {
				p.Container, p.Video.Codec, p.Video.Tag, p.Audio.Codec = meanwhile.ContainerWebM, "vp8", "", "opus"
			}),
			steps: []meanwhile.Step{meanwhile.StepCopy, meanwhile.StepPoster, meanwhile.StepEncode}, mediaType: `video/webm; codecs="vp8, opus"`,
			encode: meanwhile.Encode{Width: 1920, Height: 1080, CRF: 23, MaxrateBPS: 3_250_000, Name: "1080p.mp4"},
		},
		{
			name: "a phone's portrait HDR HEVC waits for the encode",
			probe: screen(func(p *meanwhile.Probe) {
				*p.Video = meanwhile.VideoStream{Codec: "hevc", Profile: "Main 10", Tag: "hvc1", PixelFormat: "yuv420p10le", Width: 2160, Height: 3840, CodedWidth: 3840, CodedHeight: 2160,
					Rotation: 90, FPS: 59.94, BitrateBPS: 50_000_000, KeyframeGapMS: 1000, ColorTransfer: "arib-std-b67"}
			}),
			steps:  []meanwhile.Step{meanwhile.StepPoster, meanwhile.StepEncode},
			encode: meanwhile.Encode{CopyAudio: true, Width: 1080, Height: 1920, CRF: 23, MaxrateBPS: 6_000_000, ToneMap: true, Name: "1080p.mp4"},
		},
		{
			name:   "a resolution that changes inside is never copied",
			probe:  screen(func(p *meanwhile.Probe) { p.Video.ResolutionMoves = true }),
			steps:  []meanwhile.Step{meanwhile.StepPoster, meanwhile.StepEncode},
			encode: meanwhile.Encode{CopyAudio: true, Width: 1920, Height: 1080, CRF: 23, MaxrateBPS: 3_250_000, Name: "1080p.mp4"},
		},
		{
			name: "nothing is scaled up, and odd sizes become even downwards",
			probe: screen(func(p *meanwhile.Probe) {
				p.Video.Codec, p.Video.Width, p.Video.Height, p.Audio = "mpeg4", 641, 359, nil
			}),
			steps:  []meanwhile.Step{meanwhile.StepPoster, meanwhile.StepEncode},
			encode: meanwhile.Encode{NoAudio: true, Width: 640, Height: 358, CRF: 23, MaxrateBPS: 1_994_436, Name: "358p.mp4"},
		},
		{
			name: "120 frames a second become 60", probe: screen(func(p *meanwhile.Probe) { p.Video.FPS = 120 }),
			steps: []meanwhile.Step{meanwhile.StepCopy, meanwhile.StepPoster, meanwhile.StepEncode}, mediaType: `video/mp4; codecs="avc1.640028, mp4a.40.2"`,
			encode: meanwhile.Encode{CopyAudio: true, Width: 1920, Height: 1080, MaxFPS: 60, CRF: 23, MaxrateBPS: 3_250_000, Name: "1080p.mp4"},
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			plan, err := meanwhile.Decide(tc.probe, meanwhile.DefaultLimits())
			if err != nil {
				t.Fatalf("Decide: %v", err)
			}
			if got := plan.Steps(); !slices.Equal(got, tc.steps) {
				t.Errorf("steps = %v, want %v", got, tc.steps)
			}
			var got string
			if plan.Copy != nil {
				got = plan.Copy.MediaType
			}
			if got != tc.mediaType {
				t.Errorf("media type of the copy = %q, want %q", got, tc.mediaType)
			}
			if *plan.Encode != tc.encode {
				t.Errorf("encode = %+v, want %+v", *plan.Encode, tc.encode)
			}
		})
	}
}

func TestDecideRefusesPolitely(t *testing.T) {
	tests := []struct {
		name  string
		probe meanwhile.Probe
		want  string // in the sentence
	}{
		{"no video", meanwhile.Probe{DurationMS: 1000, Audio: &meanwhile.AudioStream{Codec: "aac"}}, "holds no video"},
		{"a day long", screen(func(p *meanwhile.Probe) { p.DurationMS = 24 * 3600 * 1000 }), "24 h long"},
		{"a giant frame", screen(func(p *meanwhile.Probe) { p.Video.CodedWidth, p.Video.CodedHeight = 16000, 16000 }), "16000 × 16000"},
		{"no length", screen(func(p *meanwhile.Probe) { p.DurationMS = 0 }), "no length"},
		{"millions of frames in a small file", screen(func(p *meanwhile.Probe) { p.Video.Codec, p.Video.Frames = "mpeg4", 2_600_000 }), "of computing"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := meanwhile.Decide(tc.probe, meanwhile.DefaultLimits())
			if meanwhile.KindOf(err) != meanwhile.Unprocessable || !strings.Contains(meanwhile.MessageOf(err), tc.want) {
				t.Errorf("Decide = %v, want Unprocessable with %q", err, tc.want)
			}
		})
	}
}

func TestStateMachine(t *testing.T) {
	tests := []struct {
		from, to meanwhile.State
		want     bool
	}{
		{meanwhile.StateUploading, meanwhile.StateProcessing, true},
		{meanwhile.StateProcessing, meanwhile.StateReady, true},
		{meanwhile.StateProcessing, meanwhile.StateFailed, true},
		{meanwhile.StateFailed, meanwhile.StateProcessing, true},
		{meanwhile.StateReady, meanwhile.StateProcessing, false},
		{meanwhile.StateReady, meanwhile.StateFailed, false},
		{meanwhile.StateUploading, meanwhile.StateReady, false},
	}
	for _, tc := range tests {
		if got := tc.from.CanBecome(tc.to); got != tc.want {
			t.Errorf("%s can become %s = %v, want %v", tc.from, tc.to, got, tc.want)
		}
	}
	if got := meanwhile.StateReady.From(); !slices.Equal(got, []meanwhile.State{meanwhile.StateProcessing}) {
		t.Errorf("ready comes from %v, want processing alone", got)
	}
}

func TestProgressOf(t *testing.T) {
	stage := func(step meanwhile.Step, state meanwhile.StageState, progress float64) meanwhile.Stage {
		return meanwhile.Stage{Step: step, State: state, Progress: progress}
	}
	failed := stage(meanwhile.StepEncode, meanwhile.StageFailed, 0.5)
	failed.Message = "no"
	tests := []struct {
		name      string
		stages    []meanwhile.Stage
		progress  float64
		improving bool
		warning   string
	}{
		{"nothing to do is done", nil, 1, false, ""},
		{"waiting is nought", []meanwhile.Stage{stage(meanwhile.StepInspect, meanwhile.StageDue, 0)}, 0, true, ""},
		{"everything done is one", []meanwhile.Stage{stage(meanwhile.StepInspect, meanwhile.StageDone, 0), stage(meanwhile.StepEncode, meanwhile.StageDone, 0.9)}, 1, false, ""},
		{"half an encode is half of its weight", []meanwhile.Stage{stage(meanwhile.StepEncode, meanwhile.StageRunning, 0.5)}, 0.5, true, ""},
		{"a failure is an end, with its sentence", []meanwhile.Stage{failed}, 1, false, "no"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			progress, improving, warning := meanwhile.ProgressOf(tc.stages)
			if progress != tc.progress || improving != tc.improving || warning != tc.warning {
				t.Errorf("ProgressOf = %v, %v, %q; want %v, %v, %q", progress, improving, warning, tc.progress, tc.improving, tc.warning)
			}
		})
	}
}

func TestKindsHaveAStatus(t *testing.T) {
	for k := meanwhile.Internal; k <= meanwhile.Full; k++ {
		if k.String() == "" || k.Status() < 400 || k.Status() > 599 {
			t.Errorf("kind %d is %q with status %d", k, k, k.Status())
		}
	}
}

func TestRoughLengths(t *testing.T) {
	_, err := meanwhile.Decide(screen(func(p *meanwhile.Probe) { p.DurationMS = 90 * 60 * 1000 }), meanwhile.Limits{MaxDuration: time.Hour, MaxPixels: 1 << 30, MaxCPU: time.Hour})
	if want := "This video is 1 h 30 min long; this site takes up to 1 h. Your original is kept."; meanwhile.MessageOf(err) != want {
		t.Errorf("sentence = %q, want %q", meanwhile.MessageOf(err), want)
	}
}
