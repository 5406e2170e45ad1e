//go:build bench

package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// seen is what web/e2e/bench.ts writes.
type seen struct {
	Links []struct {
		Megabits, LatencyMs float64
		OursMs, BareMs      sample
	}
	Weights []struct {
		Path  string
		Bytes float64
		Early bool // requested before the player's controls
	}
}

// watchPageInBrowser measures the first frame of the watch page in Chromium, compared with a page
// that has only the same file, and the weight of the page.
func watchPageInBrowser(b *bench) []row {
	s := newSubject(b, "")
	up := s.ready(b.screen(b.seconds(60), "mp4"))
	dir := b.folder()
	download(b, s.mediaURL(up.token), filepath.Join(dir, "media.mp4"), nil)
	page := `<!doctype html><title>bare</title><video controls playsinline preload="metadata" width="1280" src="media.mp4"></video>`
	if err := os.WriteFile(filepath.Join(dir, "bare.html"), []byte(page), 0o600); err != nil {
		b.Fatal(err)
	}
	peer := newBareServer(b, dir)
	found := b.inBrowser(map[string]any{
		"oursURL":    s.base + "/v/" + up.token,
		"bareURL":    peer.base + "/file/bare.html",
		"times":      b.times(7),
		"executable": chromium(),
	})
	var rows []row
	for _, link := range found.Links {
		name := fmt.Sprintf("first frame, %v Mb/s + %v ms, watch page / bare page", link.Megabits, link.LatencyMs)
		rows = append(rows, compared(name, link.OursMs, link.BareMs, "ms", 1.15))
	}
	early, all, stream := 0.0, 0.0, "not asked for"
	for _, w := range found.Weights {
		if strings.Contains(w.Path, "hls") {
			stream = "asked for"
		}
		all += w.Bytes / 1000
		if w.Early {
			early += w.Bytes / 1000
		}
	}
	slices.SortFunc(found.Weights, func(a, b struct {
		Path  string
		Bytes float64
		Early bool
	}) int {
		return int(b.Bytes - a.Bytes)
	})
	before := row{
		Figure: "watch page: HTML + CSS + script, compressed, before the player's controls",
		Ours:   number(early) + " KB",
	}
	before.Hold, before.Held = atMost(early, 40, "KB")
	with := row{Figure: "the same with the controls, while it plays (hls.js " + stream + ")", Ours: number(all) + " KB"}
	with.Hold, with.Held = atMost(all, 90, "KB")
	if stream == "asked for" {
		with.Held = "**no**"
	}
	for _, w := range found.Weights {
		b.Logf("%8.0f B early %-5t %s", w.Bytes, w.Early, w.Path)
	}
	return append(rows, before, with)
}

// inBrowser runs web/e2e/bench.ts and reads its results.
func (b *bench) inBrowser(asked map[string]any) (found seen) {
	b.Helper()
	out := filepath.Join(b.folder(), "seen.json")
	asked["out"] = out
	text, err := json.Marshal(asked)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(
		b.Context(),
		"node_modules/.bin/vitest",
		"run",
		"--config",
		"e2e/bench.config.ts",
		"e2e/bench.ts",
	)
	cmd.Dir = filepath.Join("..", "..", "web")
	cmd.Env = append(os.Environ(), "MEANWHILE_BENCH_PAGE="+string(text))
	if said, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("bench.ts: %v\n%s", err, said)
	}
	if err := json.Unmarshal([]byte(readText(out)), &found); err != nil {
		b.Fatal(err)
	}
	return found
}
