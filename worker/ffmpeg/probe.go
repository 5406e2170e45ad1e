package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"time"

	"meanwhile/storage"
)

// scanFor bounds the reading of a file's packets, headerFor the reading of its header.
const (
	scanFor   = 20 * time.Second
	headerFor = 10 * time.Second
)

// Probe inspects a file with ffprobe. It reads the header and the times and sizes of all packets,
// because recorders write neither length nor rate, and a header may be wrong. It decodes only what
// ffprobe needs to know the format. If a file is too big to read in 20 s, Probe uses the packets
// seen until then, and the header where that is plausible.
//
// ResolutionMoves comes from the parameter sets and frame headers at up to 512 key frames of H.264,
// VP8 and VP9. A change that begins and ends between two of these, or in another codec, is not
// seen.
//
// Errors: ctx's; Unprocessable with a sentence if the file cannot be read; NotFound; Internal.
func (t *Tools) Probe(ctx context.Context, path string, c storage.Container) (storage.Probe, error) {
	if demuxers[c] == "" {
		return storage.Probe{}, storage.E(
			storage.Invalid,
			fmt.Sprintf("%q is no container that we read.", c),
			nil,
		)
	}
	source, err := resolve(path)
	if err != nil {
		return storage.Probe{}, ioError("find the source", err)
	}
	info, err := os.Stat(source)
	if err != nil {
		return storage.Probe{}, ioError("look at the source", err)
	}
	f, err := t.readFacts(ctx, source, c)
	if err != nil {
		return storage.Probe{}, err
	}
	p, err := f.judge(storage.Probe{Container: c, SizeBytes: info.Size()})
	if err != nil {
		return storage.Probe{}, err
	}
	if err := inspectFile(source, &p, f); err != nil {
		return storage.Probe{}, ioError("read the source", err)
	}
	return p, nil
}

// readFacts runs ffprobe. If the packets take too long, it runs ffprobe again for the header alone.
func (t *Tools) readFacts(ctx context.Context, source string, c storage.Container) (*facts, error) {
	f := newFacts()
	err := t.ffprobeInto(ctx, f, source, c, false, scanFor)
	if isTimeout(err) {
		f.partial = true
		err = t.ffprobeInto(ctx, f, source, c, true, headerFor)
	}
	if err == nil {
		return f, nil
	}
	var exit *exitError
	if !errors.As(err, &exit) || storage.MessageOf(err) != "" {
		return nil, conversionError(err)
	}
	// A file that was cut in the middle ends with an error and is still worth playing.
	if len(f.streams) > 0 && f.packets() > 0 {
		return f, nil
	}
	return nil, damage(f.said.String(), exit)
}

func (t *Tools) ffprobeInto(
	ctx context.Context,
	f *facts,
	source string,
	c storage.Container,
	headerOnly bool,
	wall time.Duration,
) error {
	in, _ := t.box.inside(source, "")
	lines := &lineWriter{line: f.line}
	return t.run(ctx, job{
		bin: t.ffprobe, args: ProbeArgs(in, c, headerOnly), in: source, stdout: lines, stderr: &f.said,
		cpu: 2 * wall, wall: wall, fsize: 1,
	})
}

func isTimeout(err error) bool { return errors.Is(err, errWall) }

// damage finds the sentence for a file that ffprobe gave up on, from ffprobe's messages.
func damage(said string, err error) error {
	if m := notListed.FindStringSubmatch(said); m != nil {
		return storage.E(
			storage.Unprocessable,
			fmt.Sprintf("We cannot read the picture or the sound of this file (%.20s).", m[1]),
			err,
		)
	}
	for _, known := range []struct{ text, sentence string }{
		{"max_streams", fmt.Sprintf("This file holds too many streams; the limit here is %d.", maxStreams)},
		{
			"exceeds specified max pixel count",
			fmt.Sprintf(
				"The picture of this video is too large; the limit here is %d megapixels.",
				maxPixels/1_000_000,
			),
		},
		{
			"moov atom not found",
			"This file is damaged: its index is missing, so it was probably cut off while it was recorded or copied.",
		},
		{"EBML header parsing failed", "This file is damaged: its beginning cannot be read."},
	} {
		if strings.Contains(said, known.text) {
			return storage.E(storage.Unprocessable, known.sentence, err)
		}
	}
	return storage.E(storage.Unprocessable, "This file is damaged: its header cannot be read.", err)
}

// notListed matches ffprobe's message for a codec outside the whitelist.
var notListed = regexp.MustCompile(`Codec \(([A-Za-z0-9_]+)\) not on whitelist`)

// judge makes the Probe, or says why the file cannot be understood. Decide checks whether we accept
// the video.
func (f *facts) judge(p storage.Probe) (storage.Probe, error) {
	refuse := func(format string, a ...any) (storage.Probe, error) {
		return storage.Probe{}, storage.E(storage.Unprocessable, fmt.Sprintf(format, a...), nil)
	}
	p.Streams = max(len(f.streams), int(f.format.integer("nb_streams")))
	if p.Streams > maxStreams {
		return refuse("This file holds %d streams; the limit here is %d.", p.Streams, maxStreams)
	}
	video, audio := f.chosen()
	if err := knownCodecs(video, audio); err != nil {
		return storage.Probe{}, err
	}
	if video != nil {
		if f.walk(video).packets == 0 && !f.partial {
			return refuse("This file is damaged: it has a video track without pictures.")
		}
	}
	length := max(0, f.length(video, audio))
	p.DurationMS = length.Milliseconds()
	p.Video = f.video(video, length)
	p.Audio = f.audio(audio, length)
	if p.Video != nil && (p.Video.Width <= 0 || p.Video.Height <= 0) {
		return storage.Probe{}, damage(f.said.String(), errors.New("the picture has no size"))
	}
	return p, nil
}

func knownCodecs(video, audio fields) error {
	for _, s := range []struct {
		stream fields
		what   string
	}{{video, "picture"}, {audio, "sound"}} {
		if s.stream == nil || decodable(s.stream["codec_name"]) {
			continue
		}
		name := s.stream["codec_name"]
		if name == "" || name == "unknown" {
			name = "unknown"
		}
		return storage.E(
			storage.Unprocessable,
			fmt.Sprintf("We cannot read the %s of this file (%.20s).", s.what, name),
			nil,
		)
	}
	return nil
}

// video describes the picture stream.
func (f *facts) video(s fields, length time.Duration) *storage.VideoStream {
	if s == nil {
		return nil
	}
	w := f.walk(s)
	v := &storage.VideoStream{
		Codec:          s["codec_name"],
		Profile:        s.word("profile"),
		Level:          max(0, int(s.integer("level"))),
		Tag:            s.tag(),
		PixelFormat:    s.word("pix_fmt"),
		CodedWidth:     int(s.integer("width")),
		CodedHeight:    int(s.integer("height")),
		Rotation:       s.rotation(),
		ColorTransfer:  s.word("color_transfer"),
		ColorPrimaries: s.word("color_primaries"),
		ColorSpace:     s.word("color_space"),
		Frames:         w.packets,
		FPS:            w.rate(),
		BitrateBPS:     w.bitrate(),
		KeyframeGapMS:  w.keyGap().Milliseconds(),
	}
	v.Width, v.Height = v.CodedWidth, v.CodedHeight
	if num, den := s.ratio("sample_aspect_ratio", ":"); num > 0 && den > 0 {
		v.Width = int(math.Round(float64(v.Width) * float64(num) / float64(den)))
	}
	if v.Rotation%180 != 0 {
		v.Width, v.Height = v.Height, v.Width
	}
	if f.partial || w.packets < 2 { // only the beginning was read
		if num, den := s.ratio("avg_frame_rate", "/"); num > 0 && den > 0 {
			v.FPS = float64(num) / float64(den)
		}
	}
	if f.partial {
		v.Frames = max(v.Frames, int64(v.FPS*length.Seconds()))
	}
	return v
}

func (f *facts) audio(s fields, length time.Duration) *storage.AudioStream {
	if s == nil || f.walk(s).packets == 0 && !f.partial {
		return nil
	}
	return &storage.AudioStream{
		Codec: s["codec_name"], Channels: int(s.integer("channels")), SampleRate: int(s.integer("sample_rate")),
		BitrateBPS: f.walk(s).bitrate(),
	}
}

// tag is the sample entry's name. For Matroska and AVI ffprobe prints numbers or nothing.
func (s fields) tag() string {
	if tag := s["codec_tag_string"]; !strings.HasPrefix(tag, "[0]") {
		return tag
	}
	return ""
}

// rotation is clockwise. The display matrix counts counterclockwise, the old tag clockwise.
func (s fields) rotation() int {
	degrees := 0.0
	for key, value := range s {
		var n float64
		if _, err := fmt.Sscanf(value, "%g", &n); err != nil {
			continue
		}
		switch {
		case key == "tag:rotate" && degrees == 0:
			degrees = n
		case strings.HasSuffix(key, "rotation"):
			degrees = -n
		}
	}
	quarter := int(math.Round(math.Mod(degrees, 360)/90)) * 90
	return (quarter + 720) % 360
}
