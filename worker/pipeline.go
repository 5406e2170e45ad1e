// Package worker transforms: it takes claimed stages of videos through the steps of the pipeline. What a step is for stands in the root
// package's step table; what it does stands here.
package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"meanwhile"
	"meanwhile/worker/ffmpeg"
)

// Tools is what the steps need of ffmpeg.
type Tools interface {
	Probe(ctx context.Context, path string, c meanwhile.Container) (meanwhile.Probe, error)
	Copy(ctx context.Context, src ffmpeg.Source, c meanwhile.Copy, out string, p ffmpeg.Progress) error
	Encode(ctx context.Context, src ffmpeg.Source, e meanwhile.Encode, out string, p ffmpeg.Progress) error
	Poster(ctx context.Context, src ffmpeg.Source, out string) error
	Verify(ctx context.Context, out string, want ffmpeg.Want) (meanwhile.Probe, error)
}

// job is one stage at work.
type job struct {
	*Worker
	task     meanwhile.Task
	source   string // scratch copy of the source
	out      string // folder of this job alone, removed after it
	progress ffmpeg.Progress
}

func (j *job) src() ffmpeg.Source { return ffmpeg.Source{Path: j.source, Probe: j.task.Probe} }

// step is one row of the pipeline: the work, and the wall time after which it is stopped whatever it says.
type step struct {
	wall time.Duration
	work func(ctx context.Context, j *job) error
}

// pipeline is the step table. A new step needs a row in the root's table (queue, attempts, weight), a row here, and its function below.
var pipeline = map[meanwhile.Step]step{
	meanwhile.StepInspect: {10 * time.Minute, inspect},
	meanwhile.StepCopy:    {30 * time.Minute, copyStreams},
	meanwhile.StepPoster:  {10 * time.Minute, poster},
	meanwhile.StepEncode:  {24 * time.Hour, encode},
}

// inspect tells what the source is, and has the Library decide what to make of it.
func inspect(ctx context.Context, j *job) error {
	container, err := ffmpeg.Sniff(j.source)
	if err != nil {
		return err
	}
	j.copyEarly(container)
	probe, err := j.Tools.Probe(ctx, j.source, container)
	if err != nil {
		return err
	}
	return j.Library.FinishInspect(ctx, j.task, probe)
}

// copyEarly begins the copy of what will probably be copied while the packets are still being counted, which takes as long.
func (j *job) copyEarly(c meanwhile.Container) {
	if c != meanwhile.ContainerMP4 {
		return
	}
	index, err := ffmpeg.ReadIndex(j.source)
	if err != nil || index.Video.Codec != "h264" || time.Duration(index.DurationMS)*time.Millisecond > j.Library.Limits.MaxDuration {
		return // not of that kind, or what the file says of itself is not to be believed
	}
	j.Scratch.BeginEarly(j.task.Video.ID, func(ctx context.Context, path string) error {
		return j.Tools.Copy(ctx, ffmpeg.Source{Path: j.source, Probe: index}, meanwhile.Copy{Container: c}, path, nil)
	})
}

// copyStreams makes what browsers can play as it came, without decoding it.
func copyStreams(ctx context.Context, j *job) error {
	plan := j.task.Plan.Copy
	if plan == nil {
		return meanwhile.E(meanwhile.Internal, "", fmt.Errorf("no copy is planned"))
	}
	name := "copy." + string(plan.Container)
	path := filepath.Join(j.out, name)
	if plan.Container != meanwhile.ContainerMP4 || !j.Scratch.TakeEarly(ctx, j.task.Video.ID, path) {
		if err := j.Tools.Copy(ctx, j.src(), *plan, path, j.progress); err != nil {
			return err
		}
	}
	want := j.want(plan.Container)
	want.VideoCodec, want.Copied = j.task.Probe.Video.Codec, true
	return j.publish(ctx, path, want, meanwhile.Asset{Kind: meanwhile.AssetCopy, Name: name, MediaType: plan.MediaType, Everywhere: plan.Final})
}

// encode makes the rendition that plays everywhere.
func encode(ctx context.Context, j *job) error {
	plan := *j.task.Plan.Encode
	path := filepath.Join(j.out, plan.Name)
	if err := j.Tools.Encode(ctx, j.src(), plan, path, j.progress); err != nil {
		return err
	}
	want := j.want(meanwhile.ContainerMP4)
	want.Width, want.Height, want.VideoCodec = plan.Width, plan.Height, "h264"
	if want.Audio {
		want.AudioCodec = "aac"
	}
	return j.publish(ctx, path, want, meanwhile.Asset{Kind: meanwhile.AssetRendition, Name: plan.Name, Everywhere: true})
}

// poster picks one frame that is worth looking at.
func poster(ctx context.Context, j *job) error {
	path := filepath.Join(j.out, "poster.jpg")
	if err := j.Tools.Poster(ctx, j.src(), path); err != nil {
		return err
	}
	a := meanwhile.Asset{Kind: meanwhile.AssetPoster, Name: "poster.jpg", MediaType: "image/jpeg"}
	if err := j.store(ctx, path, &a); err != nil {
		return err
	}
	return j.name(ctx, a)
}

// want is what every output of this source has to be before anyone sees it.
func (j *job) want(c meanwhile.Container) ffmpeg.Want {
	return ffmpeg.Want{Container: c, Audio: j.task.Probe.Audio != nil, Duration: time.Duration(j.task.Probe.DurationMS) * time.Millisecond}
}

// publish verifies a file and stores it, side by side because somebody may be waiting, and then names it in one fenced commit. Until that
// nobody sees it; what is not named is removed again.
func (j *job) publish(ctx context.Context, path string, want ffmpeg.Want, a meanwhile.Asset) error {
	var made meanwhile.Probe
	both, ctx2 := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		made, err = j.Tools.Verify(ctx2, path, want)
		return err
	})
	both.Go(func() error { return j.store(ctx2, path, &a) })
	if err := both.Wait(); err != nil {
		if a.Key != "" {
			j.discard(ctx, a.Key)
		}
		return err
	}
	a.Duration = time.Duration(made.DurationMS) * time.Millisecond
	a.Width, a.Height = made.Video.Width, made.Video.Height
	if want.Copied { // turned and stretched as the source asks for
		a.Width, a.Height = j.task.Probe.Video.Width, j.task.Probe.Video.Height
	}
	if a.MediaType == "" {
		a.MediaType = made.MediaType()
	}
	return j.name(ctx, a)
}

// store puts the file where viewers' files are, and fills in key, size and hash.
func (j *job) store(ctx context.Context, path string, a *meanwhile.Asset) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		a.SHA256, err = hashFile(ctx, path)
		return err
	})
	both.Go(func() error {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open output: %w", err)
		}
		defer f.Close()
		// The file itself, so that a folder of objects can take it over without another copy.
		a.Key, a.SizeBytes, err = j.Library.PutDerived(ctx, j.task, strings.TrimPrefix(filepath.Ext(a.Name), "."), f)
		return err
	})
	return both.Wait()
}

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open output: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		return "", fmt.Errorf("hash output: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func (j *job) name(ctx context.Context, a meanwhile.Asset) error {
	if err := j.Library.FinishAsset(ctx, j.task, a); err != nil {
		j.discard(ctx, a.Key)
		return err
	}
	return nil
}

func (j *job) discard(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := j.Library.Objects.Delete(ctx, key); err != nil {
		j.Log.Warn("unnamed object not deleted", "key", key, "error", err)
	}
}
