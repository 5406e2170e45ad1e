package worker_test

import (
	"context"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/worker"
)

// hanging is a tool that works on a source until it may go on.
type hanging struct {
	worker.Tools
	began, goOn chan struct{}
}

func (h *hanging) Probe(ctx context.Context, _ string, _ storage.Container) (storage.Probe, error) {
	h.began <- struct{}{}
	select {
	case <-h.goOn:
	case <-ctx.Done():
		return storage.Probe{}, ctx.Err()
	}
	return storage.Probe{}, storage.E(storage.Unprocessable, "This file contains no video.", nil)
}

// TestAMachineThatHungLosesNoAttempt lets the lease of running work end, as it does when the
// machine is stopped for minutes. Then the queue sends the work again.
func TestAMachineThatHungLosesNoAttempt(t *testing.T) {
	t.Parallel()
	s := newFixture(t)
	tools := &hanging{began: make(chan struct{}, 9), goOn: make(chan struct{})}
	s.worker.Tools = tools
	take := s.record(t)
	s.put(t, take, []byte("RIFF\x10\x00\x00\x00AVI LIST and no film"))
	s.complete(t, take)
	id := s.Jobs(t, storage.StepInspect)[0]
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.worker.Handle(t.Context(), id)
	}()
	<-tools.began
	held, err := s.Core.Store.StageByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := s.Core.Store.HoldStage(t.Context(), id, held.Fence, -time.Hour); err != nil {
			t.Fatal(err)
		}
		soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		s.worker.Handle(soon, id)
		cancel()
	}
	again, err := s.Core.Store.StageByID(t.Context(), id)
	if err != nil || again.Attempt != 1 || again.Fence != held.Fence || again.State != storage.StageRunning {
		t.Errorf("the stage is %+v (%v), want it as before", again, err)
	}
	close(tools.goOn)
	<-ended
	if v := s.summary(t, take.Video.ID); v.State != storage.StateFailed {
		t.Errorf("the work that went on did not end it: %s", v.State)
	}
}

// TestWorkThatStalledIsTriedOnceMore is about a machine that hung, and about a file that hangs its
// program each time.
func TestWorkThatStalledIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	lib, id := uploaded(t, "this is no film")
	stage := lib.Jobs(t, storage.StepInspect)[0]
	for try, want := range []storage.State{storage.StateProcessing, storage.StateFailed} {
		task, err := lib.Stages.Claim(t.Context(), stage, "test")
		for end := time.Now().Add(time.Minute); storage.KindOf(err) == storage.Conflict && time.Now().Before(end); {
			task, err = lib.Stages.Claim(t.Context(), stage, "test") // due in two seconds
		}
		if err != nil {
			t.Fatal(err)
		}
		cause := storage.E(storage.Stalled, "The work on it stopped making progress.", nil)
		if err := lib.Stages.Fail(t.Context(), task, cause); err != nil {
			t.Fatal(err)
		}
		if v, err := lib.Core.Store.VideoByID(t.Context(), id); err != nil || v.State != want {
			t.Errorf("after try %d it is %s (%v), want %s", try+1, v.State, err, want)
		}
	}
}
