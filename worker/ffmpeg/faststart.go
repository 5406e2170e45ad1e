package ffmpeg

import (
	"context"
	"errors"
	"os"
	"strconv"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// ProbeFaststart is Probe for the source of a Faststart that was written to path. The new index has
// what ffprobe would learn from the source's packets, so ffprobe only reads the streams.
func (t *Tools) ProbeFaststart(
	ctx context.Context,
	path string,
	f media.Faststart,
	sourceBytes int64,
) (storage.Probe, error) {
	made, err := resolve(path)
	if err != nil {
		return storage.Probe{}, ioError("find the copy", err)
	}
	facts := newFacts()
	if err := t.ffprobeInto(ctx, facts, made, storage.ContainerMP4, true, headerFor); err != nil {
		var exit *exitError
		if errors.As(err, &exit) && storage.MessageOf(err) == "" {
			return storage.Probe{}, damage(facts.said.String(), exit)
		}
		return storage.Probe{}, conversionError(err)
	}
	for stream, sound := range []bool{false, true} {
		w := &walk{}
		for s := range f.Samples(sound) {
			if s.At+s.Lasts > 0 || s.Key { // a frame that ends before the beginning is never shown
				w.add(max(s.At, 0), true, s.Lasts, s.SizeBytes, s.Offset, s.Key)
			}
		}
		facts.walks[strconv.Itoa(stream)] = w
	}
	p, err := facts.judge(storage.Probe{Container: storage.ContainerMP4, SizeBytes: sourceBytes})
	if err != nil {
		return storage.Probe{}, err
	}
	p.Streams, p.Fragmented = f.Streams, f.Fragmented
	if p.Video == nil {
		return p, nil
	}
	file, err := os.Open(made)
	if err != nil {
		return storage.Probe{}, ioError("read the copy", err)
	}
	defer file.Close()
	p.Video.ResolutionMoves = sizeMoves(file, p.Container, p.Video.Codec, facts.walks["0"].keyPlaces)
	return p, nil
}
