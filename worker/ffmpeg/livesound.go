package ffmpeg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// soundFor bounds the encoding of one piece of a recording's sound. A piece is at most two minutes
// long and takes two seconds.
const soundFor = 30 * time.Second

// LiveSound encodes a piece of a recording's sound and returns a stream of AAC with ADTS headers.
// dir is a folder for temporary files. Errors are Copy's.
func (t *Tools) LiveSound(ctx context.Context, b *media.SoundBatch, dir string) ([]byte, error) {
	in := filepath.Join(dir, "opus.mp4")
	if err := os.WriteFile(in, b.Stream, 0o600); err != nil {
		return nil, ioError("write the sound", err)
	}
	defer os.Remove(in)
	out := filepath.Join(dir, "sound.aac")
	w := work{cpu: soundFor, wall: wallFor(soundFor), niceness: t.nice / 2}
	src := Source{Path: in, Probe: storage.Probe{Container: storage.ContainerMP4, SizeBytes: int64(len(b.Stream))}}
	if err := t.make(ctx, src, out, w, func(in, out string) []string { return LiveSoundArgs(in, out, b) }); err != nil {
		return nil, err
	}
	defer os.Remove(out)
	made, err := os.ReadFile(out)
	if err != nil {
		return nil, ioError("read the sound", err)
	}
	return made, nil
}

// LiveSoundArgs are ffmpeg's arguments for a piece of sound. Samples are counted, not timed, so
// that pieces meet exactly.
func LiveSoundArgs(in, out string, b *media.SoundBatch) []string {
	options := outputOptions()
	options["map"] = []string{"0:a:0"}
	options["vn"] = ""
	options["format"] = "adts"
	encodeAudio(options, &storage.AudioStream{Channels: b.Channels}, 0)
	// the other coder takes five seconds to find its rate, again for each piece, and twice the time
	options["aac_coder"] = "fast"
	options["af"] = fmt.Sprintf("asetpts=N/SR/TB,atrim=start_sample=%d:end_sample=%d,asetpts=N/SR/TB", b.From, b.To)
	stream := ffgo.Input(fileURL(in), inputOptions(storage.ContainerMP4)).Output(fileURL(out), options)
	return append(globalArgs(), stream.GetArgs()...)
}
