package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// binary is the program under test, built once for all tests of the package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "meanwhile-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "meanwhile")
	// The flags of make build, so that its packages are only linked again, not compiled.
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if !testing.Short() {
		if path, err := binary(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

// program is a data folder and the process that serves it.
type program struct {
	t     testing.TB
	data  string
	cache string
	env   []string
	base  string   // address of the running process
	setup string   // set-up link, empty if there is an account
	role  string   // server, or empty for everything in one process
	under []string // a command that starts the process, if any
	cmd   *exec.Cmd
	log   *lockedBuffer
}

// newProgram returns a program that has not started. A short run skips the test.
func newProgram(t testing.TB, env ...string) *program {
	t.Helper()
	if testing.Short() {
		t.Skip("a short run starts no program")
	}
	p := &program{t: t, data: t.TempDir(), cache: t.TempDir(), env: slices.Clone(env), log: &lockedBuffer{}}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of the program:\n%s", p.log.String())
		}
	})
	return p
}

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(
		os.Environ(),
		"MEANWHILE_DATA="+p.data,
		"MEANWHILE_LISTEN=127.0.0.1:0",
		"MEANWHILE_ADMIN_LISTEN=",
		"XDG_CACHE_HOME="+p.cache,
	)
	cmd.Env = append(cmd.Env, p.env...)
	return cmd
}

// start runs the program and waits until it has printed its address.
func (p *program) start() {
	p.t.Helper()
	var args []string
	if p.role != "" {
		args = append(args, p.role)
	}
	cmd := p.command(context.Background(), args...)
	if len(p.under) > 0 {
		under := exec.Command(p.under[0], append(slices.Clone(p.under[1:]), cmd.Args...)...)
		under.Env = cmd.Env
		cmd = under
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd.Stderr = p.log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.cmd, p.base, p.setup = cmd, "", ""
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "Meanwhile is at "); ok {
			p.base = rest
		}
		if rest, ok := strings.CutPrefix(lines.Text(), "Make the first account here: "); ok {
			p.setup = rest
		}
		if lines.Text() == "Press Ctrl-C to stop." {
			break
		}
	}
	if p.base == "" {
		p.t.Fatalf("the program ended without an address:\n%s", p.log.String())
	}
	go io.Copy(io.Discard, stdout)
	p.waitReady()
}

func (p *program) waitReady() {
	p.t.Helper()
	p.until(20*time.Second, "readyz", func() bool {
		res, err := http.Get(p.base + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// kill ends the process, and all that it started, as a power cut would.
func (p *program) kill() {
	if p.cmd == nil {
		return
	}
	p.cmd.Process.Kill()
	p.cmd.Wait()
	p.cmd = nil
}

// stop asks the process to end and returns its result.
func (p *program) stop() error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := p.cmd.Wait()
	p.cmd = nil
	return err
}

// until checks again and again until ok or the limit.
func (p *program) until(limit time.Duration, what string, ok func() bool) {
	p.t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			p.t.Fatalf("waited %s for %s", limit, what)
		case <-tick.C:
		}
	}
}

// run runs another command beside the process and returns its output and exit code.
func (p *program) run(args ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	var o, e bytes.Buffer
	cmd := p.command(p.t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// owner creates the first account on the command line, and an API key for it.
func (p *program) owner() (key string) {
	p.t.Helper()
	if _, stderr, code := p.run("user", "add", "owner@example.com", "--name", "Owner"); code != 0 {
		p.t.Fatalf("user add: %d\n%s", code, stderr)
	}
	stdout, stderr, code := p.run("token", "add", "--email", "owner@example.com")
	if code != 0 {
		p.t.Fatalf("token add: %d\n%s", code, stderr)
	}
	key = strings.TrimSpace(stdout)
	p.env = append(p.env, "MEANWHILE_TOKEN="+key)
	return key
}

// get reads JSON with the API key, or as a guest without one.
func (p *program) get(key, path string, into any) int {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			p.t.Fatalf("read %s: %v", path, err)
		}
	}
	return res.StatusCode
}

// browser returns a client with its own cookie jar.
func browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func (p *program) postForm(c *http.Client, address string, form url.Values) *http.Response {
	p.t.Helper()
	res, err := c.PostForm(address, form)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { res.Body.Close() })
	return res
}

// video is the part of GET /api/v1/videos/{id} that these tests read.
type video struct {
	ID         string  `json:"id"`
	State      string  `json:"state"`
	Failure    string  `json:"failure"`
	Progress   float64 `json:"progress"`
	LinkToken  string  `json:"share_token"`
	DurationMS int64   `json:"duration_ms"`
}

// clip makes a 720-line video with sound; args set the codecs.
func clip(t testing.TB, name string, seconds int, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	sources := []string{
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=1280x720:rate=30:duration=%d", seconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%d", seconds),
	}
	ffmpegtest.Make(t, path, append(sources, args...)...)
	return path
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
