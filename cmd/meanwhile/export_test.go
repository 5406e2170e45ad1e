package main_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestExportFromTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	source := clip(t, "clip.mp4", 1, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
	stdout, stderr, code := p.run("push", "--url", p.base, "--title", "../CON", "--wait", "--json", source)
	if code != 0 {
		t.Fatalf("push: %d\n%s", code, stderr)
	}
	var r struct{ ID string }
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	p.until(time.Minute, "everything of the video is made", func() bool {
		var v struct {
			State     string
			Improving bool
		}
		p.get(key, "/api/v1/videos/"+r.ID, &v)
		return v.State == "ready" && !v.Improving
	})
	want, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"one": {"--video", r.ID}, "all": {"--all"}} {
		dir := filepath.Join(t.TempDir(), name)
		stdout, stderr, code := p.run(append([]string{"export", dir}, args...)...)
		if code != 0 || strings.TrimSpace(stdout) != filepath.Join(dir, "index.html") {
			t.Fatalf("export %v: %d, %q\n%s", args, code, stdout, stderr)
		}
		var files []string
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files = append(files, path.Base(name))
			}
			if path.Base(name) == "original.mp4" {
				got, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil || string(got) != string(want) {
					t.Errorf("%s has %d bytes, %v; want the %d of the file, equal", name, len(got), err, len(want))
				}
			}
			return err
		})
		slices.Sort(files)
		if all := []string{
			"comments.json",
			"comments.txt",
			"index.html",
			"original.mp4",
			"video.json",
			"video.mp4",
		}; err != nil ||
			!slices.Equal(files, all) {
			t.Errorf("export %v wrote %v, %v; want %v", args, files, err, all)
		}
		if _, stderr, code := p.run(
			append([]string{"export", dir}, args...)...); code != 1 ||
			!strings.Contains(stderr, "not empty") {
			t.Errorf("a second export into the folder: %d %s", code, stderr)
		}
	}
	if _, stderr, code := p.run(
		"export",
		"--video",
		"none",
		t.TempDir(),
	); code != 1 ||
		!strings.Contains(stderr, "no video with this ID") {
		t.Errorf("export of nothing: %d %s", code, stderr)
	}
	if _, _, code := p.run("export", t.TempDir()); code != 2 {
		t.Errorf("export of what nobody named: %d, want 2", code)
	}
}
