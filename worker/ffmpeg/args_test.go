package ffmpeg_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestArgs(t *testing.T) {
	t.Parallel()
	picture := func(codec string, width, height int) *storage.VideoStream {
		return &storage.VideoStream{
			Codec:       codec,
			Width:       width,
			Height:      height,
			CodedWidth:  width,
			CodedHeight: height,
			FPS:         30,
			Frames:      1800,
		}
	}
	probe := func(c storage.Container, v *storage.VideoStream, channels int) storage.Probe {
		p := storage.Probe{Container: c, SizeBytes: 20 << 20, DurationMS: 60_000, Streams: 2, Video: v}
		if channels > 0 {
			p.Audio = &storage.AudioStream{Codec: "opus", Channels: channels, SampleRate: 48000}
		}
		return p
	}
	hdr := picture("hevc", 3840, 2160)
	hdr.ColorTransfer, hdr.ColorPrimaries, hdr.ColorSpace, hdr.FPS = "smpte2084", "bt2020", "bt2020nc", 120
	moving := picture("h264", 1272, 516)
	moving.Tag, moving.ResolutionMoves, moving.ColorSpace = "avc3", true, "bt709"
	full := storage.Ladder{
		Rungs: []storage.Rung{
			{Name: "1080p", Width: 1920, Height: 1080, CRF: 23, MaxrateBPS: 6_000_000, Progressive: true},
		},
	}
	with := func(change func(*storage.Ladder)) storage.Ladder {
		l := full
		l.Rungs = slices.Clone(full.Rungs)
		change(&l)
		return l
	}
	board := storage.Storyboard{Width: 160, Height: 90, Columns: 10, Rows: 6, Tiles: 60, Interval: time.Second}

	for name, args := range map[string][]string{
		"probe-mp4":         ffmpeg.ProbeArgs("/in", storage.ContainerMP4, false),
		"probe-webm-header": ffmpeg.ProbeArgs("/in", storage.ContainerWebM, true),
		"copy-mp4": ffmpeg.CopyArgs("/in", "/out/copy.mp4", probe(
			"mp4",
			picture("h264", 1920, 1080),
			2,
		), storage.Copy{
			Container: "mp4",
		}),
		"copy-mp4-resized": ffmpeg.CopyArgs("/in", "/out/copy.mp4", probe("mp4", moving, 2), storage.Copy{
			Container: "mp4",
		}),
		"copy-webm": ffmpeg.CopyArgs("/in", "/out/copy.webm", probe(
			"webm",
			picture("vp8", 800, 360),
			2,
		), storage.Copy{
			Container: "webm",
		}),
		"copy-mkv-hevc": ffmpeg.CopyArgs("/in", "/out/copy.mp4", probe(
			"mkv",
			picture("hevc", 1920, 1080),
			2,
		), storage.Copy{
			Container: "mp4",
		}),
		"ladder": ffmpeg.LadderArgs(
			"/in",
			"/out",
			probe("webm", picture("vp9", 1920, 1080), 2),
			full,
			board,
		),
		"ladder-hdr-capped": ffmpeg.LadderArgs(
			"/in",
			"/out",
			probe("mp4", hdr, 6),
			with(func(l *storage.Ladder) { l.ToneMap, l.MaxFPS = true, 60 }),
			board,
		),
		"ladder-mono": ffmpeg.LadderArgs(
			"/in",
			"/out",
			probe("avi", picture("mpeg4", 640, 480), 1),
			with(func(l *storage.Ladder) { l.Rungs[0].Width, l.Rungs[0].Height = 640, 480 }),
			board,
		),
		"ladder-resized": ffmpeg.LadderArgs(
			"/in",
			"/out",
			probe("mp4", moving, 2),
			with(func(l *storage.Ladder) { l.Rungs[0].Width, l.Rungs[0].Height = 1272, 516 }),
			board,
		),
		"ladder-sound-only": ffmpeg.LadderArgs(
			"/in",
			"/out",
			probe("mp4", picture("h264", 1920, 1080), 2),
			with(func(l *storage.Ladder) { l.Rungs[0].Copy = true }),
			board,
		),
		"ladder-silent": ffmpeg.LadderArgs(
			"/in",
			"/out",
			probe("mp4", picture("vp8", 1920, 1080), 0),
			with(func(l *storage.Ladder) { l.NoAudio = true }),
			board,
		),
		"ladder-rungs": ffmpeg.LadderArgs("/in", "/out of 'all'", probe(
			"webm",
			picture("vp9", 1920, 1080),
			2,
		), with(func(l *storage.Ladder) {
			l.Rungs = append(l.Rungs, storage.Rung{
				Name:       "480p",
				Width:      854,
				Height:     480,
				CRF:        25,
				MaxrateBPS: 700_000,
				MaxFPS:     15,
			})
			l.Adaptive, l.Extras, l.GainDB = true, true, -3.5
		}), board),
		"listen":      ffmpeg.ListenArgs("/in", "/out/speech.flac", probe("webm", picture("vp9", 1920, 1080), 2)),
		"preview":     ffmpeg.PreviewArgs("/in", "/out/preview.mp4", probe("webm", picture("vp9", 1920, 1080), 2)),
		"preview-hdr": ffmpeg.PreviewArgs("/in", "/out/preview.mp4", probe("mp4", hdr, 2)),
		"storyboard": ffmpeg.StoryboardArgs(
			"/in",
			"/out/storyboard.jpg",
			probe("webm", picture("vp9", 1920, 1080), 2),
			board,
			true,
		),
		"storyboard-hdr": ffmpeg.StoryboardArgs("/in", "/out/storyboard.jpg", probe("mp4", hdr, 2), board, false),
		"poster": ffmpeg.PosterArgs(
			"/in",
			"/out/poster.jpg",
			probe("mp4", picture("h264", 1920, 1080), 2),
			true,
		),
		"poster-hdr-first": ffmpeg.PosterArgs("/in", "/out/poster.jpg", probe("mp4", hdr, 2), false),
		"decode-copied": ffmpeg.DecodeArgs([]ffmpeg.Ends{
			{In: "/in", Container: storage.ContainerWebM, KeyFrames: true},
		}),
		"decode-ladder": ffmpeg.DecodeArgs([]ffmpeg.Ends{
			{In: "/in", Container: storage.ContainerMP4, Cut: true},
			{In: "/beside0", Container: storage.ContainerMP4, KeyFrames: true},
			{In: "/beside1", Container: storage.ContainerMP4},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(args, "\n") + "\n"
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(mustRead(t, golden)), got); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	probe := func(width, height int, fps float64, d time.Duration) storage.Probe {
		return storage.Probe{
			SizeBytes:  int64(d.Seconds()) * 1_000_000,
			DurationMS: d.Milliseconds(),
			Audio:      &storage.AudioStream{Codec: "aac", Channels: 2},
			Video: &storage.VideoStream{
				CodedWidth:  width,
				CodedHeight: height,
				Width:       width,
				Height:      height,
				FPS:         fps,
				Frames:      int64(fps * d.Seconds()),
			},
		}
	}
	full := storage.Ladder{MaxFPS: 60, Rungs: []storage.Rung{{Width: 1920, Height: 1080}}}
	for _, tc := range []struct {
		name       string
		probe      storage.Probe
		ladder     storage.Ladder
		least      time.Duration // measured: the minimum that must be allowed
		affordable bool
	}{
		{
			name:       "a minute of 1080p30 from a noisy camera",
			probe:      probe(1920, 1080, 30, time.Minute),
			ladder:     full,
			least:      68 * time.Second,
			affordable: true,
		},
		{
			name:       "a minute of 4K60 from a phone",
			probe:      probe(3840, 2160, 60, time.Minute),
			ladder:     full,
			least:      234 * time.Second,
			affordable: true,
		},
		{
			name:       "four hours of 1080p60",
			probe:      probe(1920, 1080, 60, 4*time.Hour),
			ladder:     full,
			least:      4 * time.Hour,
			affordable: true,
		},
		{name: "four hours of 36 megapixels at 60", probe: probe(6000, 6000, 60, 4*time.Hour), ladder: full},
		{
			name:       "the same when only its sound is made",
			probe:      probe(6000, 6000, 60, 4*time.Hour),
			ladder:     storage.Ladder{Rungs: []storage.Rung{{Copy: true}}},
			affordable: true,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ffmpeg.Budget(tc.probe, tc.ladder); got < 3*tc.least/2 {
				t.Errorf("Budget() = %s, too little for work that takes %s", got, tc.least)
			}
			if cost := plan.LadderCost(
				tc.probe,
				tc.ladder,
			); (cost <= storage.DefaultLimits().MaxCPU) != tc.affordable {
				t.Errorf("LadderCost() = %s, within the limit: want %v", cost, tc.affordable)
			}
		})
	}
}

func TestKnownHoles(t *testing.T) {
	t.Parallel()
	for version, bad := range map[string]bool{
		"5.1.9-0+deb12u1": false, "5.1.1-1": true, "4.4.2-0ubuntu0.22.04.1": true,
		"n6.1.1": true, "8.0.1": false, "N-113007-g8d24a28d06": false,
	} {
		if got := ffmpeg.KnownHoles(version); (got != "") != bad {
			t.Errorf("KnownHoles(%s) = %q", version, got)
		}
	}
}
