//go:build bench

package main_test

import (
	"fmt"
	"os"
	"time"
)

// memory measures the program's memory while idle, and its peak while 2 GiB go through it: from
// push over the server and the worker until every rendition is there. ffmpeg's memory is not
// included.
func memory(b *bench) []row {
	sizeBytes := int64(2 << 30)
	if b.quick {
		sizeBytes >>= 5
	}
	file := b.joined("large.mp4", b.small(), sizeBytes, false)
	s := newSubject(b, "")
	pid := s.cmd.Process.Pid
	rest := time.NewTimer(b.span(20 * time.Second))
	defer rest.Stop()
	before := spent(b, pid)
	began := time.Now()
	<-rest.C
	idleCPU := float64(spent(b, pid)-before) / float64(time.Since(began)) * 100
	idle, _ := memoryOf(pid, "VmRSS")

	forgetPeak(b, pid)
	id, pushPeak := s.pushWatched(file)
	sealed, _ := memoryOf(pid, "VmHWM")
	s.waitDone(id, 40*time.Minute)
	peak, _ := memoryOf(pid, "VmHWM")
	after, _ := memoryOf(pid, "VmRSS")

	name := fmt.Sprintf("memory while %.2f GiB go through server and worker", float64(b.size(file))/(1<<30))
	rows := []row{
		{Figure: "memory of server and worker while idle", Ours: number(idle) + " MiB"},
		{
			Figure: name + ", at most (once)",
			Ours: fmt.Sprintf(
				"%s MiB; %s until the last byte had come, %s at the end",
				number(peak),
				number(sealed),
				number(after),
			),
		},
		{Figure: "the same, push (once)", Ours: number(pushPeak) + " MiB"},
		{Figure: "CPU of an idle program", Ours: number(idleCPU) + " % of a core"},
	}
	rows[0].Hold, rows[0].Held = atMost(idle, 80, "MiB")
	rows[1].Hold, rows[1].Held = atMost(peak, 150, "MiB")
	rows[2].Hold, rows[2].Held = atMost(pushPeak, 150, "MiB")
	return rows
}

// forgetPeak makes the kernel measure a process's peak from now on (proc(5), clear_refs).
func forgetPeak(b *bench, pid int) {
	b.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
}

// pushWatched runs push and returns the most memory that it was seen to use. The kernel's figure
// for an ended process is useless: it includes the process that started it.
func (s *subject) pushWatched(path string) (id string, peak float64) {
	s.t.Helper()
	cmd := s.command(s.t.Context(), "push", "--url", s.base, "--json", path)
	out := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = out, s.log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				s.t.Fatal(err)
			}
			return firstMatch(`"id":"([^"]+)"`, out.String()), peak
		case <-look.C:
			if now, ok := memoryOf(cmd.Process.Pid, "VmHWM"); ok {
				peak = max(peak, now)
			}
		}
	}
}
