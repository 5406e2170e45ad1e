package main_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"meanwhile/worker/ffmpeg/ffmpegtest"
)

// TestARecordingIsCopiedWhileAllEncodersAreBusy encodes a long video and the cameras of two
// recordings, as many as there are slots for work that people wait for. Meanwhile a third
// recording, whose browser dies and whose rest comes up later, is still copied.
func TestARecordingIsCopiedWhileAllEncodersAreBusy(t *testing.T) {
	t.Parallel()
	screen := ffmpegtest.Clip(
		t,
		"screen.mp4",
		"-f lavfi -i testsrc2=s=640x360:r=15:d=4 -c:v libx264 -preset ultrafast -g 30 -pix_fmt yuv420p -movflags "+
			"frag_keyframe+empty_moov+default_base_moof",
	)
	camera := ffmpegtest.Clip(
		t,
		"camera.webm",
		"-f lavfi -i testsrc2=s=640x480:r=30:d=20,noise=alls=20:allf=t -c:v libvpx -deadline realtime -cpu-used 8 "+
			"-b:v 2M -g 60 -live 1",
	)
	slow := clip(t, "long.avi", 60, "-c:v", "mpeg4", "-q:v", "3", "-c:a", "mp3")

	p := newProgram(t, "MEANWHILE_WORKER_CONCURRENCY=1")
	key := p.owner()
	p.start()
	long := p.push(slow)
	encoding := func() bool {
		var v video
		p.get(key, "/api/v1/videos/"+long, &v)
		return v.State == "processing" && v.Progress > 0
	}
	p.until(time.Minute, "the long video to be encoded", encoding)

	var with [2]*recorder
	for i := range with {
		with[i] = p.record(key)
		with[i].complete(with[i].put("screen", screen, 100_000), with[i].put("camera", camera, 1<<20))
	}
	// cameras returns how many cameras can be seen.
	cameras := func() (n int) {
		for _, r := range with {
			for _, track := range r.link().Playback.Tracks {
				if track.Name == "camera" && len(track.Sources) > 0 {
					n++
				}
			}
		}
		return n
	}
	p.until(time.Minute, "both to play without their cameras", func() bool {
		for _, r := range with {
			if s := r.link(); len(s.Playback.Tracks) == 0 || len(s.Playback.Tracks[0].Sources) == 0 {
				return false
			}
		}
		return true
	})

	third := p.record(key)
	file, err := os.ReadFile(screen)
	if err != nil {
		t.Fatal(err)
	}
	// the browser dies here, and another page of the site finds the rest
	third.chunk("screen", 0, file[:len(file)/2])
	third.chunk("screen", 1, file[len(file)/2:])
	third.complete(fmt.Sprintf(`"screen":{"chunks":2,"bytes":%d}`, len(file)))
	p.until(time.Minute, "the third recording's copy", func() bool {
		s := third.link()
		return len(s.Playback.Tracks) == 1 && len(s.Playback.Tracks[0].Sources) == 1
	})
	if n := cameras(); n > 0 || !encoding() {
		t.Errorf(
			"the copy came when %d cameras were encoded, and the long video is still at it: %t; want it before all "+
				"of them",
			n,
			encoding(),
		)
	}
	p.until(2*time.Minute, "a camera", func() bool { return cameras() > 0 })
}
