package main_test

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// TestWhatIsDeletedForGoodLeavesTheDisk stops the program before its next round, and finds the work
// done after the next start.
func TestWhatIsDeletedForGoodLeavesTheDisk(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	source := clip(t, "clip.mp4", 1, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
	if _, stderr, code := p.run("push", "--url", p.base, "--wait", source); code != 0 {
		t.Fatalf("push: %d\n%s", code, stderr)
	}
	var list struct{ Items []video }
	p.get(key, "/api/v1/videos", &list)
	if len(list.Items) != 1 || len(p.objects()) == 0 {
		t.Fatalf("%d videos in %d files", len(list.Items), len(p.objects()))
	}
	p.until(time.Minute, "nothing more is made of it", func() bool {
		var v struct{ Improving bool }
		p.get(key, "/api/v1/videos/"+list.Items[0].ID, &v)
		return !v.Improving
	})
	for _, path := range []string{"", "/forever"} {
		req, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodDelete,
			p.base+"/api/v1/videos/"+list.Items[0].ID+path,
			nil,
		)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != http.StatusNoContent {
			t.Fatalf("DELETE %s: %d", path, res.StatusCode)
		}
	}
	if err := p.stop(); err != nil {
		t.Fatalf("the program ended with %v", err)
	}
	p.start()
	p.until(20*time.Second, "no file is left", func() bool { return len(p.objects()) == 0 })
}

// objects lists the files of the object folder.
func (p *program) objects() []string {
	p.t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(p.data, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return files
}
