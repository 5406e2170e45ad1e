package ffmpeg

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// facts is the output of ffprobe. Packets are summed up as they pass, so memory does not grow with
// the file.
type facts struct {
	format  fields
	streams []fields
	walks   map[string]*walk // by stream index
	partial bool             // not all packets were read
	said    tailBuffer       // ffprobe's warnings and errors
}

// fields is one line of ffprobe: key=value pairs.
type fields map[string]string

func newFacts() *facts { return &facts{walks: map[string]*walk{}} }

// line reads one line of ffprobe's compact form.
func (f *facts) line(line string) {
	kind, rest, _ := strings.Cut(line, "|")
	switch kind {
	case "packet":
		f.packet(rest)
	case "stream":
		if len(f.streams) <= maxStreams {
			f.streams = append(f.streams, split(rest))
		}
	case "format":
		f.format = split(rest)
	}
}

func split(line string) fields {
	s := fields{}
	for pair := range strings.SplitSeq(line, "|") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			s[key] = value
		}
	}
	return s
}

// packet splits its line by hand: a long recording has a million packets.
func (f *facts) packet(line string) {
	var w *walk
	var pts, dts, lasts time.Duration
	var havePTS, haveDTS bool
	var sizeBytes, pos int64 = 0, -1
	var flags string
	for pair := range strings.SplitSeq(line, "|") {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case "stream_index":
			w = f.walks[value]
			if w == nil {
				if len(f.walks) > maxStreams {
					return
				}
				w = &walk{}
				f.walks[value] = w
			}
		case "pts_time":
			pts, havePTS = clock(value)
		case "dts_time":
			dts, haveDTS = clock(value)
		case "duration_time":
			lasts, _ = clock(value)
		case "size":
			sizeBytes, _ = strconv.ParseInt(value, 10, 64)
		case "pos":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				pos = n
			}
		case "flags":
			flags = value
		}
	}
	if w == nil || strings.Contains(flags, "D") { // to be thrown away by the file's own edit list
		return
	}
	if !havePTS {
		pts, havePTS = dts, haveDTS
	}
	w.add(pts, havePTS, lasts, sizeBytes, pos, strings.HasPrefix(flags, "K"))
}

// clock reads seconds. N/A is no time.
func clock(value string) (time.Duration, bool) {
	s, err := strconv.ParseFloat(value, 64)
	if err != nil || s > 1e8 || s < -1e8 {
		return 0, false
	}
	return time.Duration(s * float64(time.Second)), true
}

func (s fields) integer(key string) int64 {
	n, _ := strconv.ParseInt(s[key], 10, 64)
	return n
}

// word is a value, or "" where ffprobe does not know it.
func (s fields) word(key string) string {
	switch v := s[key]; v {
	case "unknown", "N/A", "reserved":
		return ""
	default:
		return v
	}
}

func (s fields) ratio(key, separator string) (num, den int64) {
	a, b, _ := strings.Cut(s[key], separator)
	num, _ = strconv.ParseInt(a, 10, 64)
	den, _ = strconv.ParseInt(b, 10, 64)
	return num, den
}

// chosen finds the first picture stream that is no cover, and the first sound stream.
func (f *facts) chosen() (video, audio fields) {
	for _, s := range f.streams {
		switch {
		case s["codec_type"] == "video" && s["disposition:attached_pic"] != "1" && video == nil:
			video = s
		case s["codec_type"] == "audio" && audio == nil:
			audio = s
		}
	}
	return video, audio
}

func (f *facts) walk(s fields) *walk {
	if w := f.walks[s["index"]]; s != nil && w != nil {
		return w
	}
	return &walk{}
}

func (f *facts) packets() (n int64) {
	for _, w := range f.walks {
		n += w.packets
	}
	return n
}

// length is the time from the first packet to the end of the last one of the chosen streams. If not
// all packets were read, it is the header's length if that is more.
func (f *facts) length(video, audio fields) time.Duration {
	var all walk
	for _, s := range []fields{video, audio} {
		if w := f.walk(s); s != nil && w.timed > 0 {
			all.span(w.first, w.end())
		}
	}
	length := all.last - all.first
	if f.partial {
		if told, ok := clock(f.format["duration"]); ok {
			length = max(length, told)
		}
	}
	return length
}

// walk sums up the packets of a stream.
type walk struct {
	packets, bytes int64
	timed          int64
	first, last    time.Duration // of the packets themselves
	lastStart      time.Duration
	lastHasEnd     bool

	keys      int64
	key       time.Duration // the latest key frame
	gap       time.Duration
	keyPlaces []int64 // bytes into the file, every keyStride-th one
	keyStride int64
}

// maxKeyPlaces bounds how many key frames are checked.
const maxKeyPlaces = 512

func (w *walk) add(at time.Duration, timed bool, lasts time.Duration, sizeBytes, pos int64, key bool) {
	w.packets++
	w.bytes += sizeBytes
	if key {
		w.place(pos)
	}
	if !timed {
		return
	}
	if at >= w.lastStart || w.timed == 0 {
		w.lastStart, w.lastHasEnd = at, lasts > 0
	}
	if w.timed == 0 {
		w.first, w.last = at, at+lasts
	}
	w.span(at, at+lasts)
	w.timed++
	if key {
		if w.keys > 0 {
			w.gap = max(w.gap, at-w.key)
		}
		w.keys++
		w.key = at
	}
}

// span extends the covered time.
func (w *walk) span(from, to time.Duration) {
	if w.timed == 0 && w.first == 0 && w.last == 0 {
		w.first, w.last = from, to
		return
	}
	w.first, w.last = min(w.first, from), max(w.last, to)
}

func (w *walk) place(pos int64) {
	if pos < 0 {
		return
	}
	w.keyStride = max(w.keyStride, 1)
	if w.keys%w.keyStride != 0 {
		return
	}
	if len(w.keyPlaces) == maxKeyPlaces {
		for i := range maxKeyPlaces / 2 {
			w.keyPlaces[i] = w.keyPlaces[2*i]
		}
		w.keyPlaces = w.keyPlaces[:maxKeyPlaces/2]
		w.keyStride *= 2
	}
	w.keyPlaces = append(w.keyPlaces, pos)
}

// end is the time at which the last packet ends. Live recordings do not say how long it lasts, so
// end assumes an average step.
func (w *walk) end() time.Duration {
	if w.lastHasEnd || w.timed < 2 {
		return w.last
	}
	return max(w.last, w.lastStart+(w.lastStart-w.first)/time.Duration(w.timed-1))
}

func (w *walk) seconds() float64 { return (w.end() - w.first).Seconds() }

func (w *walk) rate() float64 {
	if s := w.seconds(); s > 0 {
		return float64(w.packets) / s
	}
	return 0
}

func (w *walk) bitrate() int64 {
	if s := w.seconds(); s > 0 {
		return int64(float64(w.bytes) * 8 / s)
	}
	return 0
}

// keyGap is the longest time between key frames, including the one to the end.
func (w *walk) keyGap() time.Duration {
	if w.keys == 0 {
		return w.end() - w.first
	}
	return max(w.gap, w.end()-w.key)
}

// lineWriter cuts its input into lines. A line longer than 64 KiB is cut short.
type lineWriter struct {
	line func(string)
	rest []byte
}

func (l *lineWriter) Write(p []byte) (int, error) {
	written := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			if len(l.rest) < 64<<10 {
				l.rest = append(l.rest, p...)
			}
			return written, nil
		}
		if len(l.rest) > 0 {
			l.line(string(append(l.rest, p[:i]...)))
			l.rest = l.rest[:0]
		} else {
			l.line(string(p[:i]))
		}
		p = p[i+1:]
	}
}
