//go:build bench

package main_test

import (
	"path/filepath"
	"strings"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
)

// whereItGoes lists the parts of a pipeline's CPU time: each step's ffmpeg alone, once, in the
// sandbox as the worker uses it. The rest of the whole is added by the kernel and the sandbox.
func whereItGoes(b *bench, path string) string {
	b.Helper()
	tools := b.tools()
	src, parts, dir := ffmpeg.Source{Path: path}, []string(nil), b.folder()
	in := func(name string) string { return filepath.Join(dir, name) }
	part := func(name string, work func() error) {
		b.Helper()
		before := spent(b, 0)
		if err := work(); err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		parts = append(parts, name+" "+number((spent(b, 0)-before).Seconds()))
	}
	part("inspect", func() error { src = b.source(tools, path); return nil })
	plan := b.plan(src.Probe)
	want := ffmpeg.Want{Audio: src.Probe.Audio != nil, Duration: time.Duration(src.Probe.DurationMS) * time.Millisecond}
	copied, c := in("copy."+string(plan.Copy.Container)), want
	part("copy", func() error { return tools.Copy(b.Context(), src, *plan.Copy, copied, nil) })
	part("look at the copy", func() error {
		c.Container, c.Copied, c.VideoCodec = plan.Copy.Container, true, src.Probe.Video.Codec
		_, err := tools.Verify(b.Context(), copied, c)
		return err
	})
	part("poster", func() error { return tools.Poster(b.Context(), src, in("poster.jpg")) })
	part("listen", func() error {
		loudness, _, err := tools.Listen(b.Context(), src, in("speech.flac"))
		src.Probe.Audio.Loudness = &loudness
		return err
	})
	ladder := *b.plan(src.Probe).Ladder
	part("ladder", func() error {
		return tools.Ladder(b.Context(), src, ladder, plan.Storyboard, in("ladder"), nil)
	})
	part("look at the ladder", func() error { return b.lookAt(tools, ladder, in("ladder"), want) })
	return strings.Join(parts, ", ")
}

// lookAt verifies what a ladder made, as the worker does.
func (b *bench) lookAt(tools *ffmpeg.Tools, l storage.Ladder, dir string, want ffmpeg.Want) error {
	var outputs []ffmpeg.Output
	want.Container = storage.ContainerMP4
	add := func(name string, w ffmpeg.Want) {
		outputs = append(outputs, ffmpeg.Output{Path: filepath.Join(dir, name), Want: w})
	}
	for _, r := range l.Rungs {
		w := want
		w.Copied = r.Copy
		if l.Adaptive {
			w.Fragmented = true
			add(ffmpeg.FragmentedName(r), w)
			w.Fragmented, w.Again = false, true
		}
		if r.Progressive {
			add(ffmpeg.ProgressiveName(r), w)
		}
	}
	add(ffmpeg.PreviewName, ffmpeg.Want{Container: want.Container, Duration: min(ffmpeg.PreviewLength, want.Duration)})
	_, err := tools.VerifyAll(b.Context(), outputs)
	return err
}
