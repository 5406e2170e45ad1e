package ffmpeg

import (
	"context"
	"time"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile"
)

// What the library's moving picture is.
const (
	previewWidth  = 320
	previewFPS    = 15
	PreviewLength = 4 * time.Second
	previewCRF    = 30
	previewAfter  = 0.1 // of the video: the first seconds of a recording show little
)

// previewWork is for what decodes a few seconds, or key frames alone.
func (t *Tools) previewWork() work {
	return work{cpu: 2 * time.Minute, wall: 4 * time.Minute, niceness: t.nice / 2}
}

// Preview writes a silent MP4 of at most four seconds to outPath, 320 pixels wide. Promise and errors are Copy's.
func (t *Tools) Preview(ctx context.Context, src Source, outPath string) error {
	return t.make(ctx, src, outPath, t.previewWork(), func(in, out string) []string { return PreviewArgs(in, out, src.Probe) })
}

// PreviewArgs are ffmpeg's arguments for a preview.
func PreviewArgs(in, out string, p meanwhile.Probe) []string {
	input := inputOptions(p.Container)
	length := time.Duration(p.DurationMS) * time.Millisecond
	if at := time.Duration(float64(length) * previewAfter); at+PreviewLength <= length {
		input["ss"] = decimal(at.Seconds())
	}
	input["t"] = decimal(PreviewLength.Seconds())
	options := outputOptions()
	options["map"] = []string{"0:V:0"}
	options["an"] = ""
	options["format"] = "mp4"
	options["movflags"] = "+faststart"
	options["c:v"] = "libx264"
	options["preset"] = "veryfast"
	options["crf"] = previewCRF
	options["profile:v"] = "main"
	options["pix_fmt"] = "yuv420p"
	options["threads"] = lowerThreads
	options["vf"] = previewFilters(p.Video)
	stream := ffgo.Input(fileURL(in), input).Output(fileURL(out), options)
	return append(globalArgs(), stream.GetArgs()...)
}

// Storyboard writes the sheet of s to outPath, a JPEG, from key frames alone. Promise and errors are Copy's.
func (t *Tools) Storyboard(ctx context.Context, src Source, s meanwhile.Storyboard, outPath string) error {
	err := t.make(ctx, src, outPath, t.previewWork(), func(in, out string) []string { return StoryboardArgs(in, out, src.Probe, s) })
	if err != nil {
		return err
	}
	return checkJPEG(outPath, s.Width*s.Columns)
}

// StoryboardArgs are ffmpeg's arguments for a storyboard where nothing else is decoded.
func StoryboardArgs(in, out string, p meanwhile.Probe, s meanwhile.Storyboard) []string {
	input := inputOptions(p.Container)
	input["skip_frame"] = "nokey"
	options := sheetOptions("0:V:0")
	before := ""
	if p.Video != nil && p.Video.HDR() {
		for _, f := range append(fit(p.Video, s.Width, s.Height, "", true), toneMap(p.Video)...) {
			before += "," + f
		}
	}
	options["vf"] = sheetFilters(p.Video, s, before)
	stream := ffgo.Input(fileURL(in), input).Output(fileURL(out), options)
	return append(globalArgs(), stream.GetArgs()...)
}
