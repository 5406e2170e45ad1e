package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// family lists the process of the program and all that it started.
func (p *program) family() []int {
	p.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		p.t.Fatal(err)
	}
	children := map[int][]int{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			p.t.Fatal(err)
		}
		// proc_pid_stat(5): the name, which may hold anything, ends with the last parenthesis
		var state string
		var parent int
		rest := string(b[strings.LastIndexByte(string(b), ')')+1:])
		if _, err := fmt.Sscan(rest, &state, &parent); err != nil {
			p.t.Fatal(err)
		}
		children[parent] = append(children[parent], pid)
	}
	all := []int{p.cmd.Process.Pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

// TestAStoppedMachineIsNoFaultOfTheVideo stops the program and its ffmpeg in the middle of an
// encode, for longer than a lease; in the soak also for longer than work may stall.
func TestAStoppedMachineIsNoFaultOfTheVideo(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "MEANWHILE_LEASE=4s")
	key := p.owner()
	p.start()
	id := p.push(slowClip(t))
	p.until(time.Minute, "the encode", func() bool {
		var v video
		p.get(key, "/api/v1/videos/"+id, &v)
		return v.Progress > 0.1 && v.Progress < 0.9
	})
	stopped := p.family()
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		for _, pid := range stopped {
			_ = syscall.Kill(pid, signal) // what has ended meanwhile needs none
		}
		if signal == syscall.SIGSTOP {
			<-time.After(soaked(10*time.Second, 130*time.Second)) // the time that goes by is what is tested
		}
	}
	p.waitState(key, id, 2*time.Minute, "ready")
	for _, told := range []string{"step overtaken", "step not done", "attempt=2"} {
		if strings.Contains(p.log.String(), told) {
			t.Errorf("the log says %q", told)
		}
	}
}
