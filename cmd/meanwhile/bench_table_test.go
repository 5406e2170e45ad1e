//go:build bench

package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// row is one line of the table, as it is printed. An empty field is a dash.
type row struct{ Figure, Ours, Bare, Ratio, Hold, Held string }

func (r row) String() string {
	cells := []string{r.Figure, r.Ours, r.Bare, r.Ratio, r.Hold, r.Held}
	for i, c := range cells {
		if c == "" {
			cells[i] = "–"
		}
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// sample is the measurements of one thing, one per run.
type sample []float64

func (s sample) median() float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// in writes the median and, for several runs, the range from least to most.
func (s sample) in(unit string) string {
	text := number(s.median()) + " " + unit
	if len(s) > 1 {
		text += fmt.Sprintf(" (%s–%s)", number(slices.Min(s)), number(slices.Max(s)))
	}
	return text
}

func (s *sample) add(v float64)              { *s = append(*s, v) }
func (s *sample) addSeconds(d time.Duration) { s.add(d.Seconds()) }
func (s *sample) addMillis(d time.Duration)  { s.add(millis(d)) }
func millis(d time.Duration) float64         { return float64(d) / float64(time.Millisecond) }

// number writes three significant digits.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// atMost and atLeast check a value against a limit and write the result. A limit of zero is none.
func atMost(v, limit float64, unit string) (hold, held string) {
	return limited("≤", limit, unit, v <= limit)
}

func atLeast(v, limit float64, unit string) (hold, held string) {
	return limited("≥", limit, unit, v >= limit)
}

func limited(sign string, limit float64, unit string, ok bool) (hold, held string) {
	hold = sign + " " + strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", limit), "0"), ".")
	if unit != "" {
		hold += " " + unit
	}
	if ok {
		return hold, "yes"
	}
	return hold, "**no**"
}

// compared is a row that compares ours with bare in one unit. Its ratio may be at most limit; zero
// means no limit.
func compared(figure string, ours, bare sample, unit string, limit float64) row {
	ratio := ours.median() / bare.median()
	r := row{Figure: figure, Ours: ours.in(unit), Bare: bare.in(unit), Ratio: fmt.Sprintf("%.3f", ratio)}
	if limit > 0 {
		r.Hold, r.Held = atMost(ratio, limit, "")
	}
	return r
}

// measured is the last result of one figure.
type measured struct {
	Began   time.Time
	Took    time.Duration
	Load    string // the machine's load average when it began
	Machine string
	Rows    []row
}

func (m measured) keep(t testing.TB, path string) {
	t.Helper()
	text, err := json.MarshalIndent(m, "", "\t")
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

// lastMeasured returns false for a figure that was never measured.
func lastMeasured(t testing.TB, path string) (m measured, ok bool) {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return measured{}, false
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m, true
}

// document returns docs/benchmarks.md: rows in the order of the figures, and when each was
// measured.
func document(on string, all []measured, quick bool) string {
	var b strings.Builder
	b.WriteString(
		"# Benchmarks\n\nWritten by `make bench`. Do not edit: run it again, on a machine that does nothing else.\n\n",
	)
	if quick {
		b.WriteString("A hurried run: each thing was measured once and briefly. These are no figures.\n\n")
	}
	fmt.Fprintf(&b, "The machine: %s\n\n%s\n\n", on, howMeasured)
	b.WriteString(
		"| figure | ours | bare | ratio | to hold | held? | measured (UTC), load average before |\n" +
			"|---|---|---|---|---|---|---|\n",
	)
	for _, m := range all {
		for _, r := range m.Rows {
			fmt.Fprintf(&b, "%s %s, %s |\n", r, m.Began.Format("2006-01-02 15:04"), m.Load)
		}
	}
	b.WriteString("\n" + notes)
	return b.String()
}

const howMeasured = `Each figure stands beside the bare command or server that does the same, measured in turns with it
in the same run: medians of at least five (the least and the most in brackets) unless the row says
otherwise. CPU is user and system time of the program and of all that it started, which depends less
on what else a machine does than the clock. Clips are made on the spot: a drawn page of text that is
scrolled now and then, and a noisy camera, 1080p30, as H.264 and Opus in fragmented MP4 and as VP8
and Opus in live WebM.`

const notes = `What stands for what:

- **Pipeline**: from the last byte of an upload to when no stage is left; the bare command is the
  same ffmpeg arguments, run by hand outside the sandbox, where storyboard and preview are cut from
  the same decode. For the copy path it is the stream copy and then the ladder's remaining rungs.
  What is looked at, listened to and proved costs 1.5 to 3 CPU-seconds a video, more by the size of
  its picture than by its length: of a short clip that is a larger part. A worker's looking into its
  queues is in it, too, 1.6 % of a core with the Redis inside the process, so that the ratio grows
  where other work makes an encode wait. Screens of 20 s are above what is to hold because their
  ladder is cheap: what is done once a video is the larger part beside it. Of a screen of 60 s the
  program itself spends 1.4 CPU-seconds (on a busy machine), among it the looking into queues, and
  the looks and proofs 1.5: with both, the row is as far above as it is.
- **Sealed to playable**: the database's own times. The bare remux is the same ffmpeg arguments;
  with fsync it survives a power cut, as ours does.
- **First frame**: from the start of the navigation to the first frame that is presented, cold
  cache, played at once, in a throttled Chromium; the bare page is one video element and nothing
  else.
- **Media and pages**: eight clients on kept-open connections, on the same machine as the server;
  the bare server is another process with http.ServeContent of the same file, or with the ready
  bytes of the same page. A request for media costs the program 15 to 17 µs more than the bare
  server (its grant is looked at, a line is logged, the object is opened), so that the ratio lies
  between 0.86 and 1.02 from run to run.
- **Recorders**: each sends a chunk of 625 KB every two seconds, at a moment of its own; an answer's
  time counts from when the chunk was due. The bare server writes the body to a file and syncs it,
  in a process of its own.
- **Recorder**: a shared tab of 720 lines, camera and microphone from files, in Chromium on the same
  machine. Stop is the press of the button; a first frame is one that a watch page shows that was
  opened after everything was on the server. What is lost at kill -9 is told by the time that is
  drawn into each frame. Ten minutes are pushed through the protocol. 4 Mb/s is what the line lets
  through upwards.
- **Comments**: eight clients; the bare insert is one statement into the same table of the same
  database, by as many writers. On PostgreSQL those who talk under one video share transactions,
  while eight conversations commit each for itself. There the two cores are full: of what a comment
  costs, PostgreSQL takes 0.33 ms, the program 0.30 and the clients 0.08, while a bare insert costs
  PostgreSQL 0.11. What a comment needs beyond the insert, a number of its conversation that becomes
  visible in its order, is one statement more, under a lock.
- **Private / unknown**: the same requests in turns, 200 of each, for what may not be seen and for
  what is not there; the second stands in the column of the bare peer. What somebody could learn
  from a clock is the distance between the two medians.`

// machine describes what the figures depend on.
func machine(t testing.TB) string {
	t.Helper()
	words := fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if model := field(readText("/proc/cpuinfo"), "model name"); model != "" {
		words += " (" + model + ")"
	}
	var kib int64
	if _, err := fmt.Sscanf(field(readText("/proc/meminfo"), "MemTotal"), "%d kB", &kib); err == nil {
		words += fmt.Sprintf(", %.0f GiB of memory", float64(kib)/(1<<20))
	}
	return words + fmt.Sprintf(
		"; %s; %s; %s.",
		strings.Replace(runtime.Version(), "go", "Go ", 1),
		versionOf(
			t,
			`ffmpeg version (\S+)`,
			"ffmpeg ",
			"ffmpeg",
			"-version",
		),
		versionOf(t, `Chromium (\S+)`, "Chromium ", chromium(), "--version"),
	)
}

func chromium() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

func readText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// field finds the first line "name : value".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func versionOf(t testing.TB, pattern, name string, argv ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output()
	if err != nil {
		return name + "unknown"
	}
	return name + firstMatch(pattern, string(out))
}
