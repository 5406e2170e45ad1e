package worker

import (
	"context"
	"path/filepath"

	"meanwhile"
	"meanwhile/worker/ffmpeg"
)

// ladder makes every rendition, and the lists that HLS players read.
func ladder(ctx context.Context, j *job) error {
	if j.task.Plan.Sound != nil {
		return sound(ctx, j)
	}
	plan := *j.task.Plan.Ladder
	dir := filepath.Join(j.out, "ladder")
	if err := j.Tools.Ladder(ctx, j.src(), plan, j.task.Plan.Storyboard, dir, j.progress); err != nil {
		return err
	}
	var makers []func() (meanwhile.Asset, error)
	var rungs, playlists []meanwhile.Asset
	for _, r := range plan.Rungs {
		want := j.wantRung(plan, r)
		if r.Progressive {
			makers = append(makers, func() (meanwhile.Asset, error) {
				a := meanwhile.Asset{Kind: meanwhile.AssetRendition, Name: ffmpeg.ProgressiveName(r), Everywhere: true}
				return j.verified(ctx, filepath.Join(dir, a.Name), want, a)
			})
		}
		if plan.Adaptive {
			makers = append(makers, func() (meanwhile.Asset, error) {
				a, playlist, err := j.rung(ctx, filepath.Join(dir, ffmpeg.FragmentedName(r)), want)
				rungs, playlists = append(rungs, a), append(playlists, playlist)
				return a, err
			})
		}
	}
	if plan.Storyboard {
		makers = append(makers, j.sheet(ctx, filepath.Join(dir, ffmpeg.StoryboardName))...)
	}
	if plan.Adaptive {
		makers = append(makers, func() (meanwhile.Asset, error) {
			return j.written(ctx, []byte(meanwhile.MasterPlaylist(rungs)), meanwhile.Asset{Kind: meanwhile.AssetPlaylist, Name: meanwhile.MasterName, MediaType: hlsType})
		})
	}
	assets, err := j.all(makers...)
	return j.finish(ctx, meanwhile.Outcome{Assets: append(assets, playlists...)}, err)
}

// hlsType is the media type of playlists (RFC 8216, 4).
const hlsType = "application/vnd.apple.mpegurl"

func (j *job) wantRung(l meanwhile.Ladder, r meanwhile.Rung) ffmpeg.Want {
	want := j.want(meanwhile.ContainerMP4)
	want.VideoCodec, want.Copied = "h264", r.Copy
	if !r.Copy {
		want.Width, want.Height = r.Width, r.Height
	}
	if want.Audio {
		want.AudioCodec = "aac"
	}
	return want
}

// rung verifies and stores a fragmented rendition and its playlist.
func (j *job) rung(ctx context.Context, path string, want ffmpeg.Want) (a, playlist meanwhile.Asset, err error) {
	a = meanwhile.Asset{Kind: meanwhile.AssetRung, Name: filepath.Base(path)}
	made, index, err := j.Tools.VerifyFragmented(ctx, path, want)
	if err != nil {
		return a, playlist, err
	}
	if a, err = j.stored(ctx, path, a); err != nil {
		return a, playlist, err
	}
	a = j.described(a, made, want)
	a.BandwidthBPS = meanwhile.PeakBPS(index)
	playlist = meanwhile.Asset{Kind: meanwhile.AssetPlaylist, Name: meanwhile.PlaylistName(a.Name), MediaType: hlsType}
	playlist, err = j.written(ctx, []byte(meanwhile.MediaPlaylist(index, a.Name)), playlist)
	return a, playlist, err
}
