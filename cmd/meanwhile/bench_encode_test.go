//go:build bench

package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/plan"
)

// pipelineCost compares all work for a recording that must be encoded with the ladder's one process
// alone.
func pipelineCost(b *bench) []row {
	s := newSubject(b, "")
	var rows []row
	for _, clip := range []struct {
		name, path string
		times      int
	}{
		{"screen, VP8, 20 s", b.screen(b.seconds(20), "webm"), 5},
		{"camera, VP8, 20 s", b.camera(b.seconds(20), "webm"), 5},
		{"screen, VP8, 60 s (three times)", b.screen(b.seconds(60), "webm"), 3},
	} {
		var ours, own, alone sample
		for range b.times(clip.times) {
			up, cpu, itself := s.process(clip.path)
			ours.addSeconds(cpu)
			own.addSeconds(itself)
			alone.addSeconds(b.ladderAlone(clip.path, s.probe(up.id)))
		}
		r := compared(
			fmt.Sprintf("whole pipeline's CPU, %s / one-process ladder", clip.name),
			ours,
			alone,
			"CPU-s",
			1.05,
		)
		r.Ours += ": " + whereItGoes(b, clip.path) + ", the program itself " + number(own.median())
		rows = append(rows, r)
	}
	return rows
}

// copyCost compares all work for a recording whose picture is copied with the copy and the lower
// rungs alone.
func copyCost(b *bench) []row {
	s := newSubject(b, "")
	var rows []row
	for _, clip := range []struct{ name, path string }{
		{"screen, H.264, 20 s", b.screen(b.seconds(20), "mp4")},
		{"camera, H.264, 20 s", b.camera(b.seconds(20), "mp4")},
		{"screen, H.264, 60 s", b.screen(b.seconds(60), "mp4")},
	} {
		var ours, own, alone sample
		for range b.times(5) {
			up, cpu, itself := s.process(clip.path)
			own.addSeconds(itself)
			p := s.probe(up.id)
			if plan := b.plan(p); plan.Copy == nil || plan.Ladder == nil || !plan.Ladder.Rungs[0].Copy {
				b.Fatalf("%s is not copied: %+v", clip.path, p.Video)
			}
			copied, _ := b.copyAlone(clip.path, p)
			ours.addSeconds(cpu)
			alone.addSeconds(copied + b.ladderAlone(clip.path, p))
		}
		r := compared(fmt.Sprintf("copy path's CPU, %s / copy + lower rungs", clip.name), ours, alone, "CPU-s", 1.10)
		r.Ours += ": " + whereItGoes(b, clip.path) + ", the program itself " + number(own.median())
		rows = append(rows, r)
	}
	return rows
}

func (b *bench) plan(p storage.Probe) storage.Plan {
	b.Helper()
	plan, err := plan.Decide(p, storage.DefaultLimits())
	if err != nil {
		b.Fatal(err)
	}
	return plan
}

// ladderAlone returns the CPU time of the ladder's ffmpeg, run by hand with the program's
// arguments.
func (b *bench) ladderAlone(path string, p storage.Probe) time.Duration {
	b.Helper()
	plan := b.plan(p)
	cpu, _ := bare(b, "ffmpeg", ffmpeg.LadderArgs(path, b.folder(), p, *plan.Ladder, plan.Storyboard)...)
	return cpu
}

// copyAlone runs the stream copy by hand and returns its CPU and wall time.
func (b *bench) copyAlone(path string, p storage.Probe) (cpu, wall time.Duration) {
	b.Helper()
	c := *b.plan(p).Copy
	out := filepath.Join(b.folder(), "copy."+string(c.Container))
	defer os.Remove(out)
	return bare(b, "ffmpeg", ffmpeg.CopyArgs(path, out, p, c)...)
}

// tools are ffmpeg in the sandbox, as the worker has it.
func (b *bench) tools() *ffmpeg.Tools {
	b.Helper()
	tools, err := ffmpeg.New(b.Context(), ffmpeg.Options{Sandbox: "bwrap"})
	if err != nil {
		b.Fatal(err)
	}
	return tools
}

// extrasCost compares the cost of everything besides the renditions with the ladder.
func extrasCost(b *bench) []row {
	tools := b.tools()
	var rows []row
	for _, clip := range []struct {
		name, path string
		times      int
	}{
		{"screen, VP8, 20 s", b.screen(b.seconds(20), "webm"), b.times(5)},
		{"screen, VP8, 60 s (ladder three times)", b.screen(b.seconds(60), "webm"), b.times(3)},
	} {
		src := b.source(tools, clip.path)
		steps := []struct {
			name string
			cost func(out string) time.Duration
		}{
			{"poster", b.costOf(func(out string) error { return tools.Poster(b.Context(), src, out+".jpg") })},
			{"peaks, loudness, speech", b.costOf(func(out string) error {
				loudness, _, err := tools.Listen(b.Context(), src, out+".flac")
				src.Probe.Audio.Loudness = &loudness
				return err
			})},
			{"storyboard and preview", b.cutFromLadder(tools, src)},
		}
		total, parts := make(sample, b.times(5)), []string(nil)
		for _, step := range steps {
			var each sample
			for i := range b.times(5) {
				each.addSeconds(step.cost(filepath.Join(b.folder(), "made")))
				total[i] += each[i]
			}
			parts = append(parts, step.name+" "+number(each.median()))
		}
		var ladder sample
		for range clip.times {
			ladder.addSeconds(b.ladderAlone(clip.path, src.Probe))
		}
		r := compared("storyboard + poster + preview + peaks, "+clip.name+" / ladder", total, ladder, "CPU-s", 0.03)
		r.Ours += ": " + strings.Join(parts, ", ")
		rows = append(rows, r)
	}
	return rows
}

func (b *bench) costOf(work func(out string) error) func(out string) time.Duration {
	return func(out string) time.Duration {
		b.Helper()
		before := spent(b, 0)
		if err := work(out); err != nil {
			b.Fatal(err)
		}
		return spent(b, 0) - before
	}
}

// cutFromLadder measures what storyboard and preview cost when they come out of the ladder's
// decode. They are cut from its lowest rung, so this encodes that rung alone, with them and
// without. In the whole ladder their cost is less than the difference between two runs.
func (b *bench) cutFromLadder(tools *ffmpeg.Tools, src ffmpeg.Source) func(out string) time.Duration {
	b.Helper()
	plan := b.plan(src.Probe)
	lowest := storage.Ladder{Rungs: plan.Ladder.Rungs[len(plan.Ladder.Rungs)-1:], NoAudio: true, Adaptive: true}
	dir := b.folder()
	bare(b, "ffmpeg", ffmpeg.LadderArgs(src.Path, dir, src.Probe, lowest, plan.Storyboard)...)
	rung := b.source(tools, filepath.Join(dir, ffmpeg.FragmentedName(lowest.Rungs[0])))
	alone := func(extras bool) time.Duration {
		b.Helper()
		lowest.Extras = extras
		cpu, _ := bare(b, "ffmpeg", ffmpeg.LadderArgs(rung.Path, b.folder(), rung.Probe, lowest, plan.Storyboard)...)
		return cpu
	}
	return func(string) time.Duration { return alone(true) - alone(false) }
}

func (b *bench) source(tools *ffmpeg.Tools, path string) ffmpeg.Source {
	b.Helper()
	c, err := ffmpeg.Sniff(path)
	if err != nil {
		b.Fatal(err)
	}
	p, err := tools.Probe(b.Context(), path, c)
	if err != nil {
		b.Fatal(err)
	}
	return ffmpeg.Source{Path: path, Probe: p}
}

// sandboxCost measures how much more a start of ffmpeg costs inside each sandbox.
func sandboxCost(b *bench) []row {
	var rows []row
	for _, box := range []struct {
		name  string
		start func() error
	}{
		{"bubblewrap", func() error {
			// one start of ffmpeg -version, in the way that real work starts
			_, err := ffmpeg.New(b.Context(), ffmpeg.Options{Sandbox: "bwrap"})
			return err
		}},
		{"Landlock", b.confinedVersion},
	} {
		if err := box.start(); err != nil {
			rows = append(rows, row{Figure: "sandbox: " + box.name, Ours: "not to be had on this machine"})
			continue
		}
		var cpu, wall, bareCPU, bareWall sample
		for range b.times(15) {
			before, began := spent(b, 0), time.Now()
			if err := box.start(); err != nil {
				b.Fatal(err)
			}
			wall.addMillis(time.Since(began))
			cpu.addMillis(spent(b, 0) - before)
			c, w := bare(b, "ffmpeg", "-version")
			bareCPU.addMillis(c)
			bareWall.addMillis(w)
		}
		for _, kind := range []struct {
			name       string
			ours, bare sample
			unit       string
		}{{"CPU", cpu, bareCPU, "CPU-ms"}, {"wall", wall, bareWall, "ms"}} {
			r := compared(
				fmt.Sprintf("ffmpeg -version in %s, %s", box.name, kind.name),
				kind.ours,
				kind.bare,
				kind.unit,
				0,
			)
			more := kind.ours.median() - kind.bare.median()
			r.Ratio = "+" + number(more) + " ms"
			r.Hold, r.Held = atMost(more, 100, "ms more")
			rows = append(rows, r)
		}
	}
	return rows
}

// confinedVersion starts ffmpeg -version as the program does without bubblewrap: directly, limited
// by Landlock.
func (b *bench) confinedVersion() error {
	b.Helper()
	program, err := binary()
	if err != nil {
		return err
	}
	in := filepath.Join(b.folder(), "in")
	if err := os.WriteFile(in, nil, 0o600); err != nil {
		return err
	}
	return run(
		b.Context(),
		program,
		ffmpeg.ConfineCommand,
		"-landlock",
		"-read="+in,
		"-write="+b.folder(),
		"--",
		"/usr/bin/ffmpeg",
		"-version",
	)
}

func run(ctx context.Context, argv ...string) error {
	return exec.CommandContext(ctx, argv[0], argv[1:]...).Run()
}
