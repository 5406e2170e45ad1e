package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
	"meanwhile/storage/storagetest"
	"meanwhile/worker/plan"
)

func face() storage.Probe {
	return storage.Probe{
		Container:  storage.ContainerMP4,
		DurationMS: 60_000,
		Video:      &storage.VideoStream{Codec: "h264", Width: 640, Height: 480, FPS: 24.2},
	}
}

func layout(bubbles ...storage.Bubble) storage.Layout { return storage.Layout{Bubbles: bubbles} }

func TestFlatBubblesAreThePlayers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		layout storage.Layout
		want   []plan.FlatBubble
	}{
		{
			name:   "a corner is kept inside of the picture",
			layout: layout(storage.Bubble{X: 1, Y: 0, Size: 0.5, Visible: true}),
			want:   []plan.FlatBubble{{Left: 1380, Top: 0, Size: 540, Visible: true}},
		},
		{
			name: "what changes nothing is left out, hidden it has no place",
			layout: layout(storage.Bubble{X: .5, Y: .5, Size: .2, Visible: true}, storage.Bubble{
				AtMS:    1000,
				X:       .5,
				Y:       .5,
				Size:    .2,
				Visible: true,
			},
				storage.Bubble{AtMS: 2000, X: .1, Y: .5, Size: .2},
				storage.Bubble{AtMS: 3000, X: .9, Y: .5, Size: .2}),
			want: []plan.FlatBubble{
				{Left: 852, Top: 432, Size: 216, Visible: true},
				{From: 2 * time.Second, Left: 84, Top: 432, Size: 216},
			},
		},
		{
			name: "of two at one time the later one holds",
			layout: layout(storage.Bubble{X: .5, Y: .5, Size: .2}, storage.Bubble{
				X:       0,
				Y:       0,
				Size:    .2,
				Visible: true,
			}),
			want: []plan.FlatBubble{{Size: 216, Visible: true}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := plan.DecideFlat(storagetest.ScreenProbe(nil), face(), tc.layout, 40, storage.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, f.Bubbles); diff != "" {
				t.Errorf("Bubbles (-want +got):\n%s", diff)
			}
			if f.Width != 1920 || f.Height != 1080 || f.FPS != 30 || !f.CopyAudio ||
				f.CameraOffset != 40*time.Millisecond {
				t.Errorf("it is %+v", f)
			}
		})
	}
}

func TestFlatNamesSayWhatTheyAreMadeOf(t *testing.T) {
	t.Parallel()
	one := layout(storage.Bubble{X: .1, Y: .1, Size: .2, Visible: true})
	names := map[string]bool{}
	for _, name := range []string{
		plan.FlatName(one, 0),
		plan.FlatName(one, 40),
		plan.FlatName(layout(storage.Bubble{X: .11, Y: .1, Size: .2, Visible: true}), 0),
		plan.FlatName(layout(storage.Bubble{X: .1, Y: .1, Size: .2}), 0),
	} {
		names[name] = true
	}
	if len(names) != 4 || !names[plan.FlatName(one, 0)] {
		t.Errorf("the names are %v, want four, and the same for the same", names)
	}
}
