package main_test

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// cuttingProxy passes TCP through. It cuts a connection after so many bytes to the server, a number
// of times.
type cuttingProxy struct {
	base string

	mu   sync.Mutex
	left int
	made int
}

func newCuttingProxy(t testing.TB, target string, afterBytes int64, times int) *cuttingProxy {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cuttingProxy{base: "http://" + ln.Addr().String(), left: times}
	var wg sync.WaitGroup
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { c.carry(in, to.Host, afterBytes) })
		}
	})
	return c
}

func (c *cuttingProxy) carry(in net.Conn, host string, afterBytes int64) {
	defer in.Close()
	out, err := net.Dial("tcp", host)
	if err != nil {
		return
	}
	defer out.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(in, out)
		in.Close()
	}()
	if _, err := io.CopyN(out, in, afterBytes); err == nil && c.cut() {
		in.Close()
		out.Close()
		<-done
		return
	}
	io.Copy(out, in)
	out.Close()
	<-done
}

func (c *cuttingProxy) cut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left == 0 {
		return false
	}
	c.left--
	c.made++
	return true
}

func (c *cuttingProxy) cuts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made
}

// samples are the real recordings beside the project, or in the folder MEANWHILE_SAMPLES. If there
// are none, clips of the same kinds are made on the spot.
func samples(t testing.TB) []string {
	t.Helper()
	dir := os.Getenv("MEANWHILE_SAMPLES")
	if dir == "" {
		dir = "../../../shared/samples"
	}
	var files []string
	for _, pattern := range []string{"*.mp4", "*.webm"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) > 0 {
		return files
	}
	return []string{
		clip(
			t,
			"h264-opus.mp4",
			4,
			"-c:v",
			"libx264",
			"-pix_fmt",
			"yuv420p",
			"-g",
			"60",
			"-c:a",
			"libopus",
			"-movflags",
			"frag_keyframe+empty_moov",
		),
		clip(
			t,
			"vp8.webm",
			4,
			"-c:v",
			"libvpx",
			"-deadline",
			"realtime",
			"-cpu-used",
			"8",
			"-c:a",
			"libopus",
			"-live",
			"1",
		),
		clip(t, "h264-aac.mp4", 4, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac"),
	}
}
