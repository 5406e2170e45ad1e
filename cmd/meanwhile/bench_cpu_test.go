//go:build bench

package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes this process the parent of orphaned descendants. bubblewrap does not wait for
// the process that it starts in the sandbox, so the CPU time of the work there would not be
// counted.
func adoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// spent returns the CPU time of all ended processes that this one started, and of the running
// process pid with the children it has waited for. 0 means no process.
func spent(t testing.TB, pid int) time.Duration {
	t.Helper()
	reapOrphans(t)
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &u); err != nil {
		t.Fatal(err)
	}
	total := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if pid > 0 {
		own, children := statOf(t, pid)
		total += own + children
	}
	return total
}

// statOf returns a process's own CPU time, and that of the children it has waited for.
func statOf(t testing.TB, pid int) (own, children time.Duration) {
	t.Helper()
	text := readText(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) < 15 {
		t.Fatalf("no process %d", pid)
	}
	ticks := func(i int) time.Duration {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(n) * 10 * time.Millisecond // USER_HZ is 100 for every program on Linux
	}
	return ticks(11) + ticks(12), ticks(13) + ticks(14)
}

// reapOrphans waits for adopted processes: the first process of a sandbox, which ends right after
// its work. Such a process has a number in its own namespace. That tells it from those that os/exec
// waits for.
func reapOrphans(t testing.TB) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		alive, err := reapOnce()
		if err != nil {
			t.Fatal(err)
		}
		if alive == 0 {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%d processes of an ended sandbox still run", alive)
		case <-look.C:
		}
	}
}

func reapOnce() (alive int, err error) {
	folders, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, f := range folders {
		pid, err := strconv.Atoi(f.Name())
		if err != nil {
			continue
		}
		status := readText("/proc/" + f.Name() + "/status")
		if field(status, "PPid") != strconv.Itoa(os.Getpid()) || len(strings.Fields(field(status, "NSpid"))) < 2 {
			continue
		}
		if !strings.HasPrefix(field(status, "State"), "Z") {
			alive++
			continue
		}
		if _, err := unix.Wait4(pid, nil, 0, nil); err != nil && !errors.Is(err, unix.ECHILD) {
			return alive, os.NewSyscallError("wait4", err)
		}
	}
	return alive, nil
}

// bare runs a program by hand and returns its CPU and wall time. Descriptor 3, for ffmpeg's
// reports, goes to /dev/null.
func bare(t testing.TB, program string, args ...string) (cpu, wall time.Duration) {
	t.Helper()
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.ExtraFiles = []*os.File{nowhere}
	said := &lockedBuffer{}
	cmd.Stderr = said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, said.String())
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(began)
}

// memoryOf reads a line of /proc/PID/status, such as VmRSS, in MiB; false if the process is gone.
func memoryOf(pid int, name string) (float64, bool) {
	var kib int64
	text := field(readText(fmt.Sprintf("/proc/%d/status", pid)), name)
	if _, err := fmt.Sscanf(text, "%d kB", &kib); err != nil {
		return 0, false
	}
	return float64(kib) / 1024, true
}

func firstMatch(pattern, text string) string {
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		return "unknown"
	}
	return m[1]
}
