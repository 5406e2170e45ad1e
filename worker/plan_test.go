package worker_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestPlans compares the plan and the commands for a source with golden files: the probe is above
// the line, the plan's arguments are below it.
func TestPlans(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/plan/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden plans: %v, %d files", err, len(files))
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			above, _, _ := strings.Cut(string(golden), "\n---\n")
			var probe storage.Probe
			dec := json.NewDecoder(strings.NewReader(above))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&probe); err != nil {
				t.Fatalf("probe: %v", err)
			}
			got := above + "\n---\n" + describe(t, probe)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(golden), got); diff != "" && !*update {
				t.Errorf("plan (-want +got), refresh with go test ./worker -run TestPlans -update:\n%s", diff)
			}
		})
	}
}

// movingLayout shows the camera in one corner, then larger in another, hides it, then shows it
// again.
var movingLayout = storage.Layout{Bubbles: []storage.Bubble{
	{AtMS: 0, X: 0.12, Y: 0.8, Size: 0.28, Visible: true},
	{AtMS: 2000, X: 1, Y: 0, Size: 0.5, Visible: true},
	{AtMS: 4000, X: 1, Y: 0, Size: 0.5, Visible: false},
	{AtMS: 5500, X: 0.5, Y: 0.5, Size: 0.28, Visible: true},
}}

func describe(t *testing.T, p storage.Probe) string {
	t.Helper()
	decided, err := plan.Decide(p, storage.DefaultLimits())
	if err != nil {
		return fmt.Sprintf("refused: %s\n", storage.MessageOf(err))
	}
	var b strings.Builder
	line := func(what string, args []string) { fmt.Fprintf(&b, "%s\n    %s\n", what, strings.Join(args, "\n    ")) }
	for _, step := range plan.Steps(decided) {
		switch step {
		case storage.StepCopy:
			line(
				fmt.Sprintf("copy %s final=%v", decided.Copy.MediaType, decided.Copy.Final),
				ffmpeg.CopyArgs("IN", "OUT", p, *decided.Copy),
			)
		case storage.StepPoster:
			line("poster", ffmpeg.PosterArgs("IN", "OUT", p, true))
		case storage.StepEncode:
			if decided.Sound != nil {
				line(fmt.Sprintf("sound copy=%v", decided.Sound.Copy), ffmpeg.SoundArgs("IN", "OUT", p, *decided.Sound))
				continue
			}
			line(
				"encode "+rungs(*decided.Ladder),
				ffmpeg.LadderArgs("IN", "OUT", p, *decided.Ladder, decided.Storyboard),
			)
		case storage.StepListen:
			line("listen", ffmpeg.ListenArgs("IN", "OUT", p))
		case storage.StepPreview:
			line("preview", ffmpeg.PreviewArgs("IN", "OUT", p))
		case storage.StepCamera: // the camera is probed only in its own step
			line("camera", nil)
		case storage.StepFlatten:
			camera := storage.Probe{
				Container:  storage.ContainerMP4,
				DurationMS: p.DurationMS,
				Video:      &storage.VideoStream{Codec: "h264", Width: 640, Height: 480, FPS: 30},
			}
			flat, err := plan.DecideFlat(p, camera, movingLayout, 40, storage.DefaultLimits())
			if err != nil {
				t.Error(err)
			}
			line(
				fmt.Sprintf("flatten %s %dx%d", flat.Name, flat.Width, flat.Height),
				ffmpeg.FlattenArgs("IN", "CAMERA", "OUT", p, camera, flat),
			)
		case storage.StepStoryboard:
			line("storyboard", ffmpeg.StoryboardArgs("IN", "OUT", p, decided.Storyboard, true))
		default:
			t.Errorf("step %q has no line in this test", step)
		}
	}
	return b.String()
}

func rungs(l storage.Ladder) string {
	var names []string
	for _, r := range l.Rungs {
		names = append(names, fmt.Sprintf("%s copy=%v progressive=%v", r.Name, r.Copy, r.Progressive))
	}
	return strings.Join(names, ", ")
}
