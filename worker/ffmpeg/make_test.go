package ffmpeg_test

import (
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// TestBrowserRecordings takes real recordings of browsers through every step.
func TestBrowserRecordings(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	for name, path := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := mustProbe(t, tools, path)
			switch name {
			case "chromium-avc3-resized.mp4":
				if !src.Probe.Video.ResolutionMoves {
					t.Error("the change of size was not seen")
				}
				// the picture's size changes here, so filter graphs are rebuilt
				plan, dir := planOf(t, src), filepath.Join(t.TempDir(), "ladder")
				if err := tools.Ladder(t.Context(), src, *plan.Ladder, plan.Storyboard, dir, nil); err != nil {
					t.Fatalf("Ladder() = %v", err)
				}
				checkSheet(t, filepath.Join(dir, ffmpeg.StoryboardName), plan.Storyboard)
				checkPreview(
					t,
					tools,
					filepath.Join(dir, ffmpeg.PreviewName),
					min(ffmpeg.PreviewLength, length(src.Probe)),
				)
			case "chromium-stop-sharing.mp4":
				shown := float64(src.Probe.Video.Frames) / src.Probe.Video.FPS
				if length(src.Probe).Seconds() < shown+1 {
					t.Errorf(
						"length is %s: the sound after the picture's end (%.1f s) was forgotten",
						length(src.Probe),
						shown,
					)
				}
			case "chromium-vp8-paused.webm":
				if src.Probe.DurationMS < 3500 || src.Probe.Video.BitrateBPS == 0 ||
					src.Probe.Video.KeyframeGapMS == 0 {
					t.Errorf("length, rate or key frames of a live WebM are missing: %+v", src.Probe)
				}
			}
			if name != "chromium-avc3-resized.mp4" && src.Probe.Video.ResolutionMoves {
				t.Error("a change of size was seen where there is none")
			}
			checkCopy(t, tools, src)
			checkEncode(t, tools, src)
			checkPoster(t, tools, src)
		})
	}
}

func checkCopy(t *testing.T, tools *ffmpeg.Tools, src ffmpeg.Source) {
	t.Helper()
	c := storage.Copy{Container: storage.ContainerMP4}
	if src.Probe.Container == storage.ContainerWebM {
		c.Container = storage.ContainerWebM
	}
	out := filepath.Join(t.TempDir(), "copy."+string(c.Container))
	if err := tools.Copy(t.Context(), src, c, out, nil); err != nil {
		t.Fatalf("Copy() = %v", err)
	}
	_, err := tools.Verify(t.Context(), out, ffmpeg.Want{
		Container:  c.Container,
		Duration:   length(src.Probe),
		Audio:      src.Probe.Audio != nil,
		VideoCodec: src.Probe.Video.Codec,
		Copied:     true,
	})
	if err != nil {
		t.Fatalf("Verify(copy) = %v", err)
	}
	p := mustProbe(t, tools, out).Probe
	if got, want := p.Video, src.Probe.Video; p.Fragmented || got.Rotation != want.Rotation ||
		got.Width != want.Width ||
		got.Height != want.Height {
		t.Errorf("the copy is fragmented: %t, turned by %d°, not %d°, and %d × %d, not %d × %d",
			p.Fragmented, got.Rotation, want.Rotation, got.Width, got.Height, want.Width, want.Height)
	}
	checkIndexFirst(t, out, c.Container)
}

// checkIndexFirst checks that a player finds the index without fetching the end.
func checkIndexFirst(t *testing.T, path string, c storage.Container) {
	t.Helper()
	index, media := "moov", "mdat"
	if c == storage.ContainerWebM {
		index, media = "\x1c\x53\xbb\x6b", "\x1f\x43\xb6\x75" // Cues, Cluster
	}
	content := string(mustRead(t, path))
	// the index's own entry in a table of contents is not the index
	seek := strings.Index(content, "\x53\xab\x84"+index)
	content = strings.ReplaceAll(content, "\x53\xab\x84"+index, "")
	if at := strings.Index(content, index); at < 0 || at > strings.Index(content, media) {
		t.Errorf(
			"the index of %s stands at %d, behind the media at %d (entry %d)",
			filepath.Base(path),
			at,
			strings.Index(content, media),
			seek,
		)
	}
}

func checkEncode(t *testing.T, tools *ffmpeg.Tools, src ffmpeg.Source) (path string, made storage.Probe) {
	t.Helper()
	return checkLadder(t, tools, src, ladderOf(src.Probe))
}

func checkLadder(
	t *testing.T,
	tools *ffmpeg.Tools,
	src ffmpeg.Source,
	l storage.Ladder,
) (path string, made storage.Probe) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ladder")
	var told []float64
	if err := tools.Ladder(
		t.Context(),
		src,
		l,
		storage.Storyboard{},
		dir,
		func(f float64) { told = append(told, f) },
	); err != nil {
		t.Fatalf("Ladder() = %v", err)
	}
	e := l.Rungs[0]
	path = filepath.Join(dir, ffmpeg.ProgressiveName(e))
	for i, f := range told {
		if f < 0 || f > 1 || i > 0 && f < told[i-1] {
			t.Errorf("progress is %v", told)
			break
		}
	}
	if len(told) == 0 || told[len(told)-1] < 0.9 {
		t.Errorf("progress ended at %v", told)
	}
	want := ffmpeg.Want{
		Container:  storage.ContainerMP4,
		Duration:   length(src.Probe),
		Audio:      src.Probe.Audio != nil,
		VideoCodec: "h264",
		AudioCodec: "aac",
	}
	if !e.Copy {
		want.Width, want.Height = e.Width, e.Height
	}
	if _, err := tools.Verify(t.Context(), path, want); err != nil {
		t.Fatalf("Verify(encode) = %v", err)
	}
	made = mustProbe(t, tools, path).Probe
	checkIndexFirst(t, path, storage.ContainerMP4)
	v := made.Video
	if v.PixelFormat != "yuv420p" || made.Fragmented || v.ResolutionMoves {
		t.Errorf("the rendition does not play everywhere: %+v", *v)
	}
	if !e.Copy &&
		(v.ColorSpace != "bt709" || v.ColorTransfer != "bt709" || v.ColorPrimaries != "bt709" || v.Rotation != 0) {
		t.Errorf("the rendition's colours or rotation: %+v", *v)
	}
	// The gap to the end counts as one, so a stream that stops early has no such gap.
	if !e.Copy && v.FPS > 5 && v.KeyframeGapMS > 2100 {
		t.Errorf("key frames are %d ms apart", v.KeyframeGapMS)
	}
	return path, made
}

func checkPoster(t *testing.T, tools *ffmpeg.Tools, src ffmpeg.Source) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "poster.jpg")
	if err := tools.Poster(t.Context(), src, out); err != nil {
		t.Fatalf("Poster() = %v", err)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := jpeg.Decode(f)
	if err != nil {
		t.Fatalf("decode the poster: %v", err)
	}
	got := picture.Bounds().Size()
	want := float64(src.Probe.Video.Width) / float64(src.Probe.Video.Height)
	if shape := float64(got.X) / float64(got.Y); got.X > 1280 || got.X < 2 || shape < want*0.97 || shape > want*1.03 {
		t.Errorf("the poster is %v for %d × %d", got, src.Probe.Video.Width, src.Probe.Video.Height)
	}
}

const (
	smallPicture = "-f lavfi -i testsrc2=s=320x240:r=30:d=2 "
	smallSound   = "-f lavfi -i sine=r=44100:d=2 "
	quickH264    = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p "
)

// TestEveryKindOfFile takes files that people upload through probe, encode and poster.
func TestEveryKindOfFile(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	subtitles := mustWrite(t, "a.srt", []byte("1\n00:00:00,000 --> 00:00:01,000\nhello\n\n"))
	for _, tc := range []struct {
		name, file, words string
		container         storage.Container
		width, height     int
		silent            bool
	}{
		{name: "an odd size", file: "a.mkv", words: "-f lavfi -i testsrc=s=641x359:r=30:d=2 " +
			smallSound + "-c:v libx264 -preset ultrafast -pix_fmt yuv444p -c:a libopus",
			container: storage.ContainerMKV, width: 641, height: 359},
		{name: "an AVI", file: "a.avi", words: smallPicture +
			smallSound + "-c:v mpeg4 -c:a libmp3lame", container: storage.ContainerAVI, width: 320, height: 240},
		{name: "a 3GP of an old phone", file: "a.3gp", words: "-f lavfi -i testsrc2=s=352x288:r=15:d=2 " +
			smallSound + "-c:v h263 -c:a aac -ac 1",
			container: storage.ContainerMP4, width: 352, height: 288},
		{name: "an MKV with Vorbis", file: "a.mkv", words: smallPicture +
			smallSound + quickH264 + "-c:a libvorbis", container: storage.ContainerMKV, width: 320, height: 240},
		{name: "a MOV with PCM", file: "a.mov", words: smallPicture +
			smallSound + quickH264 + "-c:a pcm_s16le", container: storage.ContainerMP4, width: 320, height: 240},
		{name: "a WebM with VP9", file: "a.webm", words: smallPicture +
			smallSound + "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
			container: storage.ContainerWebM,
			width:     320,
			height:    240},
		{name: "subtitles", file: "a.mkv", words: smallPicture +
			smallSound + "-f srt -i " + subtitles + " " + quickH264 + "-c:a aac -c:s ass",
			container: storage.ContainerMKV, width: 320, height: 240},
		{name: "subtitles of an MP4", file: "a.mp4", words: smallPicture +
			smallSound + "-f srt -i " + subtitles + " " + quickH264 + "-c:a aac -c:s mov_text",
			container: storage.ContainerMP4, width: 320, height: 240},
		{name: "no sound", file: "a.mp4", words: smallPicture +
			quickH264, container: storage.ContainerMP4, width: 320, height: 240, silent: true},
		{name: "pixels that are not square", file: "a.mp4", words: smallPicture +
			smallSound + quickH264 + "-vf setsar=4/3", container: storage.ContainerMP4, width: 427, height: 240},
		{name: "times that begin at an hour", file: "a.mkv", words: smallPicture +
			smallSound + quickH264 + "-c:a aac -output_ts_offset 3600",
			container: storage.ContainerMKV,
			width:     320,
			height:    240},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			src := mustProbe(t, tools, ffmpegtest.Clip(t, tc.file, tc.words))
			p := src.Probe
			if p.Container != tc.container || p.Video.Width != tc.width || p.Video.Height != tc.height ||
				(p.Audio == nil) != tc.silent ||
				!near(p.DurationMS, 2000, 120) {
				t.Errorf("Probe() = %+v %+v", p, *p.Video)
			}
			checkEncode(t, tools, src)
			checkPoster(t, tools, src)
		})
	}
}

func TestRotatedPhoneClipStandsUpright(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	// Coded, red is on the left. Rotated by 90° clockwise it is on top.
	path := ffmpegtest.Clip(t, "a.mp4", "-f lavfi -i color=red:s=160x240:r=30:d=2 -f lavfi -i "+
		"color=blue:s=160x240:r=30:d=2 "+
		"-filter_complex hstack "+quickH264)
	turn(t, path)
	src := mustProbe(t, tools, path)
	v := src.Probe.Video
	if v.Rotation != 90 || v.Width != 240 || v.Height != 320 || v.CodedWidth != 320 {
		t.Fatalf("Probe() = %+v", *v)
	}
	made, _ := checkEncode(t, tools, src)
	if top := colour(t, made, "0.5", "iw:ih/4:0:0"); top[0] < 200 || top[2] > 60 {
		t.Errorf("the top is %v, not red", top)
	}
	checkCopy(t, tools, src)
	checkPoster(t, tools, src)
}

// turn writes a rotation by 90° clockwise into an MP4's track header, as a phone does.
func turn(t testing.TB, path string) {
	t.Helper()
	content := mustRead(t, path)
	at := strings.Index(string(content), "tkhd")
	matrix := at + 4 + 40 // of version 0
	copy(
		content[matrix:],
		"\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"+
			"\x00\xf0\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00",
	)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVariableFrameRateIsKept(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	// 30 frames a second for a second, then one every 700 ms, like a screen where nothing moves.
	path := ffmpegtest.Clip(
		t,
		"a.mkv",
		"-f lavfi -i testsrc2=s=320x240:r=30:d=3 -vf setpts='if(lt(N,30),N/30,1+(N-30)*0.0371)/TB' -fps_mode vfr "+
			quickH264,
	)
	src := mustProbe(t, tools, path)
	made, p := checkEncode(t, tools, src)
	if p.Video.Frames != src.Probe.Video.Frames {
		t.Errorf("%d frames became %d", src.Probe.Video.Frames, p.Video.Frames)
	}
	want := strings.Split(field(t, path, "v", "packet=pts_time"), "\n")
	got := strings.Split(field(t, made, "v", "packet=pts_time"), "\n")
	first, last := number(t, got[0]), 0.0
	for _, s := range got {
		last = max(last, number(t, s))
	}
	var wantLast float64
	for _, s := range want {
		wantLast = max(wantLast, number(t, s))
	}
	if off := (last - first) - (wantLast - number(t, want[0])); off > 0.005 || off < -0.005 {
		t.Errorf("the last frame moved by %.3f s", off)
	}
}

func TestFrameRateIsCapped(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	src := mustProbe(t, tools, ffmpegtest.Clip(t, "a.mp4", "-f lavfi -i testsrc2=s=160x120:r=120:d=2 "+quickH264))
	l := ladderOf(src.Probe)
	l.MaxFPS = 60
	if _, p := checkLadder(t, tools, src, l); p.Video.FPS < 59 || p.Video.FPS > 61 {
		t.Errorf("the rendition has %.1f frames a second", p.Video.FPS)
	}
}

func TestHDRIsMappedToSDR(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	// A grey that is 203 nits in PQ: the white of a page. Without tone mapping it would be a dull
	// mid grey.
	path := ffmpegtest.Clip(
		t,
		"a.mp4",
		"-f lavfi -i color=white:s=320x240:r=30:d=1 -vf "+
			"format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,"+
			"zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020:t=smpte2084:m=bt2020nc:r=tv,format=yuv420p10le "+
			"-c:v libx265 -preset ultrafast -x265-params "+
			"log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc -tag:v hvc1 "+
			"-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc",
	)
	src := mustProbe(t, tools, path)
	if v := src.Probe.Video; !v.HDR() || v.Codec != "hevc" || v.Profile != "Main 10" || v.PixelFormat != "yuv420p10le" {
		t.Fatalf("Probe() = %+v", *v)
	}
	made, _ := checkEncode(t, tools, src)
	got := colour(t, made, "0.5", "iw:ih:0:0")
	if got[0] < 180 || got[1] < 180 || got[2] < 180 {
		t.Errorf("the white of a page became %v", got)
	}
	checkPoster(t, tools, src)
}

func TestColoursOfUnlabelledVideoStay(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	path := ffmpegtest.Clip(
		t,
		"a.mkv",
		"-f lavfi -i color=0xc83232:s=320x240:r=30:d=1 -c:v libx264 -pix_fmt yuv420p -bsf:v "+
			"h264_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2",
	)
	made, _ := checkEncode(t, tools, mustProbe(t, tools, path))
	got := colour(t, made, "0.5", "iw:ih:0:0")
	for i, want := range [3]int{200, 50, 50} {
		if got[i] < want-10 || got[i] > want+10 {
			t.Errorf("200,50,50 became %v", got)
			break
		}
	}
}

func TestSoundStaysWithThePicture(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	const picture = "-f lavfi -i color=black:s=160x120:r=30:d=3 "
	for _, tc := range []struct{ name, words string }{
		{name: "a track that begins late", words: picture +
			"-itsoffset 2 -f lavfi -i sine=r=48000:d=1 -c:a pcm_s16le " + quickH264},
		{name: "a track with a hole", words: picture + "-f lavfi -i sine=r=48000:d=3 " +
			"-af volume=enable='lt(t,2)':volume=0,aselect='lt(t,0.5)+gte(t,1.5)' -c:a pcm_s16le " + quickH264},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := ffmpegtest.Clip(t, "a.mkv", tc.words)
			before := toneStart(t, path)
			if before < 1900*time.Millisecond {
				t.Fatalf("the tone of the clip begins at %s: it has no hole", before)
			}
			made, _ := checkEncode(t, tools, mustProbe(t, tools, path))
			if d := toneStart(t, made) - before; d > 40*time.Millisecond || d < -40*time.Millisecond {
				t.Errorf("the tone moved by %s", d)
			}
		})
	}
}

func TestOnlyTheSoundIsMadeAnew(t *testing.T) {
	t.Parallel()
	tools := newTools(t, ffmpeg.Options{})
	src := mustProbe(
		t,
		tools,
		ffmpegtest.Clip(t, "a.mp4", smallPicture+
			smallSound+quickH264+"-c:a libopus -movflags frag_keyframe+empty_moov"),
	)
	l := ladderOf(src.Probe)
	l.Rungs[0].Copy = true
	_, made := checkLadder(t, tools, src, l)
	if made.Video.Frames != src.Probe.Video.Frames || made.Video.Profile != src.Probe.Video.Profile ||
		made.Audio.Codec != "aac" {
		t.Errorf("the result is %+v %+v", *made.Video, *made.Audio)
	}
}
