package main_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// site is several servers and workers on the same services, behind a balancer.
type site struct {
	program // its base is the balancer's, and its commands run for the site
	servers []*program
	env     []string
	front   *balancer
}

// newSite starts that many servers. newWorker adds workers.
func newSite(t testing.TB, servers int, env ...string) *site {
	t.Helper()
	s := &site{env: append(mustServices(t).env(), env...)}
	s.program = *newProgram(t, s.env...)
	var bases []string
	for range servers {
		p := newProgram(t, s.env...)
		p.role = "server"
		p.start()
		// the same after restarts
		p.env = append(p.env, "MEANWHILE_LISTEN="+strings.TrimPrefix(p.base, "http://"))
		s.servers = append(s.servers, p)
		bases = append(bases, p.base)
	}
	s.front = newBalancer(t, bases...)
	s.base = s.front.base
	return s
}

// worker is a process with that role.
type worker struct {
	cmd *exec.Cmd
	log *lockedBuffer
}

// newWorker starts a worker and waits until it has found its tools.
func (s *site) newWorker() *worker {
	s.t.Helper()
	p := newProgram(s.t, s.env...)
	w := &worker{cmd: p.command(context.Background(), "worker"), log: p.log}
	w.cmd.Stderr = p.log
	if err := w.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	p.cmd = w.cmd // newProgram ends it with the test
	s.until(20*time.Second, "a worker", func() bool { return strings.Contains(p.log.String(), "media tools found") })
	return w
}

// kill ends the worker as a power cut would.
func (w *worker) kill(t testing.TB) {
	t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = w.cmd.Wait() // it fails, since it was killed
}

// TestAnotherWorkerTakesOver kills a worker in the middle of an encode: when its lease has ended,
// another worker does the work.
func TestAnotherWorkerTakesOver(t *testing.T) {
	t.Parallel()
	// The gate does not wait a real minute: make soak does.
	s := newSite(t, 1, "MEANWHILE_LEASE="+soaked("4s", "1m"))
	key := s.owner()
	first := s.newWorker()
	id := s.push(slowClip(t))
	var v video
	s.until(2*time.Minute, "the encode to begin", func() bool {
		s.get(key, "/api/v1/videos/"+id, &v)
		return v.Progress > 0.1
	})
	second := s.newWorker()
	first.kill(t)
	if s.get(key, "/api/v1/videos/"+id, &v); v.State == "ready" {
		t.Fatal("the video was ready before the worker was killed: make the clip longer")
	}
	// The lease, up to half a lease until the next look at the outbox, and the new encode.
	v = s.waitState(key, id, 4*time.Minute, "ready")
	if v.DurationMS < 7_000 || v.DurationMS > 9_000 {
		t.Errorf("duration = %d ms, want about 8 s", v.DurationMS)
	}
	// The worker says so right after the commit that made the video ready.
	s.until(
		20*time.Second,
		"the other worker to say that it is done",
		func() bool { return strings.Contains(second.log.String(), "step done") },
	)
}

// TestSeparateRolesNeedTheSameKey: without one key, each process would refuse what another has
// signed.
func TestSeparateRolesNeedTheSameKey(t *testing.T) {
	t.Parallel()
	s := mustServices(t)
	p := newProgram(t, append(s.env(), "MEANWHILE_SECRET_KEY=")...)
	for _, role := range []string{"server", "worker"} {
		// if it is not refused, it would run on
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		out, err := p.command(ctx, role).CombinedOutput()
		cancel()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 ||
			!strings.Contains(string(out), "MEANWHILE_SECRET_KEY is empty") {
			t.Errorf("%s without a key: %v, %q", role, err, out)
		}
	}
	if by, _ := p.doctor(); by["secret key"].Result != "warn" ||
		!strings.Contains(by["secret key"].Mend, "MEANWHILE_SECRET_KEY") {
		t.Errorf("doctor says of the key: %+v, want a warning with the mend", by["secret key"])
	}
}
