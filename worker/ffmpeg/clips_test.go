package ffmpeg_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// newTools finds the programs and uses the sandbox that this machine has.
func newTools(t testing.TB, o ffmpeg.Options) *ffmpeg.Tools {
	t.Helper()
	tools, err := ffmpeg.New(t.Context(), o)
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	return tools
}

// mustFFmpeg runs ffmpeg outside the sandbox.
func mustFFmpeg(t testing.TB, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error", "-nostdin", "-y"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func mustWrite(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// mustProbe sniffs and probes a file that must be good.
func mustProbe(t testing.TB, tools *ffmpeg.Tools, path string) ffmpeg.Source {
	t.Helper()
	container, err := ffmpeg.Sniff(path)
	if err != nil {
		t.Fatalf("Sniff(%s) = %v", filepath.Base(path), err)
	}
	probe, err := tools.Probe(t.Context(), path, container)
	if err != nil {
		t.Fatalf("Probe(%s) = %v", filepath.Base(path), err)
	}
	return ffmpeg.Source{Path: path, Probe: probe}
}

func length(p storage.Probe) time.Duration { return time.Duration(p.DurationMS) * time.Millisecond }

// ladderOf is a ladder of one plain rendition in the source's own size.
func ladderOf(p storage.Probe) storage.Ladder {
	return storage.Ladder{ToneMap: p.Video.HDR(), NoAudio: p.Audio == nil, Rungs: []storage.Rung{
		{
			Name:        "own",
			Width:       p.Video.Width &^ 1,
			Height:      p.Video.Height &^ 1,
			CRF:         23,
			MaxrateBPS:  4_000_000,
			Progressive: true,
		},
	}}
}

func near(got, want, by int64) bool { return got >= want-by && got <= want+by }

// colour is the mean red, green and blue of a part of the frame at a time.
func colour(t testing.TB, path, at, part string) [3]int {
	t.Helper()
	cmd := exec.CommandContext(
		t.Context(),
		"ffmpeg",
		"-v",
		"error",
		"-nostdin",
		"-ss",
		at,
		"-i",
		path,
		"-frames:v",
		"1",
		"-vf",
		"crop="+part+",scale=8:8:flags=area,scale=1:1:flags=area",
		"-f",
		"rawvideo",
		"-pix_fmt",
		"rgb24",
		"-",
	)
	out, err := cmd.Output()
	if err != nil || len(out) != 3 {
		t.Fatalf("read the colour of %s at %s: %v, %d bytes", filepath.Base(path), at, err, len(out))
	}
	return [3]int{int(out[0]), int(out[1]), int(out[2])}
}

// field asks ffprobe, outside the sandbox, for one value of one stream.
func field(t testing.TB, path, stream, entry string) string {
	t.Helper()
	cmd := exec.CommandContext(
		t.Context(),
		"ffprobe",
		"-v",
		"error",
		"-select_streams",
		stream,
		"-show_entries",
		entry,
		"-of",
		"csv=p=0",
		path,
	)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffprobe %s: %v", filepath.Base(path), err)
	}
	return strings.TrimSpace(string(out))
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.TrimRight(s, ",\n"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// samples are the recordings of real browsers, by name: from MEANWHILE_SAMPLES, from the folder
// beside the checkout, or else imitations of them made on the spot.
func samples(t testing.TB) map[string]string {
	t.Helper()
	for _, folder := range []string{os.Getenv("MEANWHILE_SAMPLES"), "../../../shared/samples"} {
		found := map[string]string{}
		for _, pattern := range []string{"*.mp4", "*.webm"} {
			paths, _ := filepath.Glob(filepath.Join(folder, pattern))
			for _, path := range paths {
				found[filepath.Base(path)] = path
			}
		}
		if folder != "" && len(found) > 0 {
			return found
		}
	}
	return likenesses(t)
}

func likenesses(t testing.TB) map[string]string {
	t.Helper()
	const (
		picture   = "-f lavfi -i testsrc2=s=640x360:r=30:d=4 "
		sound     = "-f lavfi -i sine=r=48000:d=4 "
		longSound = "-f lavfi -i sine=r=48000:d=7 "
		h264      = "-c:v libx264 -preset ultrafast -g 60 -pix_fmt yuv420p "
		fragments = "-movflags frag_keyframe+empty_moov+default_base_moof -f mp4"
	)
	found := map[string]string{}
	for name, words := range map[string]string{
		"chromium-vp8-paused.webm": picture +
			sound + "-c:v libvpx -deadline realtime -b:v 500k -c:a libopus -live 1 -f webm",
		"chromium-avc1-opus-2s-keyframes.mp4": picture + sound + h264 + "-c:a libopus " + fragments,
		"chromium-stop-sharing.mp4":           picture + longSound + h264 + "-c:a libopus " + fragments,
		"two-tracks-screen.mp4":               picture + sound + h264 + "-c:a libopus " + fragments,
		"two-tracks-camera.mp4":               picture + h264 + fragments,
		"mediabunny-avc-aac.mp4":              picture + sound + h264 + "-c:a aac -movflags +faststart",
	} {
		found[name] = ffmpegtest.Clip(t, name, words)
	}
	var both bytes.Buffer
	for _, size := range []string{"1272x516", "892x436"} {
		both.Write(mustRead(t, ffmpegtest.Clip(t, "part.h264", "-f lavfi -i testsrc2=s="+
			size+":r=30:d=2 "+h264+"-f h264")))
	}
	const name = "chromium-avc3-resized.mp4"
	found[name] = ffmpegtest.Clip(t, name, "-r 30 -f h264 -i "+
		mustWrite(t, "both.h264", both.Bytes())+" -c copy "+fragments)
	return found
}
