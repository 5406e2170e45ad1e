package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"time"

	"meanwhile"
)

// Source is a local file and what Probe said of it.
type Source struct {
	Path  string
	Probe meanwhile.Probe
}

// Copy writes src's streams, as they are, into outPath: a faststart MP4, or a WebM whose index stands in front. Nothing is at outPath
// unless it returns nil. Errors: ctx's; Unprocessable with a sentence; Full; Internal when trying again may help.
func (t *Tools) Copy(ctx context.Context, src Source, c meanwhile.Copy, outPath string, p Progress) error {
	if muxers[c.Container] == "" {
		return meanwhile.E(meanwhile.Invalid, fmt.Sprintf("A copy is mp4 or webm, not %q.", c.Container), nil)
	}
	cpu := copyBudget(src.Probe)
	w := work{cpu: cpu, wall: wallFor(cpu), reports: true, progress: p} // not niced: people wait for it
	return t.make(ctx, src, outPath, w, func(in, out string) []string { return CopyArgs(in, out, src.Probe, c) })
}

// Encode writes the rendition that plays everywhere to outPath. Promise and errors are Copy's.
func (t *Tools) Encode(ctx context.Context, src Source, e meanwhile.Encode, outPath string, p Progress) error {
	cpu := Budget(src.Probe, e)
	w := work{cpu: cpu, wall: wallFor(cpu), niceness: t.nice, reports: true, progress: p}
	if e.CopyVideo {
		w.niceness = t.nice / 2
	}
	return t.make(ctx, src, outPath, w, func(in, out string) []string { return EncodeArgs(in, out, src.Probe, e) })
}

// Poster writes a JPEG of a telling frame to outPath, at most 1280 pixels wide. Promise and errors are Copy's.
func (t *Tools) Poster(ctx context.Context, src Source, outPath string) error {
	var err error
	for _, firstFrame := range []bool{false, true} {
		w := work{cpu: 30 * time.Second, wall: 60 * time.Second, niceness: t.nice / 2}
		err = t.make(ctx, src, outPath, w, func(in, out string) []string { return PosterArgs(in, out, src.Probe, firstFrame) })
		if err == nil {
			err = checkJPEG(outPath)
		}
		// Only a picture that could not be made is tried another way, not a lost disk or a cancelled job.
		if err == nil || ctx.Err() != nil || meanwhile.KindOf(err) != meanwhile.Unprocessable {
			return err
		}
	}
	return err
}

// checkJPEG makes sure that viewers get a picture, whatever made it.
func checkJPEG(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return ioError("open the poster", err)
	}
	defer f.Close()
	picture, err := jpeg.DecodeConfig(f)
	if err == nil && (picture.Width > posterWidth || picture.Width == 0) {
		err = fmt.Errorf("the poster is %d × %d", picture.Width, picture.Height)
	}
	if err != nil {
		return errors.Join(conversionError(err), os.Remove(path))
	}
	return nil
}

// work is what one job may take.
type work struct {
	cpu, wall time.Duration
	niceness  int
	reports   bool // the arguments ask for progress reports
	progress  Progress
}

// make runs ffmpeg from src to outPath. args gets the paths as the sandbox shows them.
func (t *Tools) make(ctx context.Context, src Source, outPath string, w work, args func(in, out string) []string) error {
	source, err := resolve(src.Path)
	if err != nil {
		return ioError("find the source", err)
	}
	return makeFile(outPath, func(dir string) error {
		in, out := t.box.inside(source, dir)
		j := job{
			bin: t.ffmpeg, args: args(in, filepath.Join(out, filepath.Base(outPath))), in: source, outDir: dir,
			cpu: w.cpu, wall: w.wall, fsize: fileLimit(src.Probe), niceness: w.niceness,
		}
		if w.reports {
			j.meter = &meter{total: time.Duration(src.Probe.DurationMS) * time.Millisecond, tell: w.progress}
		}
		return conversionError(t.run(ctx, j))
	})
}
