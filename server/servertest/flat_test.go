package servertest_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/servertest"
	"meanwhile/server/uploads"
	"meanwhile/server/watch"
	"meanwhile/storage"
	"meanwhile/storage/storagetest"
	"meanwhile/worker/stages"
)

func face() storage.Probe {
	return storage.Probe{
		Container:  storage.ContainerMP4,
		DurationMS: 60_000,
		Video:      &storage.VideoStream{Codec: "h264", Width: 640, Height: 480, FPS: 24.2},
	}
}

func settlesAtOnce(c *servertest.Config) { c.LayoutSettles = time.Millisecond }

// composed is a recording of screen and camera. All its steps are done except the flattening, which
// is due.
func (h *fixture) composed(t testing.TB) uploads.Ticket {
	t.Helper()
	ticket := h.recording(t)
	for _, track := range []string{"screen", "camera"} {
		if err := h.chunk(t, ticket, track, 0, "one "); err != nil {
			t.Fatal(err)
		}
	}
	claims := map[string]uploads.Claim{"screen": {Chunks: 1, Bytes: 4}, "camera": {Chunks: 1, Bytes: 4}}
	if _, err := h.Uploads.Complete(t.Context(), h.Owner, ticket.Upload.ID, claims); err != nil {
		t.Fatal(err)
	}
	h.finishWith(t, storagetest.ScreenProbe(func(p *storage.Probe) { p.Camera = true }))
	for jobs := h.Queue.Take(); len(jobs) > 0; jobs = jobs[1:] {
		task, err := h.Stages.Claim(t.Context(), jobs[0].Stage, "w1")
		if err != nil {
			t.Fatal(err)
		}
		a := storage.Asset{Kind: storage.AssetPeaks, Name: string(task.Stage.Step)}
		switch task.Stage.Step {
		case storage.StepCopy:
			a.Kind, a.Everywhere = storage.AssetCopy, true
		case storage.StepCamera:
			a.Kind, a.Everywhere = storage.AssetCamera, true
		}
		if err := h.asset(t, task, a); err != nil {
			t.Fatal(err)
		}
		next := h.Queue.Take()
		if len(next) == 1 && task.Stage.Step == storage.StepEncode {
			if next[0].Queue != storage.QueueLater {
				t.Errorf("the flattening is on the queue %s", next[0].Queue)
			}
			h.Queue.PutBack(next)
			return ticket
		}
		jobs = append(jobs, next...)
	}
	t.Fatal("no flattening was sent")
	return ticket
}

func (h *fixture) watch(t testing.TB, ticket uploads.Ticket) watch.Watch {
	t.Helper()
	w, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// flatTask claims the flattening after its layout has settled.
func (h *fixture) flatTask(t testing.TB) stages.Task {
	t.Helper()
	for _, j := range h.Queue.Take() {
		for {
			task, err := h.Stages.Claim(t.Context(), j.Stage, "w1")
			if err == nil {
				return task
			}
			if storage.KindOf(err) != storage.Conflict {
				t.Fatal(err)
			}
		}
	}
	t.Fatal("no flattening was sent")
	return stages.Task{}
}

func (h *fixture) flattened(t testing.TB, task stages.Task) (string, error) {
	t.Helper()
	f, err := h.Stages.FlatFor(t.Context(), task, face())
	if err != nil || f == nil {
		t.Fatalf("FlatFor() = %v, %v", f, err)
	}
	return f.Name, h.asset(
		t,
		task,
		storage.Asset{Kind: storage.AssetFlat, Name: f.Name, MediaType: "video/mp4", Everywhere: true},
	)
}

func TestFlattenedRenditionFollowsItsLayout(t *testing.T) {
	t.Parallel()
	h := newFixture(t, settlesAtOnce)
	ticket := h.composed(t)
	w := h.watch(t, ticket)
	if w.Video.State != storage.StateReady || w.Video.Improving || w.Video.Progress != 1 || w.Flat != nil ||
		w.File() != nil {
		t.Errorf(
			"before it is flattened: %s, improving %v, progress %v, flat %v",
			w.Video.State,
			w.Video.Improving,
			w.Video.Progress,
			w.Flat,
		)
	}
	if a, v, err := h.Watch.Download(
		t.Context(),
		access.Actor{},
		ticket.Link.Token,
	); err != nil || a.Kind != storage.AssetCopy ||
		v.Title != "Weekly (screen)" {
		t.Errorf("before it is flattened the download is %s %q, %v", a.Kind, v.Title, err)
	}
	first, err := h.flattened(t, h.flatTask(t))
	if err != nil {
		t.Fatal(err)
	}
	if w = h.watch(t, ticket); w.Flat == nil || w.Flat.Name != first || w.File() != w.Flat || len(w.Sources) != 1 {
		t.Fatalf("flattened it is %+v", w.Flat)
	}
	if a, v, err := h.Watch.Download(
		t.Context(),
		access.Actor{},
		ticket.Link.Token,
	); err != nil || a.Name != first ||
		v.Title != "Weekly" {
		t.Errorf("the download is %s %q, %v", a.Name, v.Title, err)
	}

	move := func(x float64, visible bool) {
		t.Helper()
		if err := h.Uploads.SetLayout(
			t.Context(),
			h.Owner,
			ticket.Video.ID,
			storage.Layout{Bubbles: []storage.Bubble{{X: x, Y: .5, Size: .2, Visible: visible}}},
		); err != nil {
			t.Fatal(err)
		}
	}
	move(.3, true)
	if w = h.watch(t, ticket); w.Flat != nil || w.File() != nil || w.Video.Improving || w.Video.Progress != 1 {
		t.Errorf("what was made of an earlier layout is served as current: %+v", w.Flat)
	}
	old := h.flatTask(t)
	move(.4, true)
	if _, err := h.flattened(t, old); storage.KindOf(err) != storage.Fenced {
		t.Errorf("who worked on an earlier layout ended with %v, want fenced", err)
	}
	second, err := h.flattened(t, h.flatTask(t))
	if err != nil {
		t.Fatal(err)
	}
	if w = h.watch(t, ticket); w.Flat == nil || w.Flat.Name != second || second == first {
		t.Errorf("after the change it is %+v", w.Flat)
	}

	move(.4, false)
	task := h.flatTask(t)
	if f, err := h.Stages.FlatFor(t.Context(), task, face()); err != nil || f != nil {
		t.Errorf("hidden all the time, there is %v to make, %v", f, err)
	}
	if w = h.watch(t, ticket); w.Flat != nil || w.File() == nil || w.File().Kind != storage.AssetCopy {
		t.Errorf("hidden all the time, the file is %+v", w.File())
	}
	move(.4, true) // the earlier layout: its file exists
	if w = h.watch(t, ticket); w.Flat == nil || w.Flat.Name != second {
		t.Errorf("back at an earlier layout it is %+v", w.Flat)
	}
}

func TestFlatteningThatFailsIsAWarning(t *testing.T) {
	t.Parallel()
	h := newFixture(t, settlesAtOnce)
	ticket := h.composed(t)
	if err := h.Stages.Fail(
		t.Context(),
		h.flatTask(t),
		storage.E(storage.Unprocessable, "no", errors.New("no")),
	); err != nil {
		t.Fatal(err)
	}
	w := h.watch(t, ticket)
	if w.Video.State != storage.StateReady || !strings.Contains(w.Video.Warning, "one picture") ||
		w.Video.Progress != 1 {
		t.Errorf("it is %s with the warning %q", w.Video.State, w.Video.Warning)
	}
	if err := h.Uploads.SetLayout(t.Context(), h.Owner, ticket.Video.ID, storage.DefaultLayout()); err != nil {
		t.Fatal(err)
	}
	if w = h.watch(t, ticket); w.Video.Warning != "" {
		t.Errorf("tried again, the warning is still %q", w.Video.Warning)
	}
	if _, err := h.flattened(t, h.flatTask(t)); err != nil {
		t.Error(err)
	}
}
