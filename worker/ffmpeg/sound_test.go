package ffmpeg_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os/exec"
	"testing"
	"time"

	"meanwhile/worker/ffmpeg"
)

// toneStart is the time when the sound of a file is first loud, on the file's own clock.
func toneStart(t testing.TB, path string) time.Duration {
	t.Helper()
	const rate = 48000
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a",
		"-af", "aresample=async=1:first_pts=0", "-f", "s16le", "-ac", "1", "-ar", "48000", "-")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("decode the sound: %v", err)
	}
	for i := 0; i+1 < len(out); i += 2 {
		if sample := int16(binary.LittleEndian.Uint16(out[i:])); sample > 1000 || sample < -1000 {
			return time.Duration(i/2) * time.Second / rate
		}
	}
	t.Fatal("there is no tone")
	return 0
}

// TestPeaksOfEveryLength writes a silent half and then a loud one, in pieces that cut samples in
// two.
func TestPeaksOfEveryLength(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		length      time.Duration
		least, most int
	}{{4 * time.Hour, 990, 1000}, {time.Minute, 595, 600}, {250 * time.Millisecond, 3, 3}, {time.Millisecond, 1, 1}} {
		t.Run(tc.length.String(), func(t *testing.T) {
			samples := int(tc.length.Seconds() * 8000)
			p := ffmpeg.CountPeaks(tc.length, func(w io.Writer) {
				for _, value := range []byte{0x00, 0x40} { // the higher eight of 16 bits
					half := bytes.NewReader(bytes.Repeat([]byte{value & 0x0f, value}, samples/2))
					if _, err := io.CopyBuffer(
						struct{ io.Writer }{w},
						struct{ io.Reader }{half},
						make([]byte, 4095),
					); err != nil {
						t.Error(err)
					}
				}
			})
			n := len(p.Peaks)
			covered := time.Duration(p.IntervalMS) * time.Millisecond * time.Duration(n)
			if n < tc.least || n > tc.most || p.IntervalMS < 100 || covered < tc.length*999/1000 {
				t.Fatalf("%d peaks of %d ms", n, p.IntervalMS)
			}
			if n > 1 && p.Peaks[0] != 0 || p.Peaks[n-1] != 50 {
				t.Errorf("the first is %d and the last %d, want 0 and 50", p.Peaks[0], p.Peaks[n-1])
			}
		})
	}
	if p := ffmpeg.CountPeaks(time.Second, func(io.Writer) {}); p.Peaks == nil || len(p.Peaks) != 0 {
		t.Errorf("of no sound there are the peaks %#v, want a list without any", p.Peaks)
	}
}
