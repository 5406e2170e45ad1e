package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// job is one start of ffmpeg or ffprobe.
type job struct {
	bin      string
	args     []string    // with the paths inside the sandbox
	in       string      // the file that may be read
	beside   []string    // more input files
	outDir   string      // the one folder that may be written; empty for none
	stdout   io.Writer   // nil discards it
	stderr   *tailBuffer // nil if only the error's text is wanted
	meter    *meter      // nil for a run too short to have progress
	cpu      time.Duration
	wall     time.Duration
	fsize    int64 // bytes, for each file written
	niceness int
}

// Why we killed an ffmpeg.
var (
	errWall    = errors.New("took longer than its budget allows")
	errStalled = errors.New("made no progress")
)

// run starts j in the sandbox and waits for its end. It kills the whole group at once when ctx
// ends, when the wall limit passes or when progress stops: on some input SIGTERM does not stop
// ffmpeg for minutes. Errors are those of classify.
func (t *Tools) run(ctx context.Context, j job) error {
	argv, err := t.box.command(j)
	if err != nil {
		return &startError{err}
	}
	tail := j.stderr
	if tail == nil {
		tail = &tailBuffer{}
	}
	cmd := &exec.Cmd{
		Path: argv[0], Args: argv, Env: environment, Stdout: j.stdout, Stderr: tail,
		// A pipe that a lost grandchild holds open must not block us.
		WaitDelay:   2 * time.Second,
		SysProcAttr: ownGroup(),
	}
	report, err := j.meter.attach(cmd)
	if err != nil {
		return &startError{err}
	}
	runCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended, err := startOnThread(cmd, j.niceness)
	report.started()
	if err != nil {
		report.wait()
		return &startError{err}
	}
	defer AfterAwake(j.wall, func() { stop(errWall) })()
	exit := t.await(runCtx, stop, cmd, j, ended)
	report.wait()
	err = classify(ctx, context.Cause(runCtx), exit, tail.String())
	if err != nil && ctx.Err() == nil {
		t.log.Debug("media program failed", "program", filepath.Base(j.bin), "stderr", tail.String(), "exit", exit)
	}
	return err
}

// await kills the group when ctx ends and returns how the program ended.
func (t *Tools) await(
	ctx context.Context,
	stop context.CancelCauseFunc,
	cmd *exec.Cmd,
	j job,
	ended <-chan error,
) error {
	every := t.stall / 4
	look := time.NewTicker(every)
	defer look.Stop()
	still := awake{last: time.Now()}
	var seen mark
	done := ctx.Done()
	for {
		select {
		case err := <-ended:
			return err
		case <-done:
			_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) // it may already be dead
			// kill once; the end arrives on the other channel
			done = nil
		case at := <-look.C:
			if j.meter == nil {
				continue
			}
			if now := j.meter.mark(j.outDir); now.beyond(seen) {
				seen, still = now, awake{last: at}
			} else if still.tick(at, every) >= t.stall {
				stop(errStalled)
			}
		}
	}
}

// startOnThread starts cmd from its own thread and waits for it there. Pdeathsig follows the thread
// that started the child, not the process, and niceness belongs to the thread too. The goroutine
// never unlocks, so the thread ends with it.
func startOnThread(cmd *exec.Cmd, niceness int) (<-chan error, error) {
	started := make(chan error, 1)
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if niceness > 0 {
			// optional: the run goes on without it
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, niceness)
		}
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return ended, nil
}

// tailBuffer keeps the last 8 KiB written to it.
type tailBuffer struct{ kept []byte }

const tailBytes = 8 << 10

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p...)
	if over := len(b.kept) - tailBytes; over > 0 {
		b.kept = append(b.kept[:0], b.kept[over:]...)
	}
	return len(p), nil
}

func (b *tailBuffer) String() string { return string(b.kept) }

// makeFile lets work write a file in its own folder beside outPath and moves the file there if work
// succeeds. So the program sees no other files and nobody sees a half-written one.
func makeFile(outPath string, work func(dir string) error) error {
	return inFolder(outPath, func(dir string) error {
		if err := work(dir); err != nil {
			return err
		}
		made := filepath.Join(dir, filepath.Base(outPath))
		if err := isMade(made); err != nil {
			return err
		}
		if err := os.Rename(made, outPath); err != nil {
			return ioError("move the output", err)
		}
		return nil
	})
}

// inFolder gives work its own folder beside outPath, and removes the folder afterwards.
func inFolder(outPath string, work func(dir string) error) error {
	dir, err := os.MkdirTemp(filepath.Dir(outPath), ".making-")
	if err != nil {
		return ioError("make a folder for the output", err)
	}
	defer os.RemoveAll(dir)
	if dir, err = resolve(dir); err != nil {
		return ioError("find the output folder", err)
	}
	return work(dir)
}

// isMade fails if there is no file, or an empty one: if ffmpeg gets no frame, it exits without an
// error and leaves no file.
func isMade(path string) error {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return conversionError(fmt.Errorf("ffmpeg ended well and left no %s", filepath.Base(path)))
	}
	return nil
}
