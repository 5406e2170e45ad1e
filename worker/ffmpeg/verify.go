package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// Want is what an output must be before anybody sees it.
type Want struct {
	Container     storage.Container
	Fragmented    bool          // an MP4 of movie fragments; else its index is in front
	Duration      time.Duration // within a second or two per cent, whichever is more
	Audio         bool          // true: must have sound; false: must not
	Width, Height int           // as shown; zero is not compared
	VideoCodec    string        // ffmpeg's name; empty is not compared
	AudioCodec    string
	SoundOnly     bool // must have no picture
	// packets were copied unchanged: of the picture only key frames are decoded
	Copied bool
	// has the packets of the output before it: compared with those, whose ends are decoded
	Again bool
}

// Output is a new file, and what it must be.
type Output struct {
	Path string
	Want Want
}

// Made is the result of the check of an output.
type Made struct {
	Probe     storage.Probe
	Fragments media.FragmentIndex // if it is a fragmented MP4
	compared  bool                // has the packets of an output that is decoded
}

// Verify is VerifyAll for one file.
func (t *Tools) Verify(ctx context.Context, outPath string, want Want) (storage.Probe, error) {
	made, err := t.VerifyAll(ctx, []Output{{outPath, want}})
	if err != nil {
		return storage.Probe{}, err
	}
	return made[0].Probe, nil
}

// VerifyAll proves that files are what was wanted: container, streams, length, and that their ends
// decode without an error. The ends of a fragmented MP4 are the first and the last fragment, of
// others the first and the last second. VerifyAll reads the index of an MP4 itself. It also
// compares packets with ones that are decoded, which proves more. The rest is decoded in the
// sandbox, in one start for all files, because a start costs as much as two decoded seconds.
// Errors: Unprocessable with the fault in Err; ctx's; Internal.
func (t *Tools) VerifyAll(ctx context.Context, outputs []Output) ([]Made, error) {
	made, err := t.verify(ctx, outputs)
	if err = conversionError(err); storage.KindOf(err) == storage.Unprocessable {
		err = storage.E(
			storage.Unprocessable,
			"We could not convert this video: the result did not pass its check.",
			err,
		)
	}
	return made, err
}

func (t *Tools) verify(ctx context.Context, outputs []Output) ([]Made, error) {
	made := make([]Made, len(outputs))
	var differs error
	for i, o := range outputs {
		c, err := Sniff(o.Path)
		if err == nil && c != o.Want.Container {
			err = fmt.Errorf("container is %s, not %s", c, o.Want.Container)
		}
		if err == nil && c == storage.ContainerMP4 {
			made[i], err = o.read()
		}
		if err != nil {
			return nil, err
		}
		if o.Want.Again && i > 0 {
			if made[i].compared, err = compareFiles(outputs[i-1].Path, o.Path); differs == nil {
				differs = err
			}
		}
	}
	// Somebody may be waiting: files whose index we cannot read are probed while the ends are
	// decoded.
	decoded := make(chan error, 1)
	go func() { decoded <- t.decodeEnds(ctx, outputs, made) }()
	err := t.probeOthers(ctx, outputs, made)
	for _, failed := range []error{<-decoded, differs} {
		if err == nil {
			err = failed
		}
	}
	return made, err
}

func (t *Tools) probeOthers(ctx context.Context, outputs []Output, made []Made) error {
	for i, o := range outputs {
		if o.Want.Container == storage.ContainerMP4 {
			continue
		}
		p, err := t.Probe(ctx, o.Path, o.Want.Container)
		if err == nil {
			err = o.Want.compare(p)
		}
		if err != nil {
			return err
		}
		made[i].Probe = p
	}
	return nil
}

// read checks what the boxes of an MP4 say. All boxes must be there.
func (o Output) read() (Made, error) {
	var made Made
	p, err := readMoov(o.Path)
	if err != nil {
		return made, err
	}
	if o.Want.Fragmented {
		f, err := os.Open(o.Path)
		if err != nil {
			return made, ioError("look at the output", err)
		}
		defer f.Close()
		if made.Fragments, err = media.IndexFragments(f, p.SizeBytes); err != nil {
			return made, err
		}
		p.DurationMS, p.Fragmented = made.Fragments.Duration().Milliseconds(), true
	} else if complete, err := whole(o.Path); err != nil {
		return made, ioError("look at the output", err)
	} else if !complete {
		return made, errors.New("the file is cut off")
	}
	made.Probe = p
	return made, o.Want.compare(p)
}

func (w Want) compare(p storage.Probe) error {
	if w.SoundOnly {
		p.Video = &storage.VideoStream{}
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
	check(
		got > 0 && (got-w.Duration).Abs() <= max(time.Second, w.Duration/50),
		"duration is %s, not %s",
		got,
		w.Duration,
	)
	check((p.Audio != nil) == w.Audio, "sound is there: %t, wanted: %t", p.Audio != nil, w.Audio)
	check(w.Width == 0 || p.Video.Width == w.Width, "width is %d, not %d", p.Video.Width, w.Width)
	check(w.Height == 0 || p.Video.Height == w.Height, "height is %d, not %d", p.Video.Height, w.Height)
	check(w.VideoCodec == "" || p.Video.Codec == w.VideoCodec, "picture is %s, not %s", p.Video.Codec, w.VideoCodec)
	if p.Audio != nil {
		check(w.AudioCodec == "" || p.Audio.Codec == w.AudioCodec, "sound is %s, not %s", p.Audio.Codec, w.AudioCodec)
	}
	return errors.Join(wrong...)
}

// verifyFor bounds the decoding of all ends together: key frames may lie far apart in a copy.
const verifyFor = 2 * time.Minute

func (t *Tools) decodeEnds(ctx context.Context, outputs []Output, made []Made) error {
	j := job{bin: t.ffmpeg, cpu: verifyFor, wall: verifyFor, fsize: 1}
	var ends []Ends
	for i, o := range outputs {
		if made[i].compared {
			continue
		}
		path := o.Path
		if o.Want.Fragmented {
			cut, err := cutEnds(path, made[i].Fragments)
			if err != nil {
				return ioError("write a file of the ends", err)
			}
			defer os.Remove(cut)
			path = cut
		}
		source, err := resolve(path)
		if err != nil {
			return ioError("find the output", err)
		}
		e := Ends{Container: o.Want.Container, Cut: o.Want.Fragmented, KeyFrames: o.Want.Copied || o.Want.Again}
		if j.in == "" {
			j.in = source
			e.In, _ = t.box.inside(source, "")
		} else {
			e.In = t.box.beside(len(j.beside), source)
			j.beside = append(j.beside, source)
		}
		ends = append(ends, e)
	}
	j.args = DecodeArgs(ends)
	return t.run(ctx, j)
}

// compareFiles compares a file with one that has the same packets. It returns false for files that
// only ffmpeg can read.
func compareFiles(first, again string) (compared bool, err error) {
	a, err := os.Open(first)
	if err != nil {
		return false, ioError("look at the output", err)
	}
	defer a.Close()
	b, err := os.Open(again)
	if err != nil {
		return false, ioError("look at the output", err)
	}
	defer b.Close()
	aInfo, err := a.Stat()
	if err != nil {
		return false, ioError("look at the output", err)
	}
	bInfo, err := b.Stat()
	if err != nil {
		return false, ioError("look at the output", err)
	}
	return media.SameMedia(a, b, aInfo.Size(), bInfo.Size())
}

// cutEnds writes a file of the first and the last fragment beside the one at path: a seek in a
// fragmented file would read all of it.
func cutEnds(path string, x media.FragmentIndex) (cut string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	ends, err := os.CreateTemp(filepath.Dir(path), ".ends-*.mp4")
	if err != nil {
		return "", err
	}
	defer ends.Close()
	pieces := []io.Reader{io.NewSectionReader(f, 0, x.InitBytes)}
	for i, fragment := range x.Fragments {
		if i == 0 || i == len(x.Fragments)-1 {
			pieces = append(pieces, io.NewSectionReader(f, fragment.Offset, fragment.SizeBytes))
		}
	}
	if _, err := io.Copy(ends, io.MultiReader(pieces...)); err != nil {
		return "", errors.Join(err, os.Remove(ends.Name()))
	}
	return ends.Name(), nil
}
