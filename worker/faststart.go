package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// layer is a source whose samples can be read in place.
type layer interface {
	io.ReaderAt
	WriteRange(w io.Writer, r storage.Range) error
}

// faststart writes a new index and then the source's samples to path, without starting another
// program. It returns what the source is. ok is false if the source is not simple enough for that.
func (j *job) faststart(ctx context.Context, path string) (p storage.Probe, ok bool, err error) {
	p, ok, err = j.faststartFrom(ctx, path)
	if storage.KindOf(err) != storage.Damaged || j.source != "" {
		return p, ok, err
	}
	if err := j.fetch(ctx); err != nil { // a copy has what can still be read of a recording
		return p, false, err
	}
	return j.faststartFrom(ctx, path)
}

func (j *job) faststartFrom(ctx context.Context, path string) (p storage.Probe, ok bool, err error) {
	src, sizeBytes, done, err := j.layers(ctx)
	if err != nil {
		return p, false, err
	}
	defer func() { _ = done() }() // only read, so nothing is lost
	f, ok, err := media.PlanFaststart(src, sizeBytes)
	if err != nil {
		return p, false, fmt.Errorf("plan a copy: %w", err)
	}
	if !ok || f.Duration() > j.Stages.Limits().MaxDuration {
		return p, false, nil
	}
	if err := writeFaststart(ctx, path, f, src); err != nil {
		return p, false, errors.Join(scratchError(err), os.Remove(path))
	}
	if p, err = j.Tools.ProbeFaststart(ctx, path, f, sizeBytes); err == nil {
		return p, true, nil
	}
	// ffprobe has the last word on what is wrong with the source itself
	if storage.KindOf(err) == storage.Unprocessable {
		return p, false, os.Remove(path)
	}
	return p, false, errors.Join(err, os.Remove(path))
}

// layers opens the source in place if it is on this machine, else its scratch copy.
func (j *job) layers(ctx context.Context) (src layer, sizeBytes int64, done func() error, err error) {
	parts, err := j.Source.OpenTrack(ctx, j.task.Video.ID, j.track)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("open source: %w", err)
	}
	local, err := parts.Local()
	if err == nil && local && j.source == "" {
		return parts, parts.SizeBytes, parts.Close, nil
	}
	if err := errors.Join(err, parts.Close(), j.fetch(ctx)); err != nil {
		return nil, 0, nil, err
	}
	f, err := os.Open(j.source)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("open scratch copy: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(fmt.Errorf("look at scratch copy: %w", err), f.Close())
	}
	return file{f}, info.Size(), f.Close, nil
}

// file is a layer that is one file.
type file struct{ *os.File }

// WriteRange writes a range of the file to w.
func (f file) WriteRange(w io.Writer, r storage.Range) error {
	if _, err := f.Seek(r.Start, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(w, f.File, r.Length)
	return err
}

func writeFaststart(ctx context.Context, path string, f media.Faststart, src layer) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.Write(f.Head); err != nil {
		return err
	}
	for _, r := range f.Ranges {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := src.WriteRange(out, r); err != nil {
			return err
		}
	}
	return out.Close()
}
