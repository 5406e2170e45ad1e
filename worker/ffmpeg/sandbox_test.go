package ffmpeg_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// eachSandbox runs a test in every sandbox that this machine has. The machine must have one. For
// the other one New must say what is missing.
func eachSandbox(t *testing.T, stall time.Duration, test func(t *testing.T, tools *ffmpeg.Tools)) {
	had := 0
	for _, name := range []string{"bwrap", "landlock"} {
		tools, err := ffmpeg.New(t.Context(), ffmpeg.Options{Sandbox: name, Stall: stall})
		if err != nil {
			if storage.KindOf(err) != storage.Unavailable ||
				!strings.Contains(storage.MessageOf(err), "Install bubblewrap") {
				t.Errorf("New(%s) = %v", name, err)
			}
			continue
		}
		had++
		if tools.SandboxName() != name {
			t.Errorf("the sandbox is %q, not %q", tools.SandboxName(), name)
		}
		t.Run(name, func(t *testing.T) { test(t, tools) })
	}
	if had == 0 {
		t.Fatal("this machine has no sandbox at all")
	}
}

func TestConfinedProgramSeesOnlyItsOwn(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	address := strings.Replace(listener.Addr().String(), ":", "/", 1)
	t.Setenv("MEANWHILE_SECRET_KEY", "do not tell")
	eachSandbox(t, 0, func(t *testing.T, tools *ffmpeg.Tools) {
		secret := mustWrite(t, "secret", []byte("do not tell"))
		in := mustWrite(t, "in", []byte("the source"))
		out := t.TempDir()
		neighbour := filepath.Join(filepath.Dir(out), "neighbour")
		inside, outside := in, out
		if tools.SandboxName() == "bwrap" {
			inside, outside = "/in", "/out"
		}
		for _, tc := range []struct {
			name, script string
			works        bool
		}{
			{name: "reads its input", script: "cat " + inside, works: true},
			{name: "writes its output", script: "echo made > " + outside + "/made", works: true},
			{name: "cannot write its input", script: "echo spoilt > " + inside},
			{name: "cannot read a secret", script: "cat " + secret},
			{name: "cannot list the folder of the secret", script: "ls " + filepath.Dir(secret) + "/*"},
			{name: "cannot read the machine's accounts", script: "cat /etc/passwd"},
			{
				name:   "cannot read the parent's memory or environment",
				script: fmt.Sprintf("cat /proc/%d/environ", os.Getpid()),
			},
			{name: "cannot write beside its output", script: "echo x > " + neighbour},
			{name: "cannot write into the system", script: "echo x > /usr/x || echo x > /x"},
			{name: "cannot connect", script: "exec 3<>/dev/tcp/" + address},
			{name: "cannot write more than its limit", script: "yes | head -c 2000000 > " + outside + "/big"},
			{name: "cannot signal its parent", script: fmt.Sprintf("kill -0 %d", os.Getpid())},
		} {
			said, err := tools.RunConfined(t.Context(), in, out, "/bin/bash", "-c", tc.script)
			if (err == nil) != tc.works {
				t.Errorf("%s: %v, %q", tc.name, err, said)
			}
			if strings.Contains(said, "do not tell") {
				t.Errorf("%s: the secret got out", tc.name)
			}
		}
		if said, err := tools.RunConfined(
			t.Context(),
			in,
			out,
			"/usr/bin/env",
		); err != nil || strings.Contains(said, "SECRET") ||
			strings.Contains(said, "HOME=") {
			t.Errorf("the environment is %q (%v)", said, err)
		}
		if _, err := os.Lstat(neighbour); err == nil {
			t.Error("a file was written beside the output")
		}
	})
}

// TestConfineNeedsNoMemoryBeyondItsBound starts the command often, because it is chance whether
// Go's runtime has memory left at the moment it is bounded.
//
//nolint:paralleltest // a machine that is short of memory would fail it
func TestConfineNeedsNoMemoryBeyondItsBound(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{ffmpeg.ConfineCommand, "-memory=67108864"}
	if _, err := ffmpeg.New(t.Context(), ffmpeg.Options{Sandbox: "landlock"}); err == nil {
		args = append(args, "-landlock", "-write="+t.TempDir())
	}
	args = append(args, "--", "/bin/echo", "well")
	for range 60 {
		out, err := exec.CommandContext(t.Context(), self, args...).CombinedOutput()
		if err != nil || string(out) != "well\n" {
			t.Fatalf("it said %.200q (%v)", out, err)
		}
	}
}

//nolint:paralleltest // it looks for processes by name, and for how long they live
func TestCancelledEncodeLeavesNothing(t *testing.T) {
	eachSandbox(t, 0, func(t *testing.T, tools *ffmpeg.Tools) {
		src := mustProbe(
			t,
			tools,
			ffmpegtest.Clip(
				t,
				"a.mp4",
				"-f lavfi -i testsrc2=s=320x180:r=30:d=30 -c:v libx264 -preset ultrafast -g 30",
			),
		)
		slow := ladderOf(src.Probe)
		// so that the encode is far from its end when it is cancelled
		slow.Rungs[0].Width, slow.Rungs[0].Height = 2560, 1440
		dir := t.TempDir()
		name := fmt.Sprintf("cancelled-%d-%s", os.Getpid(), tools.SandboxName())
		slow.Rungs[0].Name = name
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		started := make(chan struct{}, 1)
		ended := make(chan error, 1)
		go func() {
			ended <- tools.Ladder(ctx, src, slow, storage.Storyboard{}, filepath.Join(dir, "out"), func(f float64) {
				if f > 0 {
					select {
					case started <- struct{}{}:
					default:
					}
				}
			})
		}()
		select {
		case <-started:
		case err := <-ended:
			t.Fatalf("Ladder() = %v before it could be cancelled", err)
		}
		if processes(t, name) == 0 {
			t.Fatal("no process has the output's name: the test proves nothing")
		}
		cancel()
		at := time.Now()
		err := <-ended
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Ladder() = %v", err)
		}
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for processes(t, name) > 0 && time.Since(at) < 2*time.Second {
			<-look.C
		}
		if n := processes(t, name); n > 0 || time.Since(at) > 2*time.Second {
			t.Errorf("%d processes live %s after the end", n, time.Since(at))
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("there is still %v", left)
		}
	})
}

// processes counts live processes whose command line contains text.
func processes(t testing.TB, text string) int {
	t.Helper()
	found := 0
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), text) {
			found++
		}
	}
	return found
}

// TestStalledWorkIsEnded gives ffmpeg a pipe that nobody writes to.
//
//nolint:paralleltest // a busy machine looks like stalled work
func TestStalledWorkIsEnded(t *testing.T) {
	eachSandbox(t, time.Second, func(t *testing.T, tools *ffmpeg.Tools) {
		pipe := filepath.Join(t.TempDir(), "in")
		if err := unix.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		src := ffmpeg.Source{Path: pipe, Probe: storage.Probe{Container: storage.ContainerMP4, DurationMS: 1000}}
		err := tools.Copy(
			t.Context(),
			src,
			storage.Copy{Container: storage.ContainerMP4},
			filepath.Join(t.TempDir(), "out.mp4"),
			nil,
		)
		if storage.KindOf(err) != storage.Stalled ||
			!strings.Contains(storage.MessageOf(err), "stopped making progress") {
			t.Errorf("Copy() = %v", err)
		}
	})
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		options  ffmpeg.Options
		kind     storage.Kind
		sentence string
	}{
		{
			name:     "no ffmpeg",
			options:  ffmpeg.Options{FFmpeg: "/nowhere/ffmpeg"},
			kind:     storage.Unavailable,
			sentence: "apt install ffmpeg",
		},
		{
			name:     "a sandbox that nobody knows",
			options:  ffmpeg.Options{Sandbox: "strong"},
			kind:     storage.Invalid,
			sentence: "auto, bwrap, landlock or off",
		},
		{
			name:     "a program that is no ffmpeg",
			options:  ffmpeg.Options{FFmpeg: "/bin/false"},
			kind:     storage.Unavailable,
			sentence: "No sandbox for ffmpeg works here",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ffmpeg.New(t.Context(), tc.options)
			if storage.KindOf(err) != tc.kind || !strings.Contains(storage.MessageOf(err), tc.sentence) {
				t.Errorf("New() = %v", err)
			}
		})
	}
	tools := newTools(t, ffmpeg.Options{Sandbox: "off"})
	if tools.SandboxName() != "off" || tools.Version() == "" {
		t.Errorf("the sandbox is %q, the version %q", tools.SandboxName(), tools.Version())
	}
}
