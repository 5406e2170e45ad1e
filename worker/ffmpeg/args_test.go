package ffmpeg_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile"
	"meanwhile/worker/ffmpeg"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestArgs(t *testing.T) {
	picture := func(codec string, width, height int) *meanwhile.VideoStream {
		return &meanwhile.VideoStream{Codec: codec, Width: width, Height: height, CodedWidth: width, CodedHeight: height, FPS: 30, Frames: 1800}
	}
	probe := func(c meanwhile.Container, v *meanwhile.VideoStream, channels int) meanwhile.Probe {
		p := meanwhile.Probe{Container: c, SizeBytes: 20 << 20, DurationMS: 60_000, Streams: 2, Video: v}
		if channels > 0 {
			p.Audio = &meanwhile.AudioStream{Codec: "opus", Channels: channels, SampleRate: 48000}
		}
		return p
	}
	hdr := picture("hevc", 3840, 2160)
	hdr.ColorTransfer, hdr.ColorPrimaries, hdr.ColorSpace, hdr.FPS = "smpte2084", "bt2020", "bt2020nc", 120
	moving := picture("h264", 1272, 516)
	moving.Tag, moving.ResolutionMoves, moving.ColorSpace = "avc3", true, "bt709"
	full := meanwhile.Encode{Width: 1920, Height: 1080, CRF: 23, MaxrateBPS: 6_000_000}
	with := func(change func(*meanwhile.Encode)) meanwhile.Encode { e := full; change(&e); return e }

	for name, args := range map[string][]string{
		"probe-mp4":         ffmpeg.ProbeArgs("/in", meanwhile.ContainerMP4, false),
		"probe-webm-header": ffmpeg.ProbeArgs("/in", meanwhile.ContainerWebM, true),
		"copy-mp4":          ffmpeg.CopyArgs("/in", "/out/copy.mp4", probe("mp4", picture("h264", 1920, 1080), 2), meanwhile.Copy{Container: "mp4"}),
		"copy-mp4-resized":  ffmpeg.CopyArgs("/in", "/out/copy.mp4", probe("mp4", moving, 2), meanwhile.Copy{Container: "mp4"}),
		"copy-webm":         ffmpeg.CopyArgs("/in", "/out/copy.webm", probe("webm", picture("vp8", 800, 360), 2), meanwhile.Copy{Container: "webm"}),
		"copy-mkv-hevc":     ffmpeg.CopyArgs("/in", "/out/copy.mp4", probe("mkv", picture("hevc", 1920, 1080), 2), meanwhile.Copy{Container: "mp4"}),
		"encode":            ffmpeg.EncodeArgs("/in", "/out/1080p.mp4", probe("webm", picture("vp9", 1920, 1080), 2), full),
		"encode-hdr-capped": ffmpeg.EncodeArgs("/in", "/out/1080p.mp4", probe("mp4", hdr, 6), with(func(e *meanwhile.Encode) { e.ToneMap, e.MaxFPS = true, 60 })),
		"encode-mono":       ffmpeg.EncodeArgs("/in", "/out/1080p.mp4", probe("avi", picture("mpeg4", 640, 480), 1), with(func(e *meanwhile.Encode) { e.Width, e.Height = 640, 480 })),
		"encode-resized":    ffmpeg.EncodeArgs("/in", "/out/516p.mp4", probe("mp4", moving, 2), with(func(e *meanwhile.Encode) { e.Width, e.Height = 1272, 516 })),
		"encode-sound-only": ffmpeg.EncodeArgs("/in", "/out/1080p.mp4", probe("mp4", picture("h264", 1920, 1080), 2), with(func(e *meanwhile.Encode) { e.CopyVideo = true })),
		"encode-silent":     ffmpeg.EncodeArgs("/in", "/out/1080p.mp4", probe("mp4", picture("vp8", 1920, 1080), 0), with(func(e *meanwhile.Encode) { e.NoAudio = true })),
		"poster":            ffmpeg.PosterArgs("/in", "/out/poster.jpg", probe("mp4", picture("h264", 1920, 1080), 2), false),
		"poster-hdr-first":  ffmpeg.PosterArgs("/in", "/out/poster.jpg", probe("mp4", hdr, 2), true),
		"decode":            ffmpeg.DecodeArgs("/in", meanwhile.ContainerMP4, time.Minute, false),
		"decode_copied":     ffmpeg.DecodeArgs("/in", meanwhile.ContainerMP4, time.Minute, true),
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
	probe := func(width, height int, fps float64, d time.Duration) meanwhile.Probe {
		return meanwhile.Probe{
			SizeBytes: int64(d.Seconds()) * 1_000_000, DurationMS: d.Milliseconds(), Audio: &meanwhile.AudioStream{Codec: "aac", Channels: 2},
			Video: &meanwhile.VideoStream{CodedWidth: width, CodedHeight: height, Width: width, Height: height, FPS: fps, Frames: int64(fps * d.Seconds())},
		}
	}
	full := meanwhile.Encode{Width: 1920, Height: 1080, MaxFPS: 60}
	for _, tc := range []struct {
		name       string
		probe      meanwhile.Probe
		encode     meanwhile.Encode
		least      time.Duration // measured: it must be allowed at least this
		affordable bool
	}{
		{name: "a minute of 1080p30 from a noisy camera", probe: probe(1920, 1080, 30, time.Minute), encode: full, least: 68 * time.Second, affordable: true},
		{name: "a minute of 4K60 from a phone", probe: probe(3840, 2160, 60, time.Minute), encode: full, least: 234 * time.Second, affordable: true},
		{name: "four hours of 1080p60", probe: probe(1920, 1080, 60, 4*time.Hour), encode: full, least: 4 * time.Hour, affordable: true},
		{name: "four hours of 36 megapixels at 60", probe: probe(6000, 6000, 60, 4*time.Hour), encode: full},
		{name: "the same when only its sound is made", probe: probe(6000, 6000, 60, 4*time.Hour), encode: meanwhile.Encode{CopyVideo: true}, affordable: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ffmpeg.Budget(tc.probe, tc.encode); got < 3*tc.least/2 {
				t.Errorf("Budget() = %s, too little for work that takes %s", got, tc.least)
			}
			if cost := meanwhile.EncodeCost(tc.probe, tc.encode); (cost <= meanwhile.DefaultLimits().MaxCPU) != tc.affordable {
				t.Errorf("EncodeCost() = %s, within the limit: want %v", cost, tc.affordable)
			}
		})
	}
}

func TestKnownHoles(t *testing.T) {
	for version, bad := range map[string]bool{
		"5.1.9-0+deb12u1": false, "5.1.1-1": true, "4.4.2-0ubuntu0.22.04.1": true, "n6.1.1": true, "8.0.1": false, "N-113007-g8d24a28d06": false,
	} {
		if got := ffmpeg.KnownHoles(version); (got != "") != bad {
			t.Errorf("KnownHoles(%s) = %q", version, got)
		}
	}
}
