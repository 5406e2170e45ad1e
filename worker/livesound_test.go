package worker_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"meanwhile/server/access"
	"meanwhile/server/servertest"
	"meanwhile/server/uploads"
	"meanwhile/storage"
	"meanwhile/worker"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/ffmpeg/ffmpegtest"
	"meanwhile/worker/media"
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

// fixture is the fixture with a worker that the test drives.
type fixture struct {
	*servertest.Fixture
	worker *worker.Worker
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	tools, err := ffmpeg.New(t.Context(), ffmpeg.Options{})
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := worker.NewScratch(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { scratch.Close() })
	s := &fixture{Fixture: servertest.New(t)}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s.worker = &worker.Worker{
		Stages:  s.Stages,
		Source:  s.Source,
		Tools:   tools,
		Scratch: scratch,
		Owner:   "test",
		Log:     log,
	}
	return s
}

// work does the sent jobs of a step, and returns how many there were.
func (s *fixture) work(t *testing.T, step storage.Step) (done int) {
	t.Helper()
	for _, stage := range s.Jobs(t, step) {
		s.worker.Handle(t.Context(), stage)
		done++
	}
	return done
}

type take struct {
	uploads.Ticket
	sent int
	size int64
}

func (s *fixture) record(t *testing.T) *take {
	t.Helper()
	ticket, err := s.Uploads.CreateRecording(t.Context(), s.Owner, "Weekly")
	if err != nil {
		t.Fatal(err)
	}
	return &take{Ticket: ticket}
}

func (s *fixture) put(t *testing.T, r *take, body []byte) {
	t.Helper()
	n := uploads.NewChunk{Track: storage.ScreenTrack, N: r.sent, MediaType: "video/mp4", Want: sha256.Sum256(body)}
	if _, _, err := s.Uploads.PutChunk(t.Context(), s.Owner, r.Upload.ID, n, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	r.sent++
	r.size += int64(len(body))
}

func (s *fixture) complete(t *testing.T, r *take) {
	t.Helper()
	claims := map[string]uploads.Claim{storage.ScreenTrack: {Chunks: r.sent, Bytes: r.size}}
	if _, err := s.Uploads.Complete(t.Context(), s.Owner, r.Upload.ID, claims); err != nil {
		t.Fatal(err)
	}
}

func (s *fixture) live(t *testing.T, r *take, name string) []byte {
	t.Helper()
	w, err := s.Watch.Watch(t.Context(), access.Actor{}, r.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.Watch.Live(t.Context(), w.Grant, name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer live.Close()
	b, err := io.ReadAll(live.Body)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b
}

// playlist returns the names of the segments, and whether the list is complete.
func (s *fixture) playlist(t *testing.T, r *take) (names []string, ended bool) {
	t.Helper()
	text := string(s.live(t, r, storage.SoundName))
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			names = append(names, strings.TrimSpace(line))
		}
	}
	return names, strings.Contains(text, "#EXT-X-ENDLIST")
}

// joined is all that a player of the playlist reads, in order.
func (s *fixture) joined(t *testing.T, r *take) []byte {
	t.Helper()
	names, ended := s.playlist(t, r)
	if !ended {
		t.Errorf("the playlist has no end")
	}
	whole := s.live(t, r, "screen-aac-init.mp4")
	for _, name := range names {
		whole = append(whole, s.live(t, r, name)...)
	}
	return whole
}

// pcm decodes a file's sound to mono samples on the time line of the file.
func pcm(t *testing.T, path string) []float64 {
	t.Helper()
	cmd := exec.CommandContext(
		t.Context(),
		"ffmpeg",
		"-v",
		"error",
		"-nostdin",
		"-xerror",
		"-i",
		path,
		"-map",
		"0:a:0",
		"-af",
		"aresample=async=1:first_pts=0",
		"-ac",
		"1",
		"-f",
		"s16le",
		"-",
	)
	cmd.Stderr = t.Output()
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("decode %s: %v", filepath.Base(path), err)
	}
	samples := make([]float64, len(raw)/2)
	for i := range samples {
		samples[i] = float64(int16(binary.LittleEndian.Uint16(raw[2*i:])))
	}
	return samples
}

// noise is how much b differs from a in each frame, relative to the mean power of a. b may be
// shifted by up to slack samples.
func noise(a, b []float64, slack int) []float64 {
	var power float64
	for _, v := range a {
		power += v * v
	}
	power /= float64(len(a))
	var list []float64
	for at := 0; at+media.SoundFrame+slack <= min(len(a), len(b)); at += media.SoundFrame {
		best := math.Inf(1)
		for lag := -min(slack, at); lag <= slack; lag += 2 {
			var d float64
			for i := at; i < at+media.SoundFrame; i++ {
				d += (a[i] - b[i+lag]) * (a[i] - b[i+lag])
			}
			best = min(best, d)
		}
		list = append(list, best/media.SoundFrame/power)
	}
	return list
}

// sweep is a recording like a browser's, of a tone that never repeats: a missing, doubled or silent
// piece is heard at once.
func sweep(t *testing.T, seconds int) []byte {
	t.Helper()
	path := ffmpegtest.Clip(t, "sweep.mp4",
		fmt.Sprintf(
			"-f lavfi -i testsrc2=s=320x180:r=10:d=%[1]d -f lavfi -i "+
				"aevalsrc=exprs=0.4*sin(2*PI*(300*t+11*t*t))+0.2*sin(2*PI*(1700*t-9*t*t)):s=48000:d=%[1]d"+
				" -c:v libx264 -preset ultrafast -g 20 -pix_fmt yuv420p -c:a libopus -b:a 128k -movflags "+
				"frag_keyframe+empty_moov+default_base_moof ",
			seconds,
		),
	)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func written(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSoundIsMadeWhileItIsRecorded records in chunks and has the sound made in pieces, while one
// worker dies. Then it compares the whole with the sound that one encoder makes of the same
// recording.
func TestSoundIsMadeWhileItIsRecorded(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	file := sweep(t, 47)
	r := s.record(t)
	const piece = 30_000
	pieces := 0
	for at := 0; at < len(file); at += piece {
		s.put(t, r, file[at:min(at+piece, len(file))])
		if jobs := s.Queue.Waiting(); pieces == 2 && len(jobs) > 0 {
			s.dieAt(t, jobs[len(jobs)-1].Stage)
		}
		pieces += s.work(t, storage.StepSound)
	}
	if names, ended := s.playlist(t, r); pieces < 2 || ended || len(names) < 10 {
		t.Errorf("while it is recorded %d pieces give %d segments, ended %v", pieces, len(names), ended)
	}
	if w, err := s.Watch.Watch(t.Context(), access.Actor{}, r.Link.Token); err != nil || !w.LiveSound {
		t.Errorf("while it is recorded the sound is offered: %v, %v", w.LiveSound, err)
	}
	s.complete(t, r)
	if n := s.work(t, storage.StepSound); n != 1 {
		t.Fatalf("at the end %d stages were sent, want 1", n)
	}

	source := written(t, "source.mp4", file)
	joined := written(t, "joined.mp4", s.joined(t, r))
	once := ffmpegtest.Clip(
		t,
		"once.mp4",
		"-i "+source+" -vn -af aresample=async=1:first_pts=0 -c:a aac -aac_coder fast -b:a 96k",
	)
	want, pieced := pcm(t, source), pcm(t, joined)
	if d := math.Abs(float64(len(pieced)-len(want))) / media.SoundRate; d > 0.05 {
		t.Errorf("it is %d samples long, the recording %d", len(pieced), len(want))
	}
	single := noise(want, pcm(t, once), 0)
	const unheard = 1e-5 // -50 dB; a missing, silent or doubled frame is at -3 dB or more
	for i, n := range noise(want, pieced, 0) {
		if i > 0 && i < len(single)-2 && n > 4*single[i]+unheard {
			t.Errorf(
				"frame %d at %.2f s is off by %.1f dB, one encoder's by %.1f",
				i,
				float64(i)*media.SoundFrame/media.SoundRate,
				decibels(n),
				decibels(single[i]),
			)
		}
	}
	if got, want := packets(t, joined), packets(t, source); got != want {
		t.Errorf("the picture is not the recording's, packet for packet:\n%.300s\nwant\n%.300s", got, want)
	}
}

// dieAt lets another worker claim the stage and stay silent until it comes back too late.
func (s *fixture) dieAt(t *testing.T, id storage.StageID) {
	t.Helper()
	zombie, err := s.Stages.Claim(t.Context(), id, "dead")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := s.Stages.NextSound(t.Context(), zombie)
	if err != nil || batch == nil {
		t.Fatalf("NextSound() = %v, %v", batch, err)
	}
	if _, err := s.Stages.FreeLeases(t.Context(), "dead"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stages.Reconcile(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if s.work(t, storage.StepSound) == 0 {
		t.Fatal("nobody took the work up")
	}
	made, err := s.worker.Tools.LiveSound(t.Context(), batch, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stages.KeepSound(t.Context(), zombie, batch, made); storage.KindOf(err) != storage.Fenced {
		t.Errorf("who came back late ended with %v, want fenced", err)
	}
}

// TestSoundKeepsItsTime tests recordings of browsers, and sound that begins late, has a gap, or
// goes on after the picture.
func TestSoundKeepsItsTime(t *testing.T) {
	t.Parallel()
	const (
		picture = "-f lavfi -i testsrc2=s=320x180:r=10:d=26 "
		tone    = "-f lavfi -i aevalsrc=exprs=0.4*sin(2*PI*(300*t+11*t*t)):s=48000:d=26 "
		out     = " -c:v libx264 -preset ultrafast -g 20 -pix_fmt yuv420p -c:a libopus -b:a 96k -movflags " +
			"frag_keyframe+empty_moov+default_base_moof "
	)
	files := map[string]string{
		"as it is":         picture + tone + "-ac 2" + out,
		"begins late":      picture + "-itsoffset 0.537 " + tone + out,
		"has a hole":       picture + tone + "-af aselect=not(between(t\\,9\\,12.3))" + out,
		"ends early":       picture + tone + "-af atrim=end=15" + out,
		"picture ends":     "-f lavfi -i testsrc2=s=320x180:r=10:d=13 " + tone + out,
		"sixty ms packets": picture + tone + "-frame_duration 60" + out,
	}
	const fill = 120 // samples of the shortest packet that fills a gap
	slack := map[string]int{"begins late": fill, "has a hole": fill}
	for name, words := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkSound(t, ffmpegtest.Clip(t, "source.mp4", words), slack[name])
		})
	}
	paths, _ := filepath.Glob("../../shared/samples/*.mp4")
	if dir := os.Getenv("MEANWHILE_SAMPLES"); dir != "" {
		paths, _ = filepath.Glob(filepath.Join(dir, "*.mp4"))
	}
	for _, path := range paths {
		// without these: no Opus, or no avc1
		if name := filepath.Base(path); name != "two-tracks-camera.mp4" && name != "mediabunny-avc-aac.mp4" &&
			name != "chromium-avc3-resized.mp4" {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				checkSound(t, path, 0)
			})
		}
	}
}

// checkSound records a file and compares the resulting sound with the file.
func checkSound(t *testing.T, path string, slack int) {
	t.Helper()
	s := newFixture(t)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := s.record(t)
	for at := 0; at < len(file); at += 40_000 {
		s.put(t, r, file[at:min(at+40_000, len(file))])
		s.work(t, storage.StepSound)
	}
	s.complete(t, r)
	s.work(t, storage.StepSound)
	joined := written(t, "joined.mp4", s.joined(t, r))
	want, got := pcm(t, path), pcm(t, joined)
	if short := len(want) - len(got); short > media.SoundRate/10 {
		t.Errorf("it is %d samples shorter than the recording", short)
	}
	for i := len(want) + media.SoundRate/10; i < len(got); i++ {
		if math.Abs(got[i]) > 300 {
			t.Fatalf("sample %d, behind the end of the sound, is %v", i, got[i])
		}
	}
	list := noise(want, got, slack)
	bad := 0
	for _, n := range list {
		if n > 0.01 {
			bad++
		}
	}
	// No encoder keeps the few frames where a tone begins or ends suddenly. With an error of 3 ms,
	// nearly all frames would be here.
	if bad > len(list)/20+3 {
		slices.Sort(list)
		t.Errorf(
			"%d of %d frames are off by more than -20 dB, the middle one by %.1f",
			bad,
			len(list),
			decibels(list[len(list)/2]),
		)
	}
	if a, b := strings.Count(packets(t, joined), "\n"), strings.Count(packets(t, path), "\n"); a != b {
		t.Errorf("it has %d pictures, the recording %d", a, b)
	}
}

func decibels(power float64) float64 { return 10 * math.Log10(power) }

// packets are times, sizes and checksums of a file's frames.
func packets(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.CommandContext(
		t.Context(),
		"ffmpeg",
		"-v",
		"error",
		"-nostdin",
		"-i",
		path,
		"-map",
		"0:v:0",
		"-c",
		"copy",
		"-f",
		"framemd5",
		"-",
	).
		Output()
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(out), "#stream#")
	return body
}
