package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"meanwhile"
)

// Want is what an output has to be before anybody sees it.
type Want struct {
	Container     meanwhile.Container
	Duration      time.Duration // within a second or two per cent, whichever is more
	Audio         bool          // there must be sound; false: there must be none
	Width, Height int           // as shown; zero is not compared
	VideoCodec    string        // ffmpeg's name; empty is not compared
	AudioCodec    string
	SoundOnly     bool // there is no picture to be had
	Copied        bool // packets were copied as they were: of the pictures only key frames are decoded
}

// Verify proves that the file at outPath is what was wanted: container, streams, length, and that its first and last second decode
// without an error. The file came out of the sandbox, so it is looked at inside it. Errors: Unprocessable with what is wrong in Err;
// ctx's; Internal.
func (t *Tools) Verify(ctx context.Context, outPath string, want Want) (meanwhile.Probe, error) {
	refuse := func(err error) (meanwhile.Probe, error) {
		return meanwhile.Probe{}, notAsWanted(err)
	}
	c, err := Sniff(outPath)
	if err != nil {
		if meanwhile.KindOf(err) != meanwhile.Unprocessable {
			return meanwhile.Probe{}, err
		}
		return refuse(err)
	}
	if c != want.Container {
		return refuse(fmt.Errorf("container is %s, not %s", c, want.Container))
	}
	indexed := c == meanwhile.ContainerMP4
	if indexed {
		complete, err := whole(outPath)
		if err != nil {
			return meanwhile.Probe{}, ioError("look at the output", err)
		}
		if !complete {
			return refuse(errors.New("the file is cut off"))
		}
	}
	// Somebody may be waiting: the ends are decoded where they should be while the header is read.
	ends := make(chan error, 1)
	go func() { ends <- t.decodeEnds(ctx, outPath, c, want.Duration, want.Copied) }()
	p, err := t.look(ctx, outPath, c, indexed && want.Copied && !want.SoundOnly)
	decoded := <-ends
	if err == nil {
		err = want.compare(p)
	} else if meanwhile.KindOf(err) != meanwhile.Unprocessable {
		return meanwhile.Probe{}, err
	}
	if err != nil {
		return refuse(err)
	}
	length := time.Duration(p.DurationMS) * time.Millisecond
	if decoded == nil && (length-want.Duration).Abs() > endsMayMove {
		decoded = t.decodeEnds(ctx, outPath, c, length, want.Copied)
	}
	if decoded != nil && meanwhile.KindOf(decoded) != meanwhile.Unprocessable {
		return meanwhile.Probe{}, decoded
	}
	if decoded != nil {
		return refuse(decoded)
	}
	return p, nil
}

// look tells what the output is: a copied MP4 by its own index, anything else by ffprobe.
func (t *Tools) look(ctx context.Context, path string, c meanwhile.Container, byIndex bool) (meanwhile.Probe, error) {
	if byIndex {
		return ReadIndex(path)
	}
	return t.probe(ctx, path, c, c == meanwhile.ContainerMP4)
}

// endsMayMove is how far from where it should be an end may lie and still be within what is decoded.
const endsMayMove = 400 * time.Millisecond

func (w Want) compare(p meanwhile.Probe) error {
	if w.SoundOnly {
		p.Video = &meanwhile.VideoStream{}
	}
	if p.Video == nil {
		return errors.New("there is no picture")
	}
	var wrong []error
	check := func(ok bool, format string, a ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, a...))
		}
	}
	got := time.Duration(p.DurationMS) * time.Millisecond
	check((got-w.Duration).Abs() <= max(time.Second, w.Duration/50), "duration is %s, not %s", got, w.Duration)
	check((p.Audio != nil) == w.Audio, "sound is there: %t, wanted: %t", p.Audio != nil, w.Audio)
	check(w.Width == 0 || p.Video.Width == w.Width, "width is %d, not %d", p.Video.Width, w.Width)
	check(w.Height == 0 || p.Video.Height == w.Height, "height is %d, not %d", p.Video.Height, w.Height)
	check(w.VideoCodec == "" || p.Video.Codec == w.VideoCodec, "picture is %s, not %s", p.Video.Codec, w.VideoCodec)
	if p.Audio != nil {
		check(w.AudioCodec == "" || p.Audio.Codec == w.AudioCodec, "sound is %s, not %s", p.Audio.Codec, w.AudioCodec)
	}
	return errors.Join(wrong...)
}

// decodeEnds decodes the beginning and the end; key frames may lie far apart in a copy, so its cost is bounded by the whole.
func (t *Tools) decodeEnds(ctx context.Context, path string, c meanwhile.Container, length time.Duration, copied bool) error {
	source, err := resolve(path)
	if err != nil {
		return ioError("find the output", err)
	}
	in, _ := t.box.inside(source, "")
	return conversionError(t.run(ctx, job{
		bin: t.ffmpeg, args: DecodeArgs(in, c, length, copied), in: source, cpu: verifyFor, wall: verifyFor, fsize: 1,
	}))
}

// verifyFor bounds one decode of an output's ends.
const verifyFor = 2 * time.Minute
