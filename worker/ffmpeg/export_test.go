package ffmpeg

import (
	"bytes"
	"context"
	"io"
	"time"
)

// RunConfined starts any program as ffmpeg is started, for tests of what the sandbox permits. It
// returns the program's output.
func (t *Tools) RunConfined(ctx context.Context, in, outDir, program string, args ...string) (string, error) {
	var said bytes.Buffer
	err := t.run(ctx, job{
		bin:    program,
		args:   args,
		in:     in,
		outDir: outDir,
		stdout: &said,
		cpu:    10 * time.Second,
		wall:   10 * time.Second,
		fsize:  1 << 20,
	})
	return said.String(), err
}

// CountPeaks returns a sound's peaks from its samples as ffmpeg writes them: 16-bit, 8000 a second.
func CountPeaks(length time.Duration, write func(w io.Writer)) Peaks {
	c := newPeakCounter(length)
	write(c)
	return c.peaks()
}
