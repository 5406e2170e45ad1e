package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// progressEvery is how often a running step writes its progress.
const progressEvery = 500 * time.Millisecond

// settleFor bounds the writes after a job's own context has ended.
const settleFor = 10 * time.Second

// Worker works on stages. Owner is its name in leases. If one process owns its data, the name stays
// the same over restarts, else each process has its own.
type Worker struct {
	Stages  *stages.Outbox
	Source  *source.Opener
	Tools   Tools
	Scratch *Scratch
	Owner   string
	Log     *slog.Logger

	running sync.Map // the stages in work, by id
}

// works reports whether this process still works on a stage. If the machine was stopped for longer
// than a lease, the queue sends the stage again. Then its worker, which goes on, renews the lease:
// the interruption costs no attempt.
func (w *Worker) works(ctx context.Context, id storage.StageID) bool {
	s, ok := w.running.Load(id)
	return ok && w.Stages.Beat(ctx, s.(storage.Stage)) == nil //nolint:errcheck // nothing else is in it
}

// Handle works on one stage and records the outcome: done, failed, due again, or handed back when
// ctx ends. It returns nothing, because the queue does not decide anything.
func (w *Worker) Handle(ctx context.Context, id storage.StageID) {
	if w.works(ctx, id) {
		return
	}
	task, err := w.Stages.Claim(ctx, id, w.Owner)
	if err != nil {
		// Conflict: another worker has it. NotFound: it was purged after the job was sent.
		if kind := storage.KindOf(err); kind != storage.Conflict && kind != storage.NotFound && ctx.Err() == nil {
			w.Log.Error("stage not claimed", "stage_id", id, "error", err)
		}
		return
	}
	log := w.Log.With(
		"video_id",
		task.Video.ID,
		"step",
		task.Stage.Step,
		"generation",
		task.Stage.Generation,
		"attempt",
		task.Stage.Attempt,
	)
	w.running.Store(id, task.Stage)
	defer w.running.CompareAndDelete(id, task.Stage)
	began := time.Now()
	err = w.work(ctx, task)
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	switch {
	case err == nil:
		log.Info("step done", "took_ms", time.Since(began).Milliseconds())
	case storage.KindOf(err) == storage.Fenced:
		log.Warn("step overtaken", "error", err)
	case ctx.Err() != nil:
		log.Info("step handed back")
		err = w.Stages.HandBack(settle, task)
	default:
		log.Warn("step not done", "error", err)
		err = w.Stages.Fail(settle, task, err)
	}
	if err != nil && storage.KindOf(err) != storage.Fenced {
		log.Error("outcome not recorded, the lease will run out", "error", err)
	}
}

// work runs the step under its lease and its wall limit.
func (w *Worker) work(ctx context.Context, task stages.Task) error {
	row, ok := pipeline[task.Stage.Step]
	if !ok {
		return storage.E(
			storage.Unprocessable,
			"This version of the program does not know how to go on with this video.",
			fmt.Errorf("unknown step %q", task.Stage.Step),
		)
	}
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	defer ffmpeg.AfterAwake(row.wall, func() {
		lose(storage.E(storage.Unprocessable, "Processing took too long and was stopped.", nil))
	})()

	beats := make(chan struct{})
	progress := newProgress()
	go func() {
		defer close(beats)
		w.keepLease(ctx, task, progress, lose)
	}()
	err := w.run(ctx, row, task, progress)
	lose(nil)
	<-beats
	if cause := context.Cause(ctx); err != nil && errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) {
		var known *storage.Error
		if errors.As(cause, &known) {
			return known
		}
	}
	return err
}

func (w *Worker) run(ctx context.Context, row step, task stages.Task, progress *progress) error {
	out, err := w.Scratch.Folder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	j := &job{Worker: w, task: task, track: row.source(), out: out, progress: progress.set, release: func() {}}
	defer func() { j.release() }()
	if !row.inPlace {
		if err := j.fetch(ctx); err != nil {
			return err
		}
	}
	return row.work(ctx, j)
}

// fetch makes the scratch copy of the source, which is kept until the job ends.
func (j *job) fetch(ctx context.Context) (err error) {
	if j.source != "" {
		return nil
	}
	source, release, err := j.Scratch.Source(ctx, j.Source, j.task.Video.ID, j.task.Stage.Generation, j.track)
	if err != nil {
		return err
	}
	j.source, j.release = source, release
	j.task.Lost = j.Scratch.Lost(j.task.Video.ID, j.task.Stage.Generation, j.track)
	return nil
}

// keepLease renews the lease and writes progress until ctx ends. If another worker has the lease,
// it ends the work at once.
func (w *Worker) keepLease(ctx context.Context, task stages.Task, progress *progress, lose context.CancelCauseFunc) {
	beat := time.NewTicker(w.Stages.Lease() / 4)
	defer beat.Stop()
	look := time.NewTicker(progressEvery)
	defer look.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			err = w.Stages.Beat(ctx, task.Stage)
		case <-look.C:
			if fraction, moved := progress.take(); moved {
				err = w.Stages.Progress(ctx, task, fraction)
			}
		}
		if storage.KindOf(err) == storage.Fenced {
			lose(err)
			return
		}
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("lease not renewed, trying again", "stage_id", task.Stage.ID, "error", err)
		}
	}
}
