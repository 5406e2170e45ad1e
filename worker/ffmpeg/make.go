package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"time"

	"meanwhile/storage"
)

// Source is a local file and the result of its Probe.
type Source struct {
	Path  string
	Probe storage.Probe
}

// Copy writes src's streams unchanged into outPath: a faststart MP4, or a WebM whose index is in
// front. Nothing is at outPath unless it returns nil. Errors: ctx's; Unprocessable with a sentence;
// Full; Internal if a retry may help.
func (t *Tools) Copy(ctx context.Context, src Source, c storage.Copy, outPath string, p Progress) error {
	if muxers[c.Container] == "" {
		return storage.E(storage.Invalid, fmt.Sprintf("A copy is mp4 or webm, not %q.", c.Container), nil)
	}
	cpu := copyBudget(src.Probe)
	// not niced: people wait for the copy
	w := work{cpu: cpu, wall: wallFor(cpu), reports: true, progress: p}
	return t.make(ctx, src, outPath, w, func(in, out string) []string { return CopyArgs(in, out, src.Probe, c) })
}

// Poster writes a JPEG of a meaningful frame to outPath, at most 1280 pixels wide. Promise and
// errors are Copy's.
func (t *Tools) Poster(ctx context.Context, src Source, outPath string) error {
	return t.picture(ctx, src, outPath, posterWidth, t.previewWork(), func(in, out string, keyFrames bool) []string {
		return PosterArgs(in, out, src.Probe, keyFrames)
	})
}

// picture makes a JPEG at most widest pixels wide from key frames, or from all frames if no key
// frame can be decoded: a recording that was cut in its middle may have none.
func (t *Tools) picture(
	ctx context.Context,
	src Source,
	outPath string,
	widest int,
	w work,
	args func(in, out string, keyFrames bool) []string,
) error {
	var err error
	for _, keyFrames := range []bool{true, false} {
		err = t.make(ctx, src, outPath, w, func(in, out string) []string { return args(in, out, keyFrames) })
		if err == nil {
			err = checkJPEG(outPath, widest)
		}
		// Only a frame that could not be made is tried another way, not after a full disk or a
		// cancelled job.
		if err == nil || ctx.Err() != nil || storage.KindOf(err) != storage.Unprocessable {
			return err
		}
	}
	return err
}

// checkJPEG makes sure that viewers get a picture at most widest pixels wide, whatever made it.
func checkJPEG(path string, widest int) error {
	f, err := os.Open(path)
	if err != nil {
		return ioError("open the picture", err)
	}
	defer f.Close()
	picture, err := jpeg.DecodeConfig(f)
	if err == nil && (picture.Width > widest || picture.Width == 0) {
		err = fmt.Errorf("the picture is %d × %d", picture.Width, picture.Height)
	}
	if err != nil {
		return errors.Join(conversionError(err), os.Remove(path))
	}
	return nil
}

// work is the limits of one run.
type work struct {
	cpu, wall time.Duration
	niceness  int
	reports   bool // the arguments ask for progress reports
	progress  Progress
	stdout    io.Writer
	stderr    *tailBuffer // set if the caller wants ffmpeg's messages
}

// make runs ffmpeg from src to outPath. args gets the paths inside the sandbox.
func (t *Tools) make(
	ctx context.Context,
	src Source,
	outPath string,
	w work,
	args func(in, out string) []string,
) error {
	source, err := resolve(src.Path)
	if err != nil {
		return ioError("find the source", err)
	}
	return makeFile(outPath, func(dir string) error {
		in, out := t.box.inside(source, dir)
		return t.runWork(ctx, src, source, dir, w, args(in, filepath.Join(out, filepath.Base(outPath))))
	})
}

// makeFolder is make for a process that writes several files. args gets the folder. Every file in
// names must exist afterwards.
func (t *Tools) makeFolder(
	ctx context.Context,
	src Source,
	outDir string,
	names []string,
	w work,
	args func(in, out string) []string,
) error {
	source, err := resolve(src.Path)
	if err != nil {
		return ioError("find the source", err)
	}
	return inFolder(outDir, func(dir string) error {
		in, out := t.box.inside(source, dir)
		if err := t.runWork(ctx, src, source, dir, w, args(in, out)); err != nil {
			return err
		}
		for _, name := range names {
			if err := isMade(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
		if err := os.Rename(dir, outDir); err != nil {
			return ioError("move the output", err)
		}
		return nil
	})
}

// runWork runs ffmpeg on source, the resolved path of src.
func (t *Tools) runWork(ctx context.Context, src Source, source, dir string, w work, args []string) error {
	j := job{
		bin: t.ffmpeg, args: args, in: source, outDir: dir, stdout: w.stdout, stderr: w.stderr,
		cpu: w.cpu, wall: w.wall, fsize: fileLimit(src.Probe), niceness: w.niceness,
	}
	if w.reports {
		j.meter = &meter{total: time.Duration(src.Probe.DurationMS) * time.Millisecond, tell: w.progress}
	}
	return conversionError(t.run(ctx, j))
}
