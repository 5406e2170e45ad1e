package ffmpeg

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Progress gets the finished part of the work, 0…1, a few times a second while a file is made. It
// must be quick.
type Progress func(fraction float64)

// meter reads ffmpeg's -progress reports.
type meter struct {
	total time.Duration // of the source
	tell  Progress      // may be nil

	mu   sync.Mutex
	last mark
}

// mark is how far a run has come. It is progress if any part grows.
type mark struct {
	out     time.Duration // of media written
	frames  int64
	bytes   int64
	touched time.Time // last write to the output
}

func (m mark) beyond(o mark) bool {
	return m.out > o.out || m.frames > o.frames || m.bytes > o.bytes || m.touched.After(o.touched)
}

// reporting is one report pipe. A nil one does nothing.
type reporting struct {
	read, write *os.File
	ended       chan struct{}
	begin       func()
}

// attach gives cmd the write end of a pipe as its descriptor 3.
func (m *meter) attach(cmd *exec.Cmd) (*reporting, error) {
	if m == nil {
		return nil, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{write}
	r := &reporting{read: read, write: write, ended: make(chan struct{})}
	r.begin = func() {
		defer close(r.ended)
		m.read(bufio.NewScanner(read))
	}
	return r, nil
}

// started closes our copy of the write end and begins to read.
func (r *reporting) started() {
	if r == nil {
		return
	}
	r.write.Close()
	go r.begin()
}

// wait returns when the pipe has been read to its end, at most two seconds after the program's end.
func (r *reporting) wait() {
	if r == nil {
		return
	}
	_ = r.read.SetReadDeadline(time.Now().Add(2 * time.Second))
	<-r.ended
	r.read.Close()
}

func (m *meter) read(lines *bufio.Scanner) {
	var now mark
	for lines.Scan() {
		if at, ok := pulseTime(lines.Text()); ok {
			now.out = max(now.out, at)
			m.publish(now)
			continue
		}
		key, value, _ := strings.Cut(lines.Text(), "=")
		number, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		switch key {
		case "out_time_us":
			now.out = max(now.out, time.Duration(number)*time.Microsecond)
		case "frame":
			now.frames = max(now.frames, number)
		case "total_size":
			now.bytes = max(now.bytes, number)
		case "progress": // the last line of a report
			m.publish(now)
		}
	}
}

// pulseTime reads a frame's time from a line of the metadata filter: frame:12 pts:360 pts_time:0.4
func pulseTime(line string) (time.Duration, bool) {
	if !strings.HasPrefix(line, "frame:") {
		return 0, false
	}
	_, at, _ := strings.Cut(line, "pts_time:")
	return clock(strings.TrimSpace(at))
}

func (m *meter) publish(now mark) {
	m.mu.Lock()
	m.last = now
	m.mu.Unlock()
	if m.tell != nil && m.total > 0 {
		m.tell(min(1, float64(now.out)/float64(m.total)))
	}
}

// mark is how far the run has come. ffmpeg reports nothing while it moves the index to the front of
// a big file, but it writes.
func (m *meter) mark(outDir string) mark {
	m.mu.Lock()
	now := m.last
	m.mu.Unlock()
	files, _ := filepath.Glob(filepath.Join(outDir, "*"))
	for _, file := range files {
		if info, err := os.Lstat(file); err == nil && info.ModTime().After(now.touched) {
			now.touched = info.ModTime()
		}
	}
	return now
}
