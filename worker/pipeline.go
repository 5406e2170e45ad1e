// Package worker processes videos: it takes claimed stages through the steps of the pipeline. The
// step table of storage says what a step is for. The code here says what it does.
package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/media"
	"meanwhile/worker/plan"
	"meanwhile/worker/stages"
)

// Tools are the functions of ffmpeg that the steps need.
type Tools interface {
	Probe(ctx context.Context, path string, c storage.Container) (storage.Probe, error)
	ProbeFaststart(ctx context.Context, path string, f media.Faststart, sourceBytes int64) (storage.Probe, error)
	Copy(ctx context.Context, src ffmpeg.Source, c storage.Copy, out string, p ffmpeg.Progress) error
	Ladder(
		ctx context.Context,
		src ffmpeg.Source,
		l storage.Ladder,
		s storage.Storyboard,
		outDir string,
		p ffmpeg.Progress,
	) error
	Poster(ctx context.Context, src ffmpeg.Source, out string) error
	Sound(ctx context.Context, src ffmpeg.Source, s storage.Sound, out string, p ffmpeg.Progress) error
	LiveSound(ctx context.Context, b *media.SoundBatch, dir string) (adts []byte, err error)
	Listen(ctx context.Context, src ffmpeg.Source, speech string) (storage.Loudness, ffmpeg.Peaks, error)
	Preview(ctx context.Context, src ffmpeg.Source, out string) error
	Storyboard(ctx context.Context, src ffmpeg.Source, s storage.Storyboard, out string) error
	Flatten(ctx context.Context, screen, camera ffmpeg.Source, f plan.Flat, out string, p ffmpeg.Progress) error
	Verify(ctx context.Context, out string, want ffmpeg.Want) (storage.Probe, error)
	VerifyAll(ctx context.Context, outputs []ffmpeg.Output) ([]ffmpeg.Made, error)
}

// job is one running stage.
type job struct {
	*Worker
	task     stages.Task
	track    string // of the source
	source   string // scratch copy of the source, if it was fetched
	release  func() // releases the copy
	out      string // folder of this job only, removed afterwards
	progress ffmpeg.Progress
}

func (j *job) src() ffmpeg.Source { return ffmpeg.Source{Path: j.source, Probe: j.task.Probe} }

// step is one row of the pipeline: the work, and the wall time after which it is stopped in any
// case.
type step struct {
	wall  time.Duration
	work  func(ctx context.Context, j *job) error
	track string // of the source; empty for the main one
	// inPlace starts without a scratch copy of the source, and fetches one only if needed.
	inPlace bool
}

func (s step) source() string {
	if s.track == "" {
		return storage.ScreenTrack
	}
	return s.track
}

// pipeline is the step table. A new step needs a row in storage's table (queue, attempts, weight),
// a row here, and its function below.
var pipeline = map[storage.Step]step{
	storage.StepInspect:      {wall: 10 * time.Minute, work: inspect, inPlace: true},
	storage.StepCopy:         {wall: 30 * time.Minute, work: copyStreams, inPlace: true},
	storage.StepCamera:       {wall: 30 * time.Minute, work: camera, track: storage.CameraTrack, inPlace: true},
	storage.StepCameraEncode: {wall: 12 * time.Hour, work: camera, track: storage.CameraTrack, inPlace: true},
	storage.StepPoster:       {wall: 10 * time.Minute, work: poster},
	storage.StepListen:       {wall: time.Hour, work: listen},
	storage.StepPreview:      {wall: 10 * time.Minute, work: preview},
	storage.StepStoryboard:   {wall: 10 * time.Minute, work: storyboard},
	storage.StepEncode:       {wall: 24 * time.Hour, work: ladder},
	storage.StepSound:        {wall: time.Hour, work: liveSound, inPlace: true},
	storage.StepFlatten:      {wall: 24 * time.Hour, work: flatten},
}

// inspect finds out what the source is. worker/stages then decides what to make of it.
func inspect(ctx context.Context, j *job) error {
	probe, err := j.look(ctx)
	if err != nil {
		return err
	}
	if probe.Camera, err = j.Source.HasTrack(ctx, j.task.Video.ID, storage.CameraTrack); err != nil {
		return err
	}
	return j.Stages.FinishInspect(ctx, j.task, probe)
}

// look finds out what the source is. If that also yields a playable copy, the copy is set aside for
// the step that publishes it.
func (j *job) look(ctx context.Context) (storage.Probe, error) {
	path := filepath.Join(j.out, "copy.mp4")
	probe, ok, err := j.faststart(ctx, path)
	if err != nil {
		return storage.Probe{}, err
	}
	if ok {
		return probe, j.Scratch.SetAside(j.task.Video.ID, path)
	}
	if err := j.fetch(ctx); err != nil {
		return storage.Probe{}, err
	}
	if c, err := ffmpeg.Sniff(j.source); err != nil || c != storage.ContainerWebM {
		return j.probe(ctx)
	}
	return j.probeAndCopy(ctx, filepath.Join(j.out, "copy.webm"))
}

// probeAndCopy copies a browser's WebM recording while its packets are read, which takes as long.
func (j *job) probeAndCopy(ctx context.Context, path string) (probe storage.Probe, err error) {
	info, err := os.Stat(j.source)
	if err != nil {
		return storage.Probe{}, fmt.Errorf("look at scratch copy: %w", err)
	}
	unknown := ffmpeg.Source{
		Path:  j.source,
		Probe: storage.Probe{Container: storage.ContainerWebM, SizeBytes: info.Size()},
	}
	both, copying := errgroup.WithContext(ctx)
	copied := false
	both.Go(func() error {
		copied = j.Tools.Copy(copying, unknown, storage.Copy{Container: storage.ContainerWebM}, path, nil) == nil
		// nobody knows yet whether a copy is wanted, and the step that wants one tries again
		return nil
	})
	both.Go(func() (err error) {
		probe, err = j.probe(ctx)
		return err
	})
	if err := both.Wait(); err != nil || !copied {
		return probe, err
	}
	return probe, j.Scratch.SetAside(j.task.Video.ID, path)
}

// probe runs ffprobe on the source.
func (j *job) probe(ctx context.Context) (storage.Probe, error) {
	if err := j.fetch(ctx); err != nil {
		return storage.Probe{}, err
	}
	container, err := ffmpeg.Sniff(j.source)
	if err != nil {
		return storage.Probe{}, err
	}
	return j.Tools.Probe(ctx, j.source, container)
}

// copyStreams makes a file that browsers can play, without decoding the source.
func copyStreams(ctx context.Context, j *job) error {
	plan := j.task.Plan.Copy
	if plan == nil {
		return storage.E(storage.Internal, "", fmt.Errorf("no copy is planned"))
	}
	name := "copy." + string(plan.Container)
	path := filepath.Join(j.out, name)
	if err := j.copyTo(ctx, path, *plan); err != nil {
		return err
	}
	want := j.want(plan.Container)
	want.VideoCodec, want.Copied = j.task.Probe.Video.Codec, true
	a, err := j.verified(
		ctx,
		path,
		want,
		storage.Asset{Kind: storage.AssetCopy, Name: name, MediaType: plan.MediaType, Everywhere: plan.Final},
	)
	return j.finish(ctx, stages.Outcome{Assets: []storage.Asset{a}}, err)
}

// copyTo takes the copy that was set aside, or makes it again, or lets ffmpeg copy a file that is
// not plain.
func (j *job) copyTo(ctx context.Context, path string, c storage.Copy) error {
	if j.Scratch.TakeAside(ctx, j.task.Video.ID, path) {
		return nil
	}
	if c.Container == storage.ContainerMP4 {
		if _, ok, err := j.faststart(ctx, path); ok || err != nil {
			return err
		}
	}
	if err := j.fetch(ctx); err != nil {
		return err
	}
	return j.Tools.Copy(ctx, j.src(), c, path, j.progress)
}

// poster picks one frame that is worth a look.
func poster(ctx context.Context, j *job) error {
	path := filepath.Join(j.out, "poster.jpg")
	if err := j.Tools.Poster(ctx, j.src(), path); err != nil {
		return err
	}
	a, err := j.stored(
		ctx,
		path,
		storage.Asset{Kind: storage.AssetPoster, Name: "poster.jpg", MediaType: "image/jpeg"},
	)
	return j.finish(ctx, stages.Outcome{Assets: []storage.Asset{a}}, err)
}

// preview makes the few moving seconds that the library shows.
func preview(ctx context.Context, j *job) error {
	path := filepath.Join(j.out, ffmpeg.PreviewName)
	if err := j.Tools.Preview(ctx, j.src(), path); err != nil {
		return err
	}
	a, err := j.verified(
		ctx,
		path,
		j.wantPreview(),
		storage.Asset{Kind: storage.AssetPreview, Name: ffmpeg.PreviewName},
	)
	return j.finish(ctx, stages.Outcome{Assets: []storage.Asset{a}}, err)
}

func (j *job) wantPreview() ffmpeg.Want {
	return ffmpeg.Want{
		Container:  storage.ContainerMP4,
		VideoCodec: "h264",
		Duration:   min(ffmpeg.PreviewLength, j.length()),
	}
}

// listen decodes the sound once for everything that is made of it.
func listen(ctx context.Context, j *job) error {
	path := filepath.Join(j.out, "speech.flac")
	loudness, peaks, err := j.Tools.Listen(ctx, j.src(), path)
	if err != nil {
		return err
	}
	drawn, err := json.Marshal(peaks)
	if err != nil {
		return fmt.Errorf("encode peaks: %w", err)
	}
	makers := []func() (storage.Asset, error){
		func() (storage.Asset, error) {
			return j.written(
				ctx,
				drawn,
				storage.Asset{Kind: storage.AssetPeaks, Name: "peaks.json", MediaType: "application/json"},
			)
		},
		func() (storage.Asset, error) {
			return j.stored(
				ctx,
				path,
				storage.Asset{
					Kind:      storage.AssetSpeech,
					Name:      "speech.flac",
					MediaType: "audio/flac",
					Duration:  j.length(),
				},
			)
		},
	}
	if j.task.Plan.Sound != nil { // there is no picture but a waveform
		makers = append(makers, func() (storage.Asset, error) {
			picture, err := drawWaveform(peaks)
			if err != nil {
				return storage.Asset{}, err
			}
			return j.written(
				ctx,
				picture,
				storage.Asset{Kind: storage.AssetPoster, Name: "poster.jpg", MediaType: "image/jpeg"},
			)
		})
	}
	assets, err := j.all(makers...)
	return j.finish(ctx, stages.Outcome{Assets: assets, Loudness: &loudness}, err)
}

// storyboard makes the seek bar's images from key frames.
func storyboard(ctx context.Context, j *job) error {
	path := filepath.Join(j.out, ffmpeg.StoryboardName)
	if err := j.Tools.Storyboard(ctx, j.src(), j.task.Plan.Storyboard, path); err != nil {
		return err
	}
	assets, err := j.all(j.sheet(ctx, path)...)
	return j.finish(ctx, stages.Outcome{Assets: assets}, err)
}

// sheet stores a storyboard and its cues.
func (j *job) sheet(ctx context.Context, path string) []func() (storage.Asset, error) {
	board := j.task.Plan.Storyboard
	return []func() (storage.Asset, error){
		func() (storage.Asset, error) {
			return j.stored(ctx, path, storage.Asset{
				Kind: storage.AssetStoryboard, Name: ffmpeg.StoryboardName, MediaType: "image/jpeg",
				Width: board.Width * board.Columns, Height: board.Height * board.Rows,
			})
		},
		func() (storage.Asset, error) {
			cues := media.StoryboardCues(board, ffmpeg.StoryboardName, j.length())
			return j.written(
				ctx,
				[]byte(cues),
				storage.Asset{
					Kind:      storage.AssetCues,
					Name:      "storyboard.vtt",
					MediaType: "text/vtt; charset=utf-8",
				},
			)
		},
	}
}

func (j *job) length() time.Duration {
	return time.Duration(j.task.Probe.DurationMS) * time.Millisecond
}

// want is what every rendition of this source must be before anyone sees it.
func (j *job) want(c storage.Container) ffmpeg.Want {
	return ffmpeg.Want{Container: c, Audio: j.task.Probe.Audio != nil, Duration: j.length()}
}

func (j *job) discard(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := j.Stages.Discard(ctx, key); err != nil {
		j.Log.Warn("unnamed object not deleted", "key", key, "error", err)
	}
}
