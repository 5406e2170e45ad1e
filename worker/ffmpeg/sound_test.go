package ffmpeg_test

import (
	"encoding/binary"
	"os/exec"
	"testing"
	"time"
)

// toneStart is when the sound of a file is first loud, on the file's own clock.
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
