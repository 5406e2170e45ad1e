package ffmpeg

import (
	"context"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	ffgo "github.com/u2takey/ffmpeg-go"

	"meanwhile/storage"
)

// The formats of the sound beside renditions.
const (
	peakRate   = 8000  // Hz, for the waveform: drawing needs no more
	speechRate = 16000 // Hz, which speech recognition wants
	maxPeaks   = 1000
)

// Listen decodes the whole sound once and returns its loudness and its peaks for drawing. It writes
// a copy for speech recognition, FLAC of 16 kHz mono, to speechPath. Promise and errors are Copy's.
func (t *Tools) Listen(ctx context.Context, src Source, speechPath string) (storage.Loudness, Peaks, error) {
	counter := newPeakCounter(time.Duration(src.Probe.DurationMS) * time.Millisecond)
	cpu := copyBudget(src.Probe) + time.Duration(src.Probe.DurationMS)*time.Millisecond/10
	w := work{cpu: cpu, wall: wallFor(cpu), niceness: t.nice / 2, reports: true, stdout: counter, stderr: &tailBuffer{}}
	err := t.make(ctx, src, speechPath, w, func(in, out string) []string { return ListenArgs(in, out, src.Probe) })
	if err != nil {
		return storage.Loudness{}, Peaks{}, err
	}
	loudness, err := loudnessIn(w.stderr.String())
	if err != nil {
		return storage.Loudness{}, Peaks{}, conversionError(err)
	}
	return loudness, counter.peaks(), nil
}

// ListenArgs are ffmpeg's arguments for one pass over the sound. The samples for the peaks go to
// standard output, the measurement to standard error at the end.
func ListenArgs(in, out string, p storage.Probe) []string {
	input := inputOptions(p.Container)
	input["vn"] = ""
	graph := "[0:a:0]" + wholeSound + ",asplit=3[loud][draw][speak];" +
		"[loud]ebur128=framelog=verbose:peak=sample,anullsink;" +
		fmt.Sprintf("[draw]aresample=%d,aformat=sample_fmts=s16:channel_layouts=mono[drawn];", peakRate) +
		fmt.Sprintf("[speak]aresample=%d,aformat=sample_fmts=s16:channel_layouts=mono[speech]", speechRate)
	drawn := ffgo.KwArgs{"filter_complex": graph, "map": "[drawn]", "format": "s16le", "c:a": "pcm_s16le"}
	speech := ffgo.KwArgs{
		"map":               "[speech]",
		"format":            "flac",
		"c:a":               "flac",
		"compression_level": 2,
		"map_metadata":      -1,
	}
	source := ffgo.Input(fileURL(in), input)
	stream := ffgo.MergeOutputs(source.Output("pipe:1", drawn), source.Output(fileURL(out), speech))
	args := globalArgs()
	for i, arg := range args {
		if arg == "error" {
			args[i] = "info" // the measurement is told at that level
		}
	}
	return append(append(append(args, "-nostats"), progressArgs()...), stream.GetArgs()...)
}

var (
	integrated = regexp.MustCompile(`\bI:\s+(-?[0-9.]+|-?inf|nan) LUFS`)
	samplePeak = regexp.MustCompile(`\bPeak:\s+(-?[0-9.]+|-?inf|nan) dBFS`)
)

// silentLUFS is the gate of EBU R 128: quieter sound is not measured.
const silentLUFS = -70

// loudnessIn finds the summary at the end of ebur128's output.
func loudnessIn(said string) (storage.Loudness, error) {
	_, summary, found := cutLast(said, "Summary:")
	i, p := integrated.FindStringSubmatch(summary), samplePeak.FindStringSubmatch(summary)
	if !found || i == nil || p == nil {
		return storage.Loudness{}, fmt.Errorf("no loudness in %q", said)
	}
	return storage.Loudness{LUFS: decibels(i[1]), PeakDBFS: decibels(p[1])}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func decibels(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != f || f < silentLUFS {
		return silentLUFS
	}
	return f
}

// Peaks is a sound's waveform: the highest sample of each interval, 0…100 of full scale.
type Peaks struct {
	Version    int   `json:"version"`
	IntervalMS int64 `json:"interval_ms"`
	Peaks      []int `json:"peaks"`
}

// peakCounter reads 16-bit samples as they come and keeps the highest of each interval.
type peakCounter struct {
	interval int // samples
	list     []int
	highest  int
	seen     int // samples of the current interval
	odd      []byte
}

func newPeakCounter(length time.Duration) *peakCounter {
	const least = peakRate / 10
	return &peakCounter{interval: max(least, int(length.Seconds()*peakRate)/maxPeaks+1), list: []int{}}
}

func (c *peakCounter) Write(p []byte) (int, error) {
	written := len(p)
	if len(c.odd) > 0 {
		p = append(c.odd, p...)
		c.odd = nil
	}
	for ; len(p) >= 2; p = p[2:] {
		sample := int(int16(binary.LittleEndian.Uint16(p)))
		c.highest = max(c.highest, sample, -sample)
		if c.seen++; c.seen == c.interval {
			c.close()
		}
	}
	if len(p) == 1 {
		c.odd = []byte{p[0]}
	}
	return written, nil
}

func (c *peakCounter) close() {
	if len(c.list) < maxPeaks {
		c.list = append(c.list, min(100, (c.highest*100+1<<14)>>15))
	}
	c.highest, c.seen = 0, 0
}

func (c *peakCounter) peaks() Peaks {
	if c.seen > 0 {
		c.close()
	}
	return Peaks{Version: 1, IntervalMS: int64(c.interval) * 1000 / peakRate, Peaks: c.list}
}
