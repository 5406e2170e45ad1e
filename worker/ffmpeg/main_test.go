package ffmpeg_test

import (
	"fmt"
	"os"
	"testing"

	"meanwhile/worker/ffmpeg"
)

// TestMain lets the test binary act as the program when the sandbox starts it again to confine
// itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ffmpeg.ConfineCommand {
		fmt.Fprintln(os.Stderr, ffmpeg.Confine(os.Args[2:]))
		os.Exit(125)
	}
	os.Exit(m.Run())
}
