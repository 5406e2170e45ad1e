package worker

import (
	"context"
	"path/filepath"
	"time"

	"meanwhile"
	"meanwhile/worker/ffmpeg"
)

// camera makes the second track playable: what it is was not known before, so that it is looked at and made in one step.
func camera(ctx context.Context, j *job) error {
	container, err := ffmpeg.Sniff(j.source)
	if err != nil {
		return err
	}
	probe, err := j.Tools.Probe(ctx, j.source, container)
	if err != nil {
		return err
	}
	probe.Audio = nil // the main track carries the sound
	plan, err := meanwhile.DecideCamera(probe, j.Library.Limits)
	if err != nil {
		return err
	}
	src := ffmpeg.Source{Path: j.source, Probe: probe}
	a := meanwhile.Asset{Kind: meanwhile.AssetCamera, Name: "camera.mp4", Everywhere: true}
	want := ffmpeg.Want{Container: meanwhile.ContainerMP4, VideoCodec: "h264", Duration: time.Duration(probe.DurationMS) * time.Millisecond}
	path := filepath.Join(j.out, a.Name)
	if plan.Copy != nil {
		want.Copied = true
		err = j.Tools.Copy(ctx, src, *plan.Copy, path, j.progress)
	} else {
		dir := filepath.Join(j.out, "camera")
		path = filepath.Join(dir, ffmpeg.ProgressiveName(plan.Ladder.Rungs[0]))
		err = j.Tools.Ladder(ctx, src, *plan.Ladder, meanwhile.Storyboard{}, dir, j.progress)
	}
	if err != nil {
		return err
	}
	a, err = j.verified(ctx, path, want, a)
	if err == nil && want.Copied {
		a.Width, a.Height = probe.Video.Width, probe.Video.Height
	}
	return j.finish(ctx, meanwhile.Outcome{Assets: []meanwhile.Asset{a}}, err)
}
