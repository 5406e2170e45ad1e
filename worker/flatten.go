package worker

import (
	"context"
	"path/filepath"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/stages"
)

// flatten puts screen and camera together by the current layout. If somebody changes the layout
// meanwhile, the worker loses the stage, and its result is thrown away.
func flatten(ctx context.Context, j *job) error {
	path, release, err := j.Scratch.Source(
		ctx,
		j.Source,
		j.task.Video.ID,
		j.task.Stage.Generation,
		storage.CameraTrack,
	)
	if err != nil {
		return err
	}
	defer release()
	container, err := ffmpeg.Sniff(path)
	if err != nil {
		return err
	}
	probe, err := j.Tools.Probe(ctx, path, container)
	if err != nil {
		return err
	}
	plan, err := j.Stages.FlatFor(ctx, j.task, probe)
	if err != nil || plan == nil {
		return j.finish(ctx, stages.Outcome{}, err)
	}
	out := filepath.Join(j.out, plan.Name)
	if err := j.Tools.Flatten(
		ctx,
		j.src(),
		ffmpeg.Source{Path: path, Probe: probe},
		*plan,
		out,
		j.progress,
	); err != nil {
		return err
	}
	want := j.want(storage.ContainerMP4)
	want.VideoCodec, want.Width, want.Height = "h264", plan.Width, plan.Height
	if want.Audio {
		want.AudioCodec = "aac"
	}
	a, err := j.verified(ctx, out, want, storage.Asset{Kind: storage.AssetFlat, Name: plan.Name, Everywhere: true})
	return j.finish(ctx, stages.Outcome{Assets: []storage.Asset{a}}, err)
}
