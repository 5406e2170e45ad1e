package ffmpeg_test

import (
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
	"meanwhile/worker/plan"
)

// planOf is the plan for a source.
func planOf(t testing.TB, src ffmpeg.Source) storage.Plan {
	t.Helper()
	plan, err := plan.Decide(src.Probe, storage.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestLadder makes whole ladders and checks every file. One process writes renditions that begin
// together, end together and match their playlists.
func TestLadder(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	for _, tc := range []struct {
		name, file, words string
		names             []string
		copied            bool
	}{
		{
			name: "everything is encoded", file: "a.webm", names: []string{"1080p", "720p", "480p"},
			words: "-f lavfi -i testsrc2=s=1920x1080:r=10:d=5 -f lavfi -i sine=r=48000:d=5 -c:v libvpx -deadline " +
				"realtime -cpu-used 8 -b:v 4M -c:a libopus",
		},
		{
			name: "a good source is copied", file: "a.mp4", names: []string{"720p", "480p"}, copied: true,
			words: "-f lavfi -i testsrc2=s=1280x720:r=30:d=5 -f lavfi -i sine=r=48000:d=5 " +
				quickH264 + "-g 60 -b:v 2M -c:a aac -ac 2",
		},
		{
			name: "a portrait without sound", file: "a.mkv", names: []string{"1080p", "720p", "480p"},
			words: "-f lavfi -i testsrc2=s=1080x1920:r=60:d=3 -c:v mpeg4 -q:v 8",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			src := mustProbe(t, tools, ffmpegtest.Clip(t, tc.file, tc.words))
			plan := planOf(t, src)
			dir := filepath.Join(t.TempDir(), "ladder")
			if err := tools.Ladder(t.Context(), src, *plan.Ladder, plan.Storyboard, dir, nil); err != nil {
				t.Fatalf("Ladder() = %v", err)
			}
			var names []string
			for i, r := range plan.Ladder.Rungs {
				names = append(names, r.Name)
				if r.Copy != (tc.copied && i == 0) {
					t.Errorf("%s is copied: %v", r.Name, r.Copy)
				}
				checkRung(t, tools, src, filepath.Join(dir, ffmpeg.FragmentedName(r)), r)
				_, err := os.Stat(filepath.Join(dir, ffmpeg.ProgressiveName(r)))
				if (err == nil) != r.Progressive {
					t.Errorf("%s has a faststart MP4: %v, want %v", r.Name, err == nil, r.Progressive)
				}
			}
			if strings.Join(names, " ") != strings.Join(tc.names, " ") {
				t.Errorf("the rungs are %v, want %v", names, tc.names)
			}
			checkSheet(t, filepath.Join(dir, ffmpeg.StoryboardName), plan.Storyboard)
			checkPreview(t, tools, filepath.Join(dir, ffmpeg.PreviewName), min(ffmpeg.PreviewLength, length(src.Probe)))
		})
	}
}

func checkPreview(t *testing.T, tools *ffmpeg.Tools, path string, want time.Duration) {
	t.Helper()
	if _, err := tools.Verify(
		t.Context(),
		path,
		ffmpeg.Want{Container: storage.ContainerMP4, Duration: want, VideoCodec: "h264"},
	); err != nil {
		t.Fatalf("Verify(preview) = %v", err)
	}
	p := mustProbe(t, tools, path).Probe
	if (length(p)-want).Abs() > 200*time.Millisecond || p.Video.Width > 320 || p.Video.FPS < 14 || p.Video.FPS > 15.5 ||
		p.SizeBytes > 150_000 {
		t.Errorf(
			"the preview is %d wide and %s long, has %.1f frames a second and %d bytes",
			p.Video.Width,
			length(p),
			p.Video.FPS,
			p.SizeBytes,
		)
	}
}

func checkRung(t *testing.T, tools *ffmpeg.Tools, src ffmpeg.Source, path string, r storage.Rung) {
	t.Helper()
	want := ffmpeg.Want{
		Container:  storage.ContainerMP4,
		Duration:   length(src.Probe),
		Audio:      src.Probe.Audio != nil,
		VideoCodec: "h264",
		AudioCodec: "aac",
		Width:      r.Width,
		Height:     r.Height,
		Copied:     r.Copy,
		Fragmented: true,
	}
	made, err := tools.VerifyAll(t.Context(), []ffmpeg.Output{{Path: path, Want: want}})
	if err != nil {
		t.Fatalf("VerifyAll(%s) = %v", r.Name, err)
	}
	p, index := made[0].Probe, made[0].Fragments
	if !strings.Contains(p.MediaType(), "avc1.") || strings.Contains(p.MediaType(), "mp4a.40.2") != want.Audio {
		t.Errorf("%s is %s", r.Name, p.MediaType())
	}
	for i, f := range index.Fragments {
		if i < len(index.Fragments)-1 && (f.Duration < 1500*time.Millisecond || f.Duration > 4200*time.Millisecond) {
			t.Errorf("fragment %d of %s lasts %s", i, r.Name, f.Duration)
		}
	}
	// The index matches what ffprobe finds: every fragment begins with a key frame at its time.
	keys := 0
	for _, line := range strings.Split(field(t, path, "v", "packet=flags"), "\n") {
		if strings.HasPrefix(line, "K") {
			keys++
		}
	}
	if keys < len(index.Fragments) {
		t.Errorf("%s has %d key frames in %d fragments", r.Name, keys, len(index.Fragments))
	}
	picture := number(t, strings.Split(field(t, path, "v", "packet=pts_time"), "\n")[0])
	if math.Abs(picture) > 0.05 {
		t.Errorf("the picture of %s begins at %.3f s", r.Name, picture)
	}
	if !want.Audio {
		return
	}
	if sound := number(
		t,
		strings.Split(field(t, path, "a", "packet=pts_time"), "\n")[0],
	); math.Abs(sound-picture) > 0.05 {
		t.Errorf("the sound of %s begins %.3f s beside its picture", r.Name, sound-picture)
	}
}

func checkSheet(t *testing.T, path string, s storage.Storyboard) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := jpeg.Decode(f)
	if err != nil {
		t.Fatalf("decode the storyboard: %v", err)
	}
	if got := picture.Bounds().Size(); got.X != s.Width*s.Columns || got.Y != s.Height*s.Rows {
		t.Errorf("the storyboard is %v, want %d × %d", got, s.Width*s.Columns, s.Height*s.Rows)
	}
	// The last tile shows something: a test picture is never black all over.
	x, y := (s.Tiles-1)%s.Columns*s.Width, (s.Tiles-1)/s.Columns*s.Height
	var light uint32
	for dx := range s.Width {
		r, g, b, _ := picture.At(x+dx, y+s.Height/2).RGBA()
		light = max(light, r, g, b)
	}
	if light < 0x4000 {
		t.Error("the last tile is empty")
	}
}

// TestExtrasOfOddClips makes the extra files where nothing is encoded, from odd clips: few key
// frames, a single key frame, a single frame, a screen on which nothing happens for a long time,
// and shapes that no picture should have.
func TestExtrasOfOddClips(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	refreshed := ffmpegtest.Clip(
		t,
		"a.mkv",
		"-f lavfi -i testsrc2=s=320x240:r=30:d=6 -c:v libx264 -g 30 -bf 0 -x264-params intra-refresh=1",
	)
	for _, tc := range []struct {
		name, file, words string
		tiles             int
	}{
		{"no key frame that can be decoded", "a.mkv", "-i " +
			refreshed + " -c copy -copyinkf -bsf:v noise=drop='lt(n\\,1)'", 6},
		{"a key frame every two seconds", "a.mp4", "-f lavfi -i testsrc2=s=640x480:r=30:d=12 " +
			quickH264 + "-g 60", 12},
		{"a single key frame", "a.mp4", "-f lavfi -i testsrc2=s=640x480:r=30:d=12 " +
			quickH264 + "-g 9999 -keyint_min 9999 -sc_threshold 0", 12},
		{
			"a single key frame of VP8", "a.webm",
			"-f lavfi -i testsrc2=s=320x240:r=10:d=6 -c:v libvpx -deadline realtime -cpu-used 8 -g 9999", 6,
		},
		{"one frame", "a.mp4", "-f lavfi -i testsrc2=s=640x480:r=30:d=1 -frames:v 1 " + quickH264, 1},
		{
			"a frame every ten seconds",
			"a.mkv",
			"-f lavfi -i testsrc2=s=320x240:r=1:d=40 -vf setpts=N*10/TB -frames:v 4 -fps_mode vfr " + quickH264,
			31,
		},
		{
			"a picture that ends before its sound",
			"a.mkv",
			"-f lavfi -i testsrc2=s=320x240:r=30:d=1 -f lavfi -i sine=d=30 " + quickH264 + "-c:a libopus",
			31,
		},
		{"a narrow strip", "a.mp4", "-f lavfi -i testsrc2=s=1200x34:r=30:d=3 " + quickH264, 3},
		{
			"a tall strip of odd size", "a.mkv",
			"-f lavfi -i testsrc2=s=37x1081:r=30:d=3 -c:v libx264 -preset ultrafast -pix_fmt yuv444p", 3,
		},
		{"a picture of two pixels", "a.mkv", "-f lavfi -i testsrc2=s=2x2:r=30:d=3 -c:v mpeg4", 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			src := mustProbe(t, tools, ffmpegtest.Clip(t, tc.file, tc.words))
			board := planOf(t, src).Storyboard
			if board.Tiles != tc.tiles {
				t.Errorf("it has %d tiles, want %d", board.Tiles, tc.tiles)
			}
			dir := t.TempDir()
			sheet, moving := filepath.Join(dir, "sheet.jpg"), filepath.Join(dir, "preview.mp4")
			if err := tools.Storyboard(t.Context(), src, board, sheet); err != nil {
				t.Errorf("Storyboard() = %v", err)
			} else {
				checkSheet(t, sheet, board)
			}
			if err := tools.Preview(t.Context(), src, moving); err != nil {
				t.Errorf("Preview() = %v", err)
			} else {
				checkPreview(t, tools, moving, min(ffmpeg.PreviewLength, length(src.Probe)))
			}
			checkPoster(t, tools, src)
		})
	}
}

func TestPreviewIsShortAndSilent(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	for _, tc := range []struct {
		name, words string
		want        time.Duration
	}{
		{"of a long one", "-f lavfi -i testsrc2=s=640x360:r=30:d=20 -f lavfi -i sine=d=20 " +
			quickH264 + "-c:a aac", 4 * time.Second},
		{"of a short one", "-f lavfi -i testsrc2=s=640x360:r=30:d=2 " + quickH264, 2 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := mustProbe(t, tools, ffmpegtest.Clip(t, "a.mp4", tc.words))
			path := filepath.Join(t.TempDir(), "preview.mp4")
			if err := tools.Preview(t.Context(), src, path); err != nil {
				t.Fatalf("Preview() = %v", err)
			}
			checkPreview(t, tools, path, tc.want)
		})
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	for _, tc := range []struct {
		name, words string
		lufs        float64 // ±1
		peak        int     // in the loud half
	}{
		// A sine of 1 kHz at full scale measures -3.01 LUFS in one channel (EBU Tech 3341).
		{
			"silence, then a tone at -20 dB",
			"-f lavfi -i aevalsrc='if(lt(t,2),0,0.1*sin(2*PI*1000*t))':s=48000:d=4 -c:a pcm_s16le", -23, 10,
		},
		{"nothing but silence", "-f lavfi -i anullsrc=d=4 -c:a pcm_s16le", -70, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := mustProbe(
				t,
				tools,
				ffmpegtest.Clip(t, "a.mkv", "-f lavfi -i color=s=64x64:r=5:d=4 "+tc.words+" "+quickH264),
			)
			speech := filepath.Join(t.TempDir(), "speech.flac")
			loudness, peaks, err := tools.Listen(t.Context(), src, speech)
			if err != nil {
				t.Fatalf("Listen() = %v", err)
			}
			if math.Abs(loudness.LUFS-tc.lufs) > 1 {
				t.Errorf("the loudness is %.1f LUFS, want %.1f", loudness.LUFS, tc.lufs)
			}
			if n := len(peaks.Peaks); n < 30 || n > 1000 || peaks.IntervalMS*int64(n) < 3900 {
				t.Fatalf("%d peaks of %d ms", n, peaks.IntervalMS)
			}
			quarter, half := peaks.Peaks[len(peaks.Peaks)/4], peaks.Peaks[len(peaks.Peaks)*3/4]
			if quarter != 0 || half < tc.peak-1 || half > tc.peak+1 {
				t.Errorf("the peaks are %d and %d, want 0 and %d", quarter, half, tc.peak)
			}
			if rate := field(t, speech, "a", "stream=sample_rate,channels"); rate != "16000,1" {
				t.Errorf("the sound for speech recognition is %s", rate)
			}
		})
	}
}

func TestGainIsAddedToTheSound(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	src := mustProbe(
		t,
		tools,
		ffmpegtest.Clip(
			t,
			"a.mkv",
			"-f lavfi -i testsrc2=s=160x120:r=30:d=3 -f lavfi -i sine=r=48000:d=3 -af volume=-20dB -c:a pcm_s16le "+
				quickH264,
		),
	)
	l := ladderOf(src.Probe)
	l.GainDB = 6
	made, _ := checkLadder(t, tools, src, l)
	before, _, err := tools.Listen(t.Context(), src, filepath.Join(t.TempDir(), "a.flac"))
	if err != nil {
		t.Fatal(err)
	}
	after, _, err := tools.Listen(t.Context(), mustProbe(t, tools, made), filepath.Join(t.TempDir(), "b.flac"))
	if err != nil {
		t.Fatal(err)
	}
	if d := after.LUFS - before.LUFS; math.Abs(d-6) > 1 {
		t.Errorf("it is %.1f dB louder, want 6", d)
	}
}

func TestSoundAloneBecomesAnMP4(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	cover := ffmpegtest.Clip(t, "cover.jpg", "-f lavfi -i color=s=64x64:r=25:d=0.04 -frames:v 1")
	for _, tc := range []struct {
		name, file, words string
		copied            bool
	}{
		{"as a microphone is recorded", "a.webm", smallSound + "-c:a libopus", false},
		{"a song with a cover", "a.m4a", smallSound +
			"-i " + cover + " -map 0 -map 1 -c:a aac -ac 2 -c:v copy -disposition:v attached_pic -f mp4", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := mustProbe(t, tools, ffmpegtest.Clip(t, tc.file, tc.words))
			decided := planOf(t, src)
			if decided.Sound == nil || decided.Sound.Copy != tc.copied || len(plan.Steps(decided)) != 2 {
				t.Fatalf("the plan is %+v", decided)
			}
			path := filepath.Join(t.TempDir(), "sound.mp4")
			if err := tools.Sound(t.Context(), src, *decided.Sound, path, nil); err != nil {
				t.Fatalf("Sound() = %v", err)
			}
			p, err := tools.Verify(
				t.Context(),
				path,
				ffmpeg.Want{
					Container:  storage.ContainerMP4,
					Duration:   2 * time.Second,
					Audio:      true,
					AudioCodec: "aac",
					SoundOnly:  true,
				},
			)
			if err != nil {
				t.Fatal(err)
			}
			if p.Video != nil || p.MediaType() != `audio/mp4; codecs="mp4a.40.2"` {
				t.Errorf("it is %s with the picture %+v", p.MediaType(), p.Video)
			}
		})
	}
}

// TestLadderTellsHowFarItIs checks that the ladder reports its progress all the way, though its
// storyboard only begins at the end.
func TestLadderTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	src := mustProbe(
		t,
		tools,
		ffmpegtest.Clip(
			t,
			"a.mkv",
			"-f lavfi -i testsrc2=s=640x360:r=30:d=8 -f lavfi -i sine=r=48000:d=8 -c:v mpeg4 -q:v 8 -c:a aac",
		),
	)
	plan := planOf(t, src)
	if !plan.Ladder.Extras {
		t.Fatal("the ladder makes no storyboard: nothing is tested")
	}
	var told []float64
	dir := filepath.Join(t.TempDir(), "ladder")
	if err := tools.Ladder(
		t.Context(),
		src,
		*plan.Ladder,
		plan.Storyboard,
		dir,
		func(part float64) { told = append(told, part) },
	); err != nil {
		t.Fatalf("Ladder() = %v", err)
	}
	var tenths [10]bool
	for i, part := range told {
		if i > 0 && part < told[i-1] {
			t.Errorf("progress goes back from %v to %v", told[i-1], part)
		}
		tenths[min(9, int(part*10))] = true
	}
	for i, was := range tenths {
		if !was {
			t.Errorf("nothing was told between %d and %d per cent", 10*i, 10*(i+1))
		}
	}
}
