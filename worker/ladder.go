package worker

import (
	"context"
	"path/filepath"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/media"
	"meanwhile/worker/stages"
)

// ladder makes every rendition, the playlists for HLS players, and the other files of the same
// decode.
func ladder(ctx context.Context, j *job) error {
	if j.task.Plan.Sound != nil {
		return sound(ctx, j)
	}
	plan := *j.task.Plan.Ladder
	dir := filepath.Join(j.out, "ladder")
	if err := j.Tools.Ladder(ctx, j.src(), plan, j.task.Plan.Storyboard, dir, j.progress); err != nil {
		return err
	}
	assets, outputs := j.ladderOutputs(plan, dir)
	made, err := j.Tools.VerifyAll(ctx, outputs)
	if err != nil {
		return err
	}
	var makers []func() (storage.Asset, error)
	var rungs []storage.Asset
	for i, a := range assets {
		a = j.described(a, made[i].Probe, outputs[i].Want)
		if index := made[i].Fragments; a.Kind == storage.AssetRung {
			a.BandwidthBPS = media.PeakBPS(index)
			rungs = append(rungs, a)
			makers = append(
				makers,
				j.playlist(ctx, media.PlaylistName(a.Name), media.RenditionPlaylist(index, a.Name)),
			)
		}
		makers = append(makers, func() (storage.Asset, error) { return j.stored(ctx, outputs[i].Path, a) })
	}
	if plan.Adaptive {
		makers = append(makers, j.playlist(ctx, media.MasterName, media.MasterPlaylist(rungs)))
	}
	if plan.Extras {
		makers = append(makers, j.sheet(ctx, filepath.Join(dir, ffmpeg.StoryboardName))...)
	}
	assets, err = j.all(makers...)
	return j.finish(ctx, stages.Outcome{Assets: assets}, err)
}

// ladderOutputs are the videos that a ladder's process left in dir, and what each must be.
func (j *job) ladderOutputs(plan storage.Ladder, dir string) (assets []storage.Asset, outputs []ffmpeg.Output) {
	add := func(a storage.Asset, want ffmpeg.Want) {
		assets = append(assets, a)
		outputs = append(outputs, ffmpeg.Output{Path: filepath.Join(dir, a.Name), Want: want})
	}
	for _, r := range plan.Rungs {
		want := j.wantRung(r)
		if plan.Adaptive {
			want.Fragmented = true
			add(storage.Asset{Kind: storage.AssetRung, Name: ffmpeg.FragmentedName(r)}, want)
			want.Fragmented, want.Again = false, true
		}
		if r.Progressive {
			add(
				storage.Asset{Kind: storage.AssetRendition, Name: ffmpeg.ProgressiveName(r), Everywhere: true},
				want,
			)
		}
	}
	if plan.Extras {
		add(storage.Asset{Kind: storage.AssetPreview, Name: ffmpeg.PreviewName}, j.wantPreview())
	}
	return assets, outputs
}

func (j *job) wantRung(r storage.Rung) ffmpeg.Want {
	want := j.want(storage.ContainerMP4)
	want.VideoCodec, want.Copied = "h264", r.Copy
	if !r.Copy {
		want.Width, want.Height = r.Width, r.Height
	}
	if want.Audio {
		want.AudioCodec = "aac"
	}
	return want
}

// playlist stores a playlist for HLS players (media type: RFC 8216, 4).
func (j *job) playlist(ctx context.Context, name, text string) func() (storage.Asset, error) {
	return func() (storage.Asset, error) {
		return j.written(
			ctx,
			[]byte(text),
			storage.Asset{Kind: storage.AssetPlaylist, Name: name, MediaType: "application/vnd.apple.mpegurl"},
		)
	}
}
