//go:build bench

package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// recorderFigures measure how long a person who records waits and what it costs them, in a real
// browser on this machine. MEANWHILE_BENCH_PARTS=stop,kill measures only some of it.
// MEANWHILE_BENCH_TIER=A measures it in a browser whose own recorder writes no MP4.
func recorderFigures(b *bench) []row {
	parts := []string{"stop", "slow", "cut", "kill", "hidden", "cpu", "long"}
	if some := os.Getenv("MEANWHILE_BENCH_PARTS"); some != "" {
		parts = strings.Split(some, ",")
	}
	found := b.recorded(
		map[string]any{
			"parts":   parts,
			"times":   b.times(5),
			"seconds": b.seconds(30),
			"tier":    os.Getenv("MEANWHILE_BENCH_TIER"),
		},
	)
	var rows []row
	for _, f := range []struct {
		name  string
		limit float64
	}{
		{"stop to complete", 500},
		{"stop to complete at 4 Mb/s", 1000},
		{"stop to first frame", 1000},
		{"stop to first frame at 4 Mb/s", 0},
		{"stop to complete, 10 min", 500},
		{"stop to first frame, 10 min", 1000},
		{"stop to complete, cut and offline", 2000},
		{"lost at kill -9", 2000},
	} {
		if s := found[f.name]; len(s) > 0 {
			r := row{Figure: "recorder: " + f.name, Ours: s.in("ms")}
			if f.limit > 0 {
				r.Hold, r.Held = atMost(s.median(), f.limit, "ms")
			}
			rows = append(rows, r)
		}
	}
	if s := found["frames a second while hidden"]; len(s) > 0 {
		r := row{Figure: "recorder: frames a second while its tab is hidden", Ours: s.in("")}
		r.Hold, r.Held = atLeast(s.median(), 24, "")
		rows = append(rows, r)
	}
	if ours, bare := found["CPU of the recorder"], found["CPU of two bare recorders"]; len(ours) > 0 {
		rows = append(
			rows,
			compared("recorder: CPU of the browser, screen and camera / two bare MediaRecorders", ours, bare, "s", 1.2),
		)
	}
	return rows
}

// recorded runs web/e2e/bench-recorder.ts and reads its results.
func (b *bench) recorded(asked map[string]any) map[string]sample {
	b.Helper()
	out := filepath.Join(b.folder(), "recorded.json")
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
		"e2e/bench-recorder.ts",
	)
	cmd.Dir = filepath.Join("..", "..", "web")
	cmd.Env = append(os.Environ(), "MEANWHILE_BENCH_RECORDER="+string(text))
	said, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("bench-recorder.ts: %v\n%s", err, said)
	}
	b.Logf("%s", said)
	var found map[string]sample
	if err := json.Unmarshal([]byte(readText(out)), &found); err != nil {
		b.Fatal(err)
	}
	return found
}
