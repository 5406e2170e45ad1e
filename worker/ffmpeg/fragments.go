package ffmpeg

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"meanwhile"
)

// VerifyFragmented is Verify for a fragmented MP4: its boxes are walked to the end, and its first and its last fragment decode. It gives the
// index of the fragments, too.
func (t *Tools) VerifyFragmented(ctx context.Context, outPath string, want Want) (meanwhile.Probe, meanwhile.FragmentIndex, error) {
	refuse := func(err error) (meanwhile.Probe, meanwhile.FragmentIndex, error) {
		return meanwhile.Probe{}, meanwhile.FragmentIndex{}, notAsWanted(err)
	}
	f, err := os.Open(outPath)
	if err != nil {
		return meanwhile.Probe{}, meanwhile.FragmentIndex{}, ioError("look at the output", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return meanwhile.Probe{}, meanwhile.FragmentIndex{}, ioError("look at the output", err)
	}
	x, err := meanwhile.IndexFragments(f, info.Size())
	if err != nil {
		return refuse(err)
	}
	p, err := readMoov(outPath)
	if err != nil {
		return meanwhile.Probe{}, meanwhile.FragmentIndex{}, err
	}
	p.DurationMS, p.Fragmented = x.Duration().Milliseconds(), true
	if err := want.compare(p); err != nil {
		return refuse(err)
	}
	err = t.decodeFragments(ctx, f, outPath, x, want.Copied)
	if err != nil && meanwhile.KindOf(err) == meanwhile.Unprocessable {
		return refuse(err)
	}
	return p, x, err
}

// decodeFragments decodes a file of the first and the last fragment: seeking in a fragmented file would read all of it.
func (t *Tools) decodeFragments(ctx context.Context, f *os.File, outPath string, x meanwhile.FragmentIndex, copied bool) error {
	ends, err := os.CreateTemp(filepath.Dir(outPath), ".ends-*.mp4")
	if err != nil {
		return ioError("make a file of the ends", err)
	}
	defer os.Remove(ends.Name())
	defer ends.Close()
	pieces := []io.Reader{io.NewSectionReader(f, 0, x.InitBytes)}
	for _, i := range []int{0, len(x.Fragments) - 1} {
		if i == 0 || i > 0 && len(x.Fragments) > 1 {
			pieces = append(pieces, io.NewSectionReader(f, x.Fragments[i].Offset, x.Fragments[i].SizeBytes))
		}
	}
	if _, err := io.Copy(ends, io.MultiReader(pieces...)); err != nil {
		return ioError("write a file of the ends", err)
	}
	source, err := resolve(ends.Name())
	if err != nil {
		return ioError("find a file of the ends", err)
	}
	in, _ := t.box.inside(source, "")
	return conversionError(t.run(ctx, job{
		bin: t.ffmpeg, args: DecodeAllArgs(in, copied), in: source, cpu: verifyFor, wall: verifyFor, fsize: 1,
	}))
}

func notAsWanted(err error) error {
	return meanwhile.E(meanwhile.Unprocessable, "We could not convert this video: the result did not pass its check.", err)
}
