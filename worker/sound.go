package worker

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"path/filepath"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/stages"
)

// sound makes the only rendition of a recording without a picture.
func sound(ctx context.Context, j *job) error {
	path := filepath.Join(j.out, "sound.mp4")
	if err := j.Tools.Sound(ctx, j.src(), *j.task.Plan.Sound, path, j.progress); err != nil {
		return err
	}
	want := ffmpeg.Want{
		Container:  storage.ContainerMP4,
		Duration:   j.length(),
		Audio:      true,
		AudioCodec: "aac",
		SoundOnly:  true,
	}
	a, err := j.verified(
		ctx,
		path,
		want,
		storage.Asset{Kind: storage.AssetRendition, Name: "sound.mp4", Everywhere: true},
	)
	return j.finish(ctx, stages.Outcome{Assets: []storage.Asset{a}}, err)
}

// The look of a waveform: quiet bars in the colours of the pages (web/src/ui/tokens.css).
const (
	waveWidth, waveHeight = 1280, 720
	waveBars              = 160
	waveBarWidth          = 4
)

var (
	wavePaper = color.RGBA{0x1f, 0x24, 0x2b, 0xff}
	waveInk   = color.RGBA{0x8f, 0xb3, 0xa6, 0xff}
)

// drawWaveform is the poster of a sound: its peaks as bars, as a JPEG.
func drawWaveform(p ffmpeg.Peaks) ([]byte, error) {
	picture := image.NewRGBA(image.Rect(0, 0, waveWidth, waveHeight))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(wavePaper), image.Point{}, draw.Src)
	ink := image.NewUniform(waveInk)
	for i := range waveBars {
		peak := 0
		for n := i * len(p.Peaks) / waveBars; n < max((i+
			1)*len(p.Peaks)/waveBars, i*len(p.Peaks)/waveBars+1) && n < len(p.Peaks); n++ {
			peak = max(peak, p.Peaks[n])
		}
		half := max(2, peak*waveHeight*3/8/100)
		x := (2*i + 1) * waveWidth / (2 * waveBars)
		bar := image.Rect(x-waveBarWidth/2, waveHeight/2-half, x+waveBarWidth/2, waveHeight/2+half)
		draw.Draw(picture, bar, ink, image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("encode waveform: %w", err)
	}
	return b.Bytes(), nil
}
