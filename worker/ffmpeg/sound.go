package ffmpeg

import (
	"context"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile/storage"
)

// Sound writes a source without a picture to outPath: AAC in a faststart MP4. Promise and errors
// are Copy's.
func (t *Tools) Sound(ctx context.Context, src Source, s storage.Sound, outPath string, p Progress) error {
	cpu := Budget(src.Probe, storage.Ladder{})
	w := work{cpu: cpu, wall: wallFor(cpu), niceness: t.nice / 2, reports: true, progress: p}
	return t.make(ctx, src, outPath, w, func(in, out string) []string { return SoundArgs(in, out, src.Probe, s) })
}

// SoundArgs are ffmpeg's arguments for sound without a picture.
func SoundArgs(in, out string, p storage.Probe, s storage.Sound) []string {
	options := outputOptions()
	options["map"] = []string{"0:a:0"}
	options["vn"] = ""
	options["format"] = "mp4"
	options["movflags"] = "+faststart"
	if options["c:a"] = "copy"; !s.Copy {
		encodeAudio(options, p.Audio, s.GainDB)
	}
	stream := ffgo.Input(fileURL(in), inputOptions(p.Container)).Output(fileURL(out), options)
	return append(append(globalArgs(), progressArgs()...), stream.GetArgs()...)
}
