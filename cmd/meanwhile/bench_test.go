//go:build bench

package main_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// bench is the tool with which every figure is measured.
type bench struct {
	*testing.T
	quick bool   // each thing once and briefly, to see whether it works, not how fast
	cache string // clips are kept here between runs
}

// figures are measured in this order, one after another: there may be only two cores.
var figures = []struct {
	name    string
	measure func(*bench) []row
}{
	{"pipeline", pipelineCost},
	{"copy", copyCost},
	{"playable", sealedToPlayable},
	{"extras", extrasCost},
	{"sandbox", sandboxCost},
	{"page", watchPageInBrowser},
	{"recorder", recorderFigures},
	{"media", mediaRoute},
	{"watch", watchPages},
	{"comments", comments},
	{"streams", streams},
	{"ingest", ingest},
	{"queue", pickUp},
	{"busy", twentyFiles},
	{"memory", memory},
	{"hidden", hiddenTiming},
}

// TestBench measures the figures it is asked for, stores them under bin/bench/measured, and writes
// docs/benchmarks.md from the last result of each figure. It writes bin/bench/benchmarks.md instead
// while some figure was never measured, or in a quick run (MEANWHILE_BENCH_QUICK=1).
func TestBench(t *testing.T) {
	useBuiltBinary(t)
	if err := adoptOrphans(); err != nil {
		t.Fatal(err)
	}
	cache, err := filepath.Abs("../../bin/bench")
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(cache, "measured")
	quick := os.Getenv("MEANWHILE_BENCH_QUICK") != ""
	if quick {
		kept = t.TempDir()
	}
	if err := os.MkdirAll(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	on := machine(t)
	for _, f := range figures {
		t.Run(f.name, func(t *testing.T) {
			load, _, _ := strings.Cut(readText("/proc/loadavg"), " ")
			m := measured{
				Began:   time.Now().UTC(),
				Load:    load,
				Machine: on,
				Rows:    []row{{Figure: f.name, Ours: "could not be measured"}},
			}
			defer func() {
				m.Took = time.Since(m.Began)
				m.keep(t, filepath.Join(kept, f.name+".json"))
			}()
			m.Rows = f.measure(&bench{T: t, quick: quick, cache: cache})
			for _, r := range m.Rows {
				t.Log(r)
			}
		})
		reapOrphans(t)
	}
	var all []measured
	for _, f := range figures {
		if m, ok := lastMeasured(t, filepath.Join(kept, f.name+".json")); ok && m.Machine == on {
			all = append(all, m)
		}
	}
	report := filepath.Join(cache, "benchmarks.md")
	if len(all) == len(figures) && !quick {
		report = filepath.Join("..", "..", "docs", "benchmarks.md")
	}
	if err := os.WriteFile(report, []byte(document(on, all, quick)), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("written to %s", report)
}

// useBuiltBinary makes the tests run a copy of the program that make build built, so that a later
// build does not change it.
func useBuiltBinary(t testing.TB) {
	t.Helper()
	binary = sync.OnceValues(func() (string, error) {
		dir, err := os.MkdirTemp("", "meanwhile-bench-")
		if err != nil {
			return "", err
		}
		path := filepath.Join(dir, "meanwhile")
		if err := copyFile("../../bin/meanwhile", path, 0o755); err != nil {
			return "", fmt.Errorf("%w (make build)", err)
		}
		return path, nil
	})
	if _, err := binary(); err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// times returns how often something is measured.
func (b *bench) times(n int) int {
	if b.quick {
		return 1
	}
	return n
}

// span returns how long something is measured.
func (b *bench) span(d time.Duration) time.Duration {
	if b.quick {
		return d / 5
	}
	return d
}

// seconds returns how long a clip is.
func (b *bench) seconds(n int) int {
	if b.quick {
		return n / 5
	}
	return n
}

// size returns the length of a file in bytes.
func (b *bench) size(path string) int64 {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// folder makes an empty folder that is deleted when the figure is done.
func (b *bench) folder() string {
	b.Helper()
	dir, err := os.MkdirTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}
