package worker_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
	"meanwhile/worker/plan"
)

// cuts is at how many places each sample is cut. A salvaged recording must end no further than
// within before the cut.
const (
	cuts   = 200
	probed = 20 // for samples that need a probe, which takes a process
	within = 3 * time.Second
)

// browserSamples are the recordings of real browsers, or imitations of them made on the spot.
func browserSamples(t *testing.T) []string {
	t.Helper()
	for _, dir := range []string{os.Getenv("MEANWHILE_SAMPLES"), "../../shared/samples"} {
		mp4, _ := filepath.Glob(filepath.Join(dir, "*.mp4"))
		webm, _ := filepath.Glob(filepath.Join(dir, "*.webm"))
		if found := append(mp4, webm...); dir != "" && len(found) > 0 {
			return found
		}
	}
	const source = "-f lavfi -i testsrc2=s=320x180:r=30:d=10 -f lavfi -i sine=r=48000:d=10 "
	return []string{
		ffmpegtest.Clip(t, "a.mp4", source+"-c:v libx264 -preset ultrafast -g 60 -pix_fmt yuv420p -c:a libopus "+
			"-movflags frag_keyframe+empty_moov+default_base_moof"),
		ffmpegtest.Clip(t, "a.webm", source+"-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus -live 1"),
	}
}

// sample is a recording and the places of its packets.
type sample struct {
	path    string
	bytes   []byte
	packets []packet
}

type packet struct {
	end int64 // bytes into the file
	at  time.Duration
}

func readSample(t *testing.T, path string) sample {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := sample{path: path, bytes: content}
	out, err := exec.CommandContext(
		t.Context(),
		"ffprobe",
		"-v",
		"error",
		"-show_entries",
		"packet=pts_time,size,pos",
		"-of",
		"csv=p=0",
		path,
	).
		Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		at, err1 := strconv.ParseFloat(fields[0], 64)
		size, err2 := strconv.ParseInt(fields[1], 10, 64)
		pos, err3 := strconv.ParseInt(fields[2], 10, 64)
		if err1 == nil && err2 == nil && err3 == nil {
			s.packets = append(s.packets, packet{pos + size, time.Duration(at * float64(time.Second))})
		}
	}
	return s
}

// until is how much of the sample was recorded before the cut.
func (s sample) until(cut int) (last time.Duration) {
	for _, p := range s.packets {
		if p.end <= int64(cut) {
			last = max(last, p.at)
		}
	}
	return last
}

// TestCutRecordingsAreSalvaged cuts every sample at random places, as a lost browser does. For
// fragmented MP4 it tests the index, which is quick. For the rest it tests what the worker sees and
// decides.
func TestCutRecordingsAreSalvaged(t *testing.T) {
	t.Parallel()
	for _, path := range browserSamples(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			file := readSample(t, path)
			s := newFixture(t)
			random := rand.New(rand.NewPCG(1, uint64(len(file.bytes))))
			n := cuts
			if !indexed(file) {
				n = probed
			}
			for range n {
				cut := 1 + random.IntN(len(file.bytes))
				want := file.until(cut)
				got, readable := s.seen(t, file, cut)
				if !readable && want > within || readable && (want-got).Abs() > within {
					t.Errorf(
						"cut at byte %d of %d, at %s: %s are there, readable %v",
						cut,
						len(file.bytes),
						want,
						got,
						readable,
					)
				}
			}
		})
	}
}

// indexed reports whether the sample is a fragmented MP4.
func indexed(file sample) bool { return bytes.Contains(file.bytes, []byte("mvex")) }

// seen is how long the rest of the file is after the cut.
func (s *fixture) seen(t *testing.T, file sample, cut int) (time.Duration, bool) {
	t.Helper()
	if indexed(file) {
		r := s.record(t)
		s.put(t, r, file.bytes[:cut])
		tracks, err := s.Core.Store.Tracks(t.Context(), r.Upload.ID)
		if err != nil || len(tracks) != 1 {
			t.Fatalf("%d tracks, %v", len(tracks), err)
		}
		return time.Duration(tracks[0].DurationMS) * time.Millisecond, tracks[0].Fragments > 0
	}
	path := written(t, "cut", file.bytes[:cut])
	defer os.Remove(path)
	container, err := ffmpeg.Sniff(path)
	if err != nil {
		return 0, false
	}
	probe, err := s.worker.Tools.Probe(t.Context(), path, container)
	if err == nil {
		_, err = plan.Decide(probe, s.Stages.Limits())
	}
	return time.Duration(probe.DurationMS) * time.Millisecond, err == nil
}

// runAllJobs runs the jobs in the queue until the queue is empty.
func (s *fixture) runAllJobs(t *testing.T) {
	t.Helper()
	for {
		jobs := s.Queue.Take()
		if len(jobs) == 0 {
			return
		}
		for _, j := range jobs {
			s.worker.Handle(t.Context(), j.Stage)
		}
	}
}

// TestCutRecordingsBecomeReady sends one cut of each sample through the whole pipeline.
func TestCutRecordingsBecomeReady(t *testing.T) {
	t.Parallel()
	for _, path := range browserSamples(t) {
		file := readSample(t, path)
		if filepath.Base(path) == "mediabunny-avc-aac.mp4" {
			continue // remuxed, with one index for the whole file in front: no browser sends that
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(2, uint64(len(file.bytes))))
			cut := len(file.bytes)*2/5 + random.IntN(len(file.bytes)*2/5)
			s := newFixture(t)
			r := s.record(t)
			for at := 0; at < cut; at += 64 << 10 {
				s.put(t, r, file.bytes[at:min(at+64<<10, cut)])
			}
			s.complete(t, r)
			s.runAllJobs(t)
			s.wantReady(t, r, file.until(cut))
		})
	}
}

func (s *fixture) wantReady(t *testing.T, r *take, length time.Duration) {
	t.Helper()
	v, err := s.Videos.ByID(t.Context(), s.Owner, r.Video.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v.State != storage.StateReady || (v.Duration-length).Abs() > within {
		t.Errorf("it is %s (%s) and lasts %s, want ready and %s", v.State, v.Failure, v.Duration, length)
	}
	w, err := s.Watch.Watch(t.Context(), access.Actor{}, r.Link.Token)
	if err != nil || len(w.Sources) == 0 || !w.Sources[0].Everywhere {
		t.Errorf("it plays from %+v, %v", w.Sources, err)
	}
}

// TestGapThatNeverClosesBlocksNothing: a chunk in the middle never comes. The part before it plays
// while it is recorded, and becomes ready after the recorder has fallen silent.
func TestGapThatNeverClosesBlocksNothing(t *testing.T) {
	t.Parallel()
	file := readSample(t, browserSamples(t)[0])
	s := newFixture(t)
	now := time.Now()
	s.Core.Now = func() time.Time { return now }
	r := s.record(t)
	const size = 20_000
	lost := len(file.bytes) * 3 / 5 / size
	for n := 0; n*size < len(file.bytes); n++ {
		r.sent = n
		if n != lost {
			s.put(t, r, file.bytes[n*size:min((n+1)*size, len(file.bytes))])
		}
	}
	w, err := s.Watch.Watch(t.Context(), access.Actor{}, r.Link.Token)
	if err != nil || len(w.Live) != 1 {
		t.Fatalf("while it is recorded there is %+v, %v", w.Live, err)
	}
	want := file.until(lost * size)
	if got := time.Duration(w.Live[0].DurationMS) * time.Millisecond; (got - want).Abs() > within {
		t.Errorf("while it is recorded %s play, want about %s", got, want)
	}
	playlist := string(s.live(t, r, storage.LiveName(storage.ScreenTrack)))
	var offset, length int64
	for line := range strings.Lines(playlist) {
		if n, _ := fmt.Sscanf(
			line,
			"#EXT-X-BYTERANGE:%d@%d",
			&length,
			&offset,
		); n == 2 &&
			offset+length > int64(lost*size) {
			t.Errorf("the playlist names bytes behind the gap: %s", line)
		}
	}
	now = now.Add(storage.SilentFor + time.Minute)
	if n, err := s.Uploads.SealSilent(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d recordings were sealed, %v", n, err)
	}
	s.runAllJobs(t)
	s.wantReady(t, r, want)
	if w, err = s.Watch.Watch(
		t.Context(),
		access.Actor{},
		r.Link.Token,
	); err != nil ||
		!strings.Contains(w.Video.Warning, "never arrived") {
		t.Errorf("nobody is told what is missing: %q, %v", w.Video.Warning, err)
	}

	// The browser comes back: the rest is appended, and nothing is missing any more.
	r.sent, r.size = lost, 0
	s.put(t, r, file.bytes[lost*size:min((lost+1)*size, len(file.bytes))])
	r.sent, r.size = (len(file.bytes)+size-1)/size, int64(len(file.bytes))
	s.complete(t, r)
	s.runAllJobs(t)
	s.wantReady(t, r, file.until(len(file.bytes)))
	if w, err = s.Watch.Watch(t.Context(), access.Actor{}, r.Link.Token); err != nil || w.Video.Warning != "" {
		t.Errorf("with all of it there, the warning is %q, %v", w.Video.Warning, err)
	}
}
