package ffmpeg_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
	"meanwhile/worker/media"
)

// ffmpeg arguments for clips that become a Faststart.
const (
	picture = "-f lavfi -i testsrc2=s=320x240:r=30:d=6 "
	voice   = "-f lavfi -i sine=f=300:d=6:r=48000 "
	h264    = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 60 "
)

func TestFaststartHoldsTheSamplesOfItsSource(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	cases := []struct{ name, file, words string }{
		{"index behind the media", "a.mp4", picture + voice + h264 + "-c:a aac"},
		{"index in front", "a.mp4", picture + voice + h264 + "-c:a aac -movflags +faststart"},
		{
			"pictures out of order",
			"a.mp4",
			picture + voice + "-c:v libx264 -preset veryfast -bf 3 -b_strategy 0 -pix_fmt yuv420p -g 60 -c:a aac",
		},
		{
			"pictures out of order in fragments",
			"a.mp4",
			picture + voice + "-c:v libx264 -preset veryfast -bf 3 -b_strategy 0 -pix_fmt yuv420p -g 60 -c:a aac " +
				"-movflags +frag_keyframe+empty_moov+default_base_moof",
		},
		{
			"signed offsets and no edits",
			"a.mp4",
			picture + voice + "-c:v libx264 -preset veryfast -bf 2 -pix_fmt yuv420p -g 60 -c:a aac -movflags " +
				"+negative_cts_offsets -use_editlist 0",
		},
		{
			"fragments, as browsers record them",
			"a.mp4",
			picture + voice + h264 + "-c:a libopus -movflags +frag_keyframe+empty_moov+default_base_moof",
		},
		{
			"fragments with offsets from the file's beginning",
			"a.mp4",
			picture + voice + h264 + "-c:a aac -movflags +frag_keyframe+empty_moov",
		},
		{"no sound", "a.mp4", picture + h264},
		{
			"a QuickTime file with words and a time code",
			"a.mov",
			picture + voice + h264 +
				"-c:a aac -timecode 01:00:00:00 -metadata location=+51.5-0.1/ -metadata title=Secret",
		},
		{"sound that comes later", "a.mp4", picture + "-itsoffset 1.5 " + voice + h264 + "-c:a aac -shortest"},
		{
			"sound that comes later, in fragments",
			"a.mp4",
			picture + "-itsoffset 1.5 " +
				voice + h264 + "-c:a libopus -movflags +frag_keyframe+empty_moov+default_base_moof",
		},
		{
			"two sounds",
			"a.mp4",
			picture + voice + "-f lavfi -i sine=f=700:d=6 -map 0 -map 1 -map 2 " + h264 + "-c:a aac",
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			checkFaststart(t, tools, ffmpegtest.Clip(t, tc.file, tc.words))
		})
	}
}

// checkFaststart compares a copy made without ffmpeg with what ffmpeg sees in the source.
func checkFaststart(t *testing.T, tools *ffmpeg.Tools, source string) {
	t.Helper()
	path, f := mustFaststart(t, source)
	if info, err := os.Stat(path); err != nil || info.Size() != f.SizeBytes {
		t.Errorf("the file holds %v bytes (%v), promised were %d", info.Size(), err, f.SizeBytes)
	}
	if diff := cmp.Diff(packetsOf(t, source), packetsOf(t, path)); diff != "" {
		t.Errorf("packets (-source +copy):\n%s", diff)
	}
	mustFFmpeg(t, "-xerror", "-i", path, "-f", "null", "-")
	checkIndexFirst(t, path, storage.ContainerMP4)
	if content := string(
		mustRead(t, path)[:len(f.Head)],
	); strings.Contains(content, "Secret") || strings.Contains(content, "51.5") ||
		strings.Contains(content, "tmcd") {
		t.Error("words of the source are left in the head")
	}
	info, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tools.ProbeFaststart(t.Context(), path, f, info.Size())
	if err != nil {
		t.Fatalf("ProbeFaststart() = %v", err)
	}
	want := mustProbe(t, tools, source).Probe
	// ffprobe's packets have times in milliseconds and a guessed last length.
	near := cmpopts.EquateApprox(0.02, 0)
	nearly := cmp.FilterPath(func(p cmp.Path) bool {
		return slices.Contains([]string{"DurationMS", "BitrateBPS", "KeyframeGapMS"}, p.Last().String()[1:])
	},
		cmp.Comparer(func(a, b int64) bool {
			return (a-b)*(a-b) <= 40*40 ||
				float64(max(a, b)) <= 1.02*float64(min(a, b))
		}))
	if diff := cmp.Diff(want, got, near, nearly, cmpopts.IgnoreFields(storage.VideoStream{}, "Tag")); diff != "" {
		t.Errorf("ProbeFaststart() (-walked +read):\n%s", diff)
	}
}

// mustFaststart writes the Faststart of a file.
func mustFaststart(t *testing.T, source string) (string, media.Faststart) {
	t.Helper()
	in, err := os.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, ok, err := media.PlanFaststart(in, info.Size())
	if err != nil || !ok {
		t.Fatalf("PlanFaststart() = %t, %v", ok, err)
	}
	path := filepath.Join(t.TempDir(), "faststart.mp4")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.Write(f.Head); err != nil {
		t.Fatal(err)
	}
	for _, r := range f.Ranges {
		if _, err := io.Copy(out, io.NewSectionReader(in, r.Start, r.Length)); err != nil {
			t.Fatal(err)
		}
	}
	return path, f
}

// packetsOf lists the packets that ffprobe finds in the first picture and sound stream: the time of
// each, its size in bytes, whether it is a key frame, and its bytes. Times count from what is left
// of the file's own beginning.
func packetsOf(t testing.TB, path string) (packets []string) {
	t.Helper()
	for _, stream := range []string{"V:0", "a:0"} {
		out, err := exec.CommandContext(
			t.Context(),
			"ffprobe",
			"-v",
			"error",
			"-select_streams",
			stream,
			"-show_entries",
			"packet=pts_time,dts_time,size,flags,data_hash",
			"-show_data_hash",
			"adler32",
			"-of",
			"csv=p=0",
			path,
		).Output()
		if err != nil {
			t.Fatalf("ffprobe %s: %v", path, err)
		}
		for line := range strings.Lines(string(out)) {
			packets = append(packets, stream+" "+strings.TrimSpace(line))
		}
	}
	return packets
}

func TestFaststartOfBrowserRecordings(t *testing.T) {
	t.Parallel()
	tools, files := newTools(t, ffmpeg.Options{}), samples(t)
	for _, name := range []string{
		"chromium-avc1-opus-2s-keyframes.mp4", "mediabunny-avc-aac.mp4", "two-tracks-camera.mp4",
		"two-tracks-screen.mp4", "chromium-stop-sharing.mp4",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkFaststart(t, tools, files[name])
		})
	}
}

func TestWhatIsNotPlainIsLeftToFFmpeg(t *testing.T) {
	t.Parallel()
	whole := ffmpegtest.Clip(t, "a.mp4", picture+voice+h264+"-c:a aac")
	cases := []struct {
		name string
		file func(t *testing.T) string
	}{
		{"another codec", func(t *testing.T) string { return ffmpegtest.Clip(t, "a.mp4", picture+"-c:v mpeg4") }},
		{"another container", func(t *testing.T) string { return ffmpegtest.Clip(t, "a.mkv", picture+h264) }},
		{"sound alone", func(t *testing.T) string { return ffmpegtest.Clip(t, "a.mp4", voice+"-c:a aac") }},
		{
			"parameter sets among the pictures",
			func(t *testing.T) string { return samples(t)["chromium-avc3-resized.mp4"] },
		},
		{
			"a beginning that an editor took away",
			func(t *testing.T) string { return ffmpegtest.Clip(t, "a.mp4", "-ss 1.9 -i "+whole+" -c copy") },
		},
		{"a file that was cut off", func(t *testing.T) string {
			b := mustRead(t, ffmpegtest.Clip(t, "a.mp4", "-i "+whole+" -c copy -movflags +faststart"))
			return mustWrite(t, "a.mp4", b[:len(b)*2/3])
		}},
		{"an end that is hidden", func(t *testing.T) string {
			return mustWrite(t, "a.mp4", shortenEdits(t, mustRead(t, whole), 3000))
		}},
		{"sound far from its picture", func(t *testing.T) string {
			return ffmpegtest.Clip(
				t,
				"a.mp4",
				picture+voice+h264+
					"-c:a aac -movflags +frag_keyframe+empty_moov -g 180 -keyint_min 180 -sc_threshold 0",
			)
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			f, err := os.Open(tc.file(t))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if _, ok, err := media.PlanFaststart(f, info.Size()); ok || err != nil {
				t.Errorf("PlanFaststart() = %t, %v, want false", ok, err)
			}
		})
	}
}

// shortenEdits sets every edit list of one version 0 entry to show only ms milliseconds.
func shortenEdits(t *testing.T, b []byte, ms uint32) []byte {
	t.Helper()
	changed := 0
	for at := 0; ; changed++ {
		i := bytes.Index(b[at:], []byte("elst\x00\x00\x00\x00\x00\x00\x00\x01"))
		if i < 0 {
			break
		}
		at += i + 12
		binary.BigEndian.PutUint32(b[at:], ms)
	}
	if changed == 0 {
		t.Fatal("the clip has no edits")
	}
	return b
}

// TestSpoiledIndexesNeverReachOutOfTheFile changes bytes of indexes at random. Whatever the index
// says then, every copied byte lies in the source, and no byte is copied twice.
func TestSpoiledIndexesNeverReachOutOfTheFile(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	plans := 0
	for _, words := range []string{
		picture + voice + h264 + "-c:a aac -movflags +faststart",
		picture + voice + h264 + "-c:a libopus -movflags +frag_keyframe+empty_moov+default_base_moof",
	} {
		whole := mustRead(t, ffmpegtest.Clip(t, "a.mp4", words))
		index := int64(bytes.LastIndex(whole, []byte("mdat")))
		if i := bytes.Index(whole, []byte("moof")); i < 0 {
			index = int64(bytes.Index(whole, []byte("mdat")))
		}
		for range 3000 {
			b := slices.Clone(whole)
			for range 1 + random.IntN(4) {
				b[random.Int64N(index)] = []byte{0, 1, 0x7f, 0x80, 0xff, byte(random.Uint32())}[random.IntN(6)]
			}
			f, ok, err := media.PlanFaststart(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatalf("PlanFaststart() = %v", err)
			}
			if !ok {
				continue
			}
			plans++
			var end, total int64
			for _, r := range f.Ranges {
				if r.Start < end || r.Length <= 0 || r.Start+r.Length > int64(len(b)) {
					t.Fatalf("range %+v after %d of %d bytes", r, end, len(b))
				}
				end, total = r.Start+r.Length, total+r.Length
			}
			if total+int64(len(f.Head)) != f.SizeBytes {
				t.Fatalf("%d bytes of ranges and %d of head make %d", total, len(f.Head), f.SizeBytes)
			}
			for s := range f.Samples(false) {
				if s.Offset < int64(len(f.Head)) || s.Offset+s.SizeBytes > f.SizeBytes {
					t.Fatalf("a sample at %d of %d bytes", s.Offset, f.SizeBytes)
				}
			}
		}
	}
	if plans == 0 {
		t.Error("no spoiled file became a plan: nothing was tested")
	}
}
