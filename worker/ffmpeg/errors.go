package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"

	"meanwhile/storage"
)

// startError is a program that never began to read the file: the machine's fault, so a retry may
// help.
type startError struct{ err error }

func (e *startError) Error() string { return e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

// exitError is a program that failed by itself.
type exitError struct {
	code   int
	stderr string // its last 8 KiB
}

func (e *exitError) Error() string {
	return fmt.Sprintf("exit code %d: %s", e.code, strings.TrimSpace(e.stderr))
}

// says reports whether the program printed text.
func (e *exitError) says(text string) bool { return strings.Contains(e.stderr, text) }

// Exit codes of bwrap and ffmpeg after a signal: the shell's convention, and ffmpeg's own for
// signals that it catches.
const (
	codeSignalled = 128
	codeKilled    = codeSignalled + int(syscall.SIGKILL)
	codeCPU       = codeSignalled + int(syscall.SIGXCPU)
	codeFileSize  = codeSignalled + int(syscall.SIGXFSZ)
	codeCaught    = 255
)

// classify turns the end of a program into an error: nil; ctx's own if it was cancelled;
// Unprocessable if the program was killed for its cost; Full if the disk was full; Internal if the
// sandbox failed or something outside killed it. Else it is a plain *exitError, because the caller
// knows what that means.
func classify(ctx context.Context, cause, exit error, stderr string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch {
	case errors.Is(cause, errWall):
		return storage.E(
			storage.Unprocessable,
			"We gave up on this video: it took far longer than its length and size explain.",
			cause,
		)
	case errors.Is(cause, errStalled):
		return storage.E(
			storage.Stalled,
			"We gave up on this video: the work on it stopped making progress.",
			cause,
		)
	case exit == nil:
		return nil
	}
	e := &exitError{code: exitCode(exit), stderr: stderr}
	switch {
	case e.says("No space left on device"):
		return storage.E(storage.Full, "There is no room on the server's disk.", e)
	case e.code == codeCPU, e.code == codeCaught:
		return storage.E(
			storage.Unprocessable,
			"We gave up on this video: it needs far more work than its length and size explain.",
			e,
		)
	case e.code == codeFileSize, e.says("File too large"):
		return storage.E(
			storage.Unprocessable,
			"We gave up on this video: its result grew far larger than the file.",
			e,
		)
	case e.says("max_streams"): // ffmpeg calls that a lack of memory too
		return e
	case e.says("Cannot allocate memory"), e.says("malloc of size"):
		return storage.E(storage.Unprocessable, "This video needs more memory than one video may use.", e)
	case e.code == codeKilled:
		return storage.E(storage.Internal, "The work on this video was cut short on the server.", e)
	case strings.HasPrefix(stderr, "bwrap:"),
		strings.HasPrefix(stderr, "prlimit:"),
		strings.HasPrefix(stderr, ConfineCommand+":"):
		return storage.E(storage.Internal, "The server could not start work on this video.", e)
	}
	return e
}

// exitCode is the program's exit code. A signal counts as in a shell and bwrap.
func exitCode(err error) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return -1
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return codeSignalled + int(status.Signal())
	}
	return exit.ExitCode()
}

// conversionError turns an unexplained failure of ffmpeg into a sentence for people. It returns
// errors that already have one, and a cancelled context's, unchanged.
func conversionError(err error) error {
	var said *storage.Error
	var start *startError
	switch {
	case err == nil, errors.As(err, &said), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &start):
		return storage.E(storage.Internal, "The server could not start work on this video.", err)
	}
	return storage.E(
		storage.Unprocessable,
		"We could not convert this video: it is damaged, or in a form that we cannot read.",
		err,
	)
}

// ioError is trouble with our own files, not with the video.
func ioError(doing string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return storage.E(storage.Full, "There is no room on the server's disk.", fmt.Errorf("%s: %w", doing, err))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return storage.E(storage.NotFound, "The file is no longer there.", fmt.Errorf("%s: %w", doing, err))
	}
	return storage.E(
		storage.Internal,
		"The server could not reach its own files.",
		fmt.Errorf("%s: %w", doing, err),
	)
}
