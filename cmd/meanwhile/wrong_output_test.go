package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWrongOutputsNeverBecomeReady runs the program with an ffmpeg whose output is spoiled, but
// which reports success.
func TestWrongOutputsNeverBecomeReady(t *testing.T) {
	t.Parallel()
	source := clip(t, "a.mkv", 4, "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-c:a", "libopus")
	for _, tc := range []struct{ name, spoil string }{
		{"an empty file", `for f in $made; do : > "$f"; done`},
		{"half a file", `for f in $made; do truncate -s $(($(stat -c %s "$f") / 2)) "$f"; done`},
		{
			"no sound",
			`for f in $made; do case "$f" in *.m4s|*.mp4) /usr/bin/ffmpeg -nostdin -v quiet -y -i "$f" -c copy -an -f mp4 -movflags +faststart "$f.new" && mv "$f.new" "$f";; esac; done`,
		},
		{"a killed process", `kill -KILL $$`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			// Not in t.TempDir, which may be under /dev: the sandbox has its own /dev.
			dir, err := os.MkdirTemp("/var/tmp", "meanwhile-ffmpeg-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			wrapper := filepath.Join(dir, "ffmpeg")
			script := fmt.Sprintf(
				"#!/bin/bash\n/usr/bin/ffmpeg \"$@\" || exit $?\nmade=$(ls -d /out/*.m* 2>/dev/null)\n[ -z "+
					"\"$made\" ] || { %s; }\nexit 0\n",
				tc.spoil,
			)
			if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			p := newProgram(t, "MEANWHILE_FFMPEG="+wrapper, "MEANWHILE_SANDBOX=bwrap")
			key := p.owner()
			p.start()
			id := p.push(source)
			var v video
			p.until(2*time.Minute, "the end of the work", func() bool {
				p.get(key, "/api/v1/videos/"+id, &v)
				return v.State != "processing" && v.State != "uploading"
			})
			if v.State != "failed" || v.Failure == "" {
				t.Errorf("the video is %s (%q), want failed with a sentence", v.State, v.Failure)
			}
			var link struct {
				Playback struct{ Tracks []struct{ Sources []any } }
			}
			p.get("", "/api/v1/shares/"+v.LinkToken, &link)
			if len(link.Playback.Tracks) != 0 {
				t.Errorf("viewers are offered %+v", link.Playback.Tracks)
			}
		})
	}
}
