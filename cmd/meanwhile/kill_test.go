package main_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// slowClip needs an encode of some seconds and cannot be copied: MPEG-4 part 2 in AVI.
func slowClip(t testing.TB) string {
	return clip(t, "slow.avi", 12, "-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp3")
}

// push uploads without waiting and gives the video's id.
func (p *program) push(path string) string {
	p.t.Helper()
	stdout, stderr, code := p.run("push", "--url", p.base, "--json", path)
	if code != 0 {
		p.t.Fatalf("push: %d\n%s", code, stderr)
	}
	var r struct{ ID string }
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		p.t.Fatalf("read push: %v\n%s", err, stdout)
	}
	return r.ID
}

func (p *program) waitState(key, id string, limit time.Duration, want string) video {
	p.t.Helper()
	var v video
	p.until(limit, want, func() bool {
		p.get(key, "/api/v1/videos/"+id, &v)
		if v.State == "failed" && want != "failed" {
			p.t.Fatalf("the video failed: %s", v.Failure)
		}
		return v.State == want
	})
	return v
}

// TestKilledProcessLosesNothing is promise P3 and P5 by the hardest way: kill -9 in the middle of the work, at several moments, and a plain
// start. The video becomes ready with no manual step, within 15 s of the start plus the encode.
func TestKilledProcessLosesNothing(t *testing.T) {
	p := newProgram(t)
	key := p.owner()
	p.start()
	source := slowClip(t)

	began := time.Now()
	p.waitState(key, p.push(source), 5*time.Minute, "ready")
	encode := time.Since(began)

	moments := []struct {
		name string
		when func(video) bool
	}{
		{"right after the last byte", func(video) bool { return true }},
		{"when the encode has begun", func(v video) bool { return v.Progress > 0.1 }},
		{"when the encode is nearly done", func(v video) bool { return v.Progress > 0.7 }},
	}
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			p.t = t
			id := p.push(source)
			var v video
			p.until(2*time.Minute, m.name, func() bool {
				p.get(key, "/api/v1/videos/"+id, &v)
				return m.when(v) || v.State == "ready"
			})
			if v.State == "ready" {
				t.Fatalf("the video was ready before it could be interrupted (progress %v): make the clip longer", v.Progress)
			}
			p.kill()
			p.start()
			// The machine may be busier now than in the measured run: three times the encode is room, not a promise.
			v = p.waitState(key, id, 15*time.Second+3*encode, "ready")
			if v.DurationMS < 11_000 || v.DurationMS > 13_000 {
				t.Errorf("duration = %d ms, want about 12 s", v.DurationMS)
			}
		})
	}
	p.t = t
}

// TestShutdownHandsWorkBack ends the process politely in the middle of an encode: it ends soon and cleanly, and the next start goes on.
func TestShutdownHandsWorkBack(t *testing.T) {
	p := newProgram(t)
	key := p.owner()
	p.start()
	id := p.push(slowClip(t))
	p.until(time.Minute, "the encode to begin", func() bool {
		var v video
		p.get(key, "/api/v1/videos/"+id, &v)
		return v.Progress > 0.1
	})
	began := time.Now()
	if err := p.stop(); err != nil {
		t.Errorf("the program ended with %v, want exit code 0", err)
	}
	if took := time.Since(began); took > 14*time.Second {
		t.Errorf("the shutdown took %s: something was waited for", took)
	}
	if !strings.Contains(p.log.String(), "step handed back") {
		t.Errorf("no step was handed back")
	}
	p.start()
	p.waitState(key, id, 2*time.Minute, "ready")
}
