package worker

import (
	"context"
	"path/filepath"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/plan"
	"meanwhile/worker/stages"
)

// camera makes the second track playable. Nobody probed that track before, so it is probed and
// copied in one step. If it must be encoded, a later job does that, because people wait for the
// jobs behind this one.
func camera(ctx context.Context, j *job) error {
	a := storage.Asset{Kind: storage.AssetCamera, Name: "camera.mp4", Everywhere: true}
	path := filepath.Join(j.out, a.Name)
	probe, copied, err := j.faststart(ctx, path)
	if err == nil && !copied {
		probe, err = j.probe(ctx)
	}
	if err != nil {
		return err
	}
	probe.Audio = nil // the main track carries the sound
	plan, err := plan.DecideCamera(probe, j.Stages.Limits())
	if err != nil {
		return err
	}
	want := ffmpeg.Want{
		Container:  storage.ContainerMP4,
		VideoCodec: "h264",
		Duration:   time.Duration(probe.DurationMS) * time.Millisecond,
	}
	if want.Copied = plan.Copy != nil; !want.Copied && j.task.Stage.Step == storage.StepCamera {
		return j.finish(ctx, stages.Outcome{Then: storage.StepCameraEncode}, nil)
	}
	if !want.Copied || !copied {
		err = j.fetch(ctx)
	}
	src := ffmpeg.Source{Path: j.source, Probe: probe}
	switch {
	case err != nil || want.Copied && copied:
	case want.Copied:
		err = j.Tools.Copy(ctx, src, *plan.Copy, path, j.progress)
	default:
		dir := filepath.Join(j.out, "camera")
		path = filepath.Join(dir, ffmpeg.ProgressiveName(plan.Ladder.Rungs[0]))
		err = j.Tools.Ladder(ctx, src, *plan.Ladder, storage.Storyboard{}, dir, j.progress)
	}
	if err != nil {
		return err
	}
	a, err = j.verified(ctx, path, want, a)
	if err == nil && want.Copied {
		a.Width, a.Height = probe.Video.Width, probe.Video.Height
	}
	return j.finish(ctx, stages.Outcome{Assets: []storage.Asset{a}}, err)
}
