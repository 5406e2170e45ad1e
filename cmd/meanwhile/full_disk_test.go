package main_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// smallDisk makes the next start run with a copy of its data on a file system of that many bytes,
// which only the process sees. It returns where that is for this test.
func (p *program) smallDisk(sizeBytes int64) func() string {
	p.t.Helper()
	at := p.t.TempDir()
	p.env = append(p.env, "SMALL="+at, "FULL="+p.data)
	p.under = []string{
		"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", fmt.Sprintf(
			`mount -t tmpfs -o size=%d tmpfs "$SMALL" && cp -a "$FULL/." "$SMALL" && MEANWHILE_DATA=$SMALL exec "$@"`,
			sizeBytes,
		), "sh",
	}
	return func() string { return fmt.Sprintf("/proc/%d/root%s", p.cmd.Process.Pid, at) }
}

// fill writes a file until the disk is full.
func fill(t testing.TB, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		_, err := f.Write(make([]byte, size))
		if err == nil {
			continue
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		size /= 2
	}
}

// TestAVideoIsDeletedForGoodOnAFullDisk fills the disk of a running program.
func TestAVideoIsDeletedForGoodOnAFullDisk(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "MEANWHILE_LEASE=4s")
	key := p.owner()
	p.start()
	upload := filepath.Join(t.TempDir(), "a.mp4")
	if err := os.WriteFile(upload, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	id := p.push(upload)
	p.waitState(key, id, time.Minute, "failed")
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	disk := p.smallDisk(96 << 20)
	p.start()
	data := disk()
	reserve := filepath.Join(data, "reserve")
	there := func() bool {
		_, err := os.Stat(reserve)
		return err == nil
	}
	p.until(time.Minute, "room to be kept", there)
	fill(t, filepath.Join(data, "fill"))
	for _, path := range []string{"", "/forever"} {
		address := p.base + "/api/v1/videos/" + id + path
		if body, status := p.send(
			"DELETE",
			address,
			nil,
			"Authorization: Bearer "+key,
		); status != http.StatusNoContent {
			t.Fatalf("DELETE %s on a full disk: %d %s", path, status, body)
		}
	}
	p.data = data // for objects
	p.until(time.Minute, "its files to leave the disk", func() bool { return len(p.objects()) == 0 })
	if there() {
		t.Error("the kept room was not needed, so the disk was not full")
	}
	if err := os.Remove(filepath.Join(data, "fill")); err != nil {
		t.Fatal(err)
	}
	p.until(time.Minute, "room to be kept again", there)
}
