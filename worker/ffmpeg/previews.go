package ffmpeg

import (
	"context"
	"time"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile/storage"
)

// The library's moving preview.
const (
	previewWidth  = 320
	previewFPS    = 15
	PreviewLength = 4 * time.Second
	previewCRF    = 30
	previewAfter  = 0.1 // of the video: the first seconds of a recording show little
)

// previewWork is for jobs that decode a few seconds, or only key frames.
func (t *Tools) previewWork() work {
	return work{cpu: 2 * time.Minute, wall: 4 * time.Minute, niceness: t.nice / 2}
}

// Preview writes a silent MP4 of at most four seconds to outPath, 320 pixels wide. Promise and
// errors are Copy's.
func (t *Tools) Preview(ctx context.Context, src Source, outPath string) error {
	return t.make(
		ctx,
		src,
		outPath,
		t.previewWork(),
		func(in, out string) []string { return PreviewArgs(in, out, src.Probe) },
	)
}

// PreviewArgs are ffmpeg's arguments for a preview where nothing else is decoded. It starts at the
// key frame before the preview's beginning.
func PreviewArgs(in, out string, p storage.Probe) []string {
	input := inputOptions(p.Container)
	input["threads"] = 1
	at, length := previewSpan(p)
	if at > 0 {
		input["ss"] = decimal(at.Seconds())
		// the frame shown at the beginning may have come long before
		input["noaccurate_seek"] = ""
	}
	options := previewOptions("0:V:0")
	options["vf"] = previewFilters(p.Video, 0, length)
	stream := ffgo.Input(fileURL(in), input).Output(fileURL(out), options)
	return append(globalArgs(), stream.GetArgs()...)
}

// previewSpan is the part of a source that the preview shows. It is the beginning if the source is
// short, or if the picture ends long before the sound.
func previewSpan(p storage.Probe) (at, length time.Duration) {
	whole := time.Duration(p.DurationMS) * time.Millisecond
	at = time.Duration(float64(whole) * previewAfter)
	if at+PreviewLength > whole || at.Seconds()*p.Video.FPS >= float64(p.Video.Frames) {
		return 0, max(min(PreviewLength, whole), time.Second/previewFPS)
	}
	return at, PreviewLength
}

func previewOptions(from string) ffgo.KwArgs {
	options := outputOptions()
	options["map"] = []string{from}
	options["an"] = ""
	options["format"] = "mp4"
	options["movflags"] = "+faststart"
	options["c:v"] = "libx264"
	options["preset"] = "veryfast"
	options["crf"] = previewCRF
	options["profile:v"] = "main"
	options["pix_fmt"] = "yuv420p"
	options["threads"] = 1
	return options
}

// Storyboard writes the sheet of s to outPath as a JPEG, from key frames alone if there are any.
// Promise and errors are Copy's.
func (t *Tools) Storyboard(ctx context.Context, src Source, s storage.Storyboard, outPath string) error {
	return t.picture(
		ctx,
		src,
		outPath,
		s.Width*s.Columns,
		t.previewWork(),
		func(in, out string, keyFrames bool) []string {
			return StoryboardArgs(in, out, src.Probe, s, keyFrames)
		},
	)
}

// StoryboardArgs are ffmpeg's arguments for a storyboard where nothing else is decoded, from key
// frames or from all frames.
func StoryboardArgs(in, out string, p storage.Probe, s storage.Storyboard, keyFrames bool) []string {
	options := jpegOptions("0:V:0", sheetQuality)
	before := ""
	if p.Video.HDR() {
		for _, f := range append(fit(p.Video, s.Width, s.Height, "", true), toneMap(p.Video)...) {
			before += "," + f
		}
	}
	options["vf"] = sheetFilters(s, before)
	stream := ffgo.Input(fileURL(in), pictureInput(p, keyFrames)).Output(fileURL(out), options)
	return append(globalArgs(), stream.GetArgs()...)
}
