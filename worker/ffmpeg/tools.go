package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"meanwhile/storage"
)

// Options name the programs and set how strictly to confine them. The zero value is the safe
// default.
type Options struct {
	FFmpeg, FFprobe string // paths; empty searches PATH
	Sandbox         string // "auto" (or empty), "bwrap", "landlock" or "off"
	// of encodes; zero means 10. Posters run five lower. Runs that people wait for have none
	Nice int
	// an ffmpeg without progress for this long is killed; zero means 120 s
	Stall time.Duration
	Log   *slog.Logger // nil logs nothing
}

// Tools are the programs, found and tested. It is safe for use by many goroutines.
type Tools struct {
	ffmpeg, ffprobe string
	version         string
	box             sandbox
	nice            int
	stall           time.Duration
	log             *slog.Logger
}

// oldest is the first release that has every option of args.go (-fps_mode came with 5.1).
var oldest = [2]int{5, 1}

// New finds the programs and tests the sandbox once with a real start, in about 0.2 s. Errors:
// Unavailable, with the fix, if a program is missing or too old, or if no sandbox works and the
// options do not say "off"; Invalid for an unknown sandbox.
func New(ctx context.Context, o Options) (*Tools, error) {
	t := &Tools{nice: o.Nice, stall: o.Stall, log: o.Log}
	if t.nice == 0 {
		t.nice = 10
	}
	if t.stall == 0 {
		t.stall = 120 * time.Second
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if t.ffmpeg, err = findProgram(o.FFmpeg, "ffmpeg"); err != nil {
		return nil, err
	}
	if t.ffprobe, err = findProgram(o.FFprobe, "ffprobe"); err != nil {
		return nil, err
	}
	if err := t.chooseSandbox(ctx, o.Sandbox); err != nil {
		return nil, err
	}
	if major, minor, ok := parseVersion(t.version); ok &&
		(major < oldest[0] || major == oldest[0] && minor < oldest[1]) {
		return nil, storage.E(storage.Unavailable,
			fmt.Sprintf("ffmpeg %s is too old; install %d.%d or newer.", t.version, oldest[0], oldest[1]), nil)
	}
	return t, nil
}

// Version is ffmpeg's own version string, like 5.1.9-0+deb12u1.
func (t *Tools) Version() string { return t.version }

// SandboxName is "bwrap", "landlock" or "off".
func (t *Tools) SandboxName() string { return t.box.name() }

// KnownHoles returns a sentence why a version is not safe with strangers' files, or "" if no hole
// is known. Packagers fix old versions without a new number, so this is a reason to check, not a
// proof.
func KnownHoles(version string) string {
	major, minor, ok := parseVersion(version)
	if !ok {
		return ""
	}
	for _, r := range releases {
		if r.major != major || r.minor != minor {
			continue
		}
		if patch := patchOf(version); patch < r.mended {
			return fmt.Sprintf(
				"ffmpeg %s lacks fixes that came with %d.%d.%d; install the updates of your system.",
				version,
				major,
				minor,
				r.mended,
			)
		}
		return ""
	}
	if major < releases[0].major {
		return fmt.Sprintf("ffmpeg %s is a release that its makers no longer mend.", version)
	}
	return ""
}

// releases lists the release lines in use, each with a patch that closed holes of the ones before
// it. It is no complete history: raise it when there is news.
var releases = []struct{ major, minor, mended int }{
	{5, 1, 9},
	{6, 1, 2},
	{7, 0, 2},
	{7, 1, 1},
}

var versionPattern = regexp.MustCompile(`^n?(\d+)\.(\d+)(?:\.(\d+))?`)

// parseVersion reads the release. Snapshot builds (N-113007-…) have none.
func parseVersion(version string) (major, minor int, ok bool) {
	m := versionPattern.FindStringSubmatch(version)
	if m == nil {
		return 0, 0, false
	}
	major, _ = strconv.Atoi(m[1])
	minor, _ = strconv.Atoi(m[2])
	return major, minor, true
}

func patchOf(version string) int {
	m := versionPattern.FindStringSubmatch(version)
	if m == nil {
		return 0
	}
	patch, _ := strconv.Atoi(m[3])
	return patch
}

func findProgram(path, name string) (string, error) {
	if path == "" {
		path = name
	}
	found, err := exec.LookPath(path)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	if err != nil {
		return "", storage.E(
			storage.Unavailable,
			fmt.Sprintf("%s is not installed (apt install ffmpeg), or not at %q.", name, path),
			err,
		)
	}
	return found, nil
}

// chooseSandbox takes the first sandbox that starts ffmpeg. It learns ffmpeg's version from that.
func (t *Tools) chooseSandbox(ctx context.Context, want string) error {
	var candidates []sandbox
	switch want {
	case "", "auto":
		candidates = []sandbox{bubblewrap{}, confined{landlock: true}}
	case "bwrap":
		candidates = []sandbox{bubblewrap{}}
	case "landlock":
		candidates = []sandbox{confined{landlock: true}}
	case "off":
		candidates = []sandbox{confined{}}
	default:
		return storage.E(
			storage.Invalid,
			fmt.Sprintf("A sandbox is auto, bwrap, landlock or off, not %q.", want),
			nil,
		)
	}
	var tried []error
	for _, box := range candidates {
		version, err := t.try(ctx, box)
		if err == nil {
			t.box, t.version = box, version
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		tried = append(tried, fmt.Errorf("%s: %w", box.name(), err))
	}
	return storage.E(storage.Unavailable,
		"No sandbox for ffmpeg works here. Install bubblewrap (apt install bubblewrap) and allow user namespaces "+
			"(sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), or use a kernel with Landlock, or "+
			"turn the sandbox off "+
			"if every uploader is trusted.", errors.Join(tried...))
}

// try starts ffmpeg inside box like a real run, with an input and an output folder.
func (t *Tools) try(ctx context.Context, box sandbox) (version string, err error) {
	dir, err := os.MkdirTemp("", "meanwhile-try-")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	in := filepath.Join(dir, "in")
	if err := os.WriteFile(in, nil, 0o600); err != nil {
		return "", fmt.Errorf("make an input: %w", err)
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return "", fmt.Errorf("make an output folder: %w", err)
	}
	var said bytes.Buffer
	trial := Tools{ffmpeg: t.ffmpeg, ffprobe: t.ffprobe, box: box, nice: t.nice, stall: t.stall, log: t.log}
	j := job{
		bin:    t.ffmpeg,
		args:   []string{"-version"},
		in:     in,
		outDir: out,
		stdout: &said,
		cpu:    10 * time.Second,
		wall:   10 * time.Second,
		fsize:  1 << 20,
	}
	if err := trial.run(ctx, j); err != nil {
		return "", err
	}
	var name string
	if _, err := fmt.Sscanf(said.String(), "ffmpeg version %s", &name); err != nil {
		return "", fmt.Errorf("read the version from %.40q: %w", said.String(), err)
	}
	return name, nil
}
