package stages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/plan"
)

// resendAfter is how long a sent job may stay unclaimed before it is sent again, because Redis may
// have lost it.
const resendAfter = 60 * time.Second

// Task is a claimed stage and the data for its work.
type Task struct {
	Stage storage.Stage
	Video storage.Video
	Probe storage.Probe // zero for StepInspect
	Plan  storage.Plan  // zero for StepInspect
	// Lost says what of the original cannot be read; empty if all of it can.
	Lost string
	then storage.Step // the step that does the rest
}

// Start begins a new generation. before runs in the same transaction as the new stage, older stages
// are fenced off, and the job is sent right after the commit.
func (o *Outbox) Start(ctx context.Context, id storage.VideoID, before func(storage.Store) error) error {
	var v storage.Video
	var first storage.Stage
	err := o.store.InTx(ctx, func(tx storage.Store) error {
		if err := before(tx); err != nil {
			return err
		}
		if err := tx.CancelStages(ctx, id); err != nil {
			return fmt.Errorf("cancel stages: %w", err)
		}
		generation, err := tx.StartGeneration(ctx, id, o.now())
		if err != nil {
			return fmt.Errorf("start generation: %w", err)
		}
		first = o.NewStage(id, generation, storage.StepInspect)
		if err := tx.CreateStage(ctx, first); err != nil {
			return fmt.Errorf("create stage: %w", err)
		}
		v, err = tx.VideoByID(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	o.Send(ctx, []storage.Stage{first})
	o.announce(ctx, v, storage.EventVideo)
	return nil
}

// NewStage is a due stage that has no row yet.
func (o *Outbox) NewStage(id storage.VideoID, generation int, step storage.Step) storage.Stage {
	return storage.Stage{
		ID:         storage.StageID(o.newID()),
		VideoID:    id,
		Generation: generation,
		Step:       step,
		State:      storage.StageDue,
		CreatedAt:  o.now(),
	}
}

// Send sends stages to the queue. Reconcile sends failed ones again: the rows are the outbox.
func (o *Outbox) Send(ctx context.Context, stages []storage.Stage) { o.SendAfter(ctx, stages, 0) }

// retryAfter is the wait before the first retry. It grows with the square of the tries.
const retryAfter = 2 * time.Second

// SendAfter is Send for work that is due later.
func (o *Outbox) SendAfter(ctx context.Context, stages []storage.Stage, wait time.Duration) {
	ctx = context.WithoutCancel(ctx)
	for _, s := range stages {
		if err := o.store.MarkStageSent(ctx, s.ID); err != nil {
			o.log.Warn("stage not marked as sent", "stage_id", s.ID, "error", err)
			continue
		}
		s.Sends++
		job := storage.JobFor(s)
		job.Delay = wait
		if err := o.queue.Enqueue(ctx, job); err != nil {
			o.log.Warn("job not sent, reconcile will", "stage_id", s.ID, "step", s.Step, "error", err)
		}
	}
}

// ReconcileBatch bounds how many stages one look at the outbox sends.
const ReconcileBatch = 500

// Reconcile sends every stage that is due and not sent, or whose worker fell silent. It runs every
// 30 s, and at start, when it sends everything that is due again. It returns how many it sent.
func (o *Outbox) Reconcile(ctx context.Context, start bool) (int, error) {
	resend := resendAfter
	if start {
		resend = 0
	}
	due, err := o.store.DueStages(ctx, resend, ReconcileBatch)
	if err != nil {
		return 0, fmt.Errorf("list due stages: %w", err)
	}
	o.Send(ctx, due)
	return len(due), nil
}

// FreeLeases frees the leases of this owner's earlier life, so that a restart does not wait until
// they expire.
func (o *Outbox) FreeLeases(ctx context.Context, owner string) (int, error) {
	return o.store.FreeLeases(ctx, owner)
}

// Claim takes a stage for owner. Conflict if there is nothing to do: another worker has it, it is
// done, or it is not due yet. A stage that was begun too often without an end is quarantined: it
// fails, and Claim returns Conflict.
func (o *Outbox) Claim(ctx context.Context, id storage.StageID, owner string) (Task, error) {
	s, err := o.store.ClaimStage(ctx, id, owner, o.lease)
	if err != nil {
		return Task{}, fmt.Errorf("claim stage: %w", err)
	}
	t := Task{Stage: s}
	if t.Video, err = o.store.VideoByID(ctx, s.VideoID); err != nil {
		return Task{}, fmt.Errorf("load video: %w", err)
	}
	if s.Step != storage.StepInspect && !storage.Steps[s.Step].Live {
		if t.Probe, err = o.store.ProbeOf(ctx, s.VideoID, s.Generation); err != nil {
			return Task{}, fmt.Errorf("load probe: %w", err)
		}
		if t.Plan, err = plan.Decide(t.Probe, o.limits); err != nil {
			// the limits have changed since then
			return Task{}, errors.Join(storage.E(storage.Conflict, "refused", nil), o.failStage(ctx, t, err))
		}
	}
	if s.Attempt > storage.Steps[s.Step].Attempts {
		err := storage.E(
			storage.Unprocessable,
			"Processing stopped several times without a result; try again.",
			nil,
		)
		return Task{}, errors.Join(storage.E(storage.Conflict, "quarantined", nil), o.failStage(ctx, t, err))
	}
	return t, nil
}

// Beat renews the lease. Fenced if another worker has it now: the worker stops at once.
func (o *Outbox) Beat(ctx context.Context, s storage.Stage) error {
	return o.store.HoldStage(ctx, s.ID, s.Fence, o.lease)
}

// Progress writes how far a stage is, 0…1, and announces it. Fenced.
func (o *Outbox) Progress(ctx context.Context, t Task, fraction float64) error {
	if err := o.store.SetStageProgress(ctx, t.Stage.ID, t.Stage.Fence, min(max(fraction, 0), 1)); err != nil {
		return err
	}
	o.announce(ctx, t.Video, storage.EventVideo)
	return nil
}

// PutDerived stores bytes that a step made, under a unique name. Nobody sees them until Finish
// names them.
func (o *Outbox) PutDerived(
	ctx context.Context,
	t Task,
	ext string,
	r io.Reader,
) (key string, sizeBytes int64, err error) {
	key = fmt.Sprintf("v/%s/g%d/%s.%s", t.Video.ID, t.Stage.Generation, o.newID(), ext)
	n, err := o.objects.Put(ctx, key, r)
	if err != nil {
		return "", 0, fmt.Errorf("store derived object: %w", err)
	}
	return key, n, nil
}

// FinishInspect stores the probe of the source and makes the stages of the plan. Unprocessable if
// the source is refused. Damaged if a part of the original is lost and an earlier generation
// plays: a shorter one does not replace it.
func (o *Outbox) FinishInspect(ctx context.Context, t Task, p storage.Probe) error {
	plan, err := plan.Decide(p, o.limits)
	if err != nil {
		return err
	}
	t.Probe, t.Plan = p, plan
	sentence, err := o.missingOf(ctx, t.Video)
	if err != nil {
		return err
	}
	if t.Lost != "" {
		sentence = t.Lost
		if err := o.refuseShorter(ctx, t); err != nil {
			return err
		}
	}
	return o.end(ctx, t, func(tx storage.Store) ([]storage.Stage, error) {
		if err := tx.SaveProbe(ctx, t.Video.ID, t.Stage.Generation, p); err != nil {
			return nil, fmt.Errorf("save probe: %w", err)
		}
		duration := time.Duration(p.DurationMS) * time.Millisecond
		width, height := p.Size()
		if err := tx.SetVideoMedia(ctx, t.Video.ID, duration, width, height, o.now()); err != nil {
			return nil, fmt.Errorf("save media facts: %w", err)
		}
		return o.over(ctx, tx, t, storage.StageDone, sentence)
	})
}

// Outcome is the result of a step: verified objects to be named, and what it learned.
type Outcome struct {
	Assets   []storage.Asset
	Loudness *storage.Loudness
	Then     storage.Step // does the rest of the work; empty for none
}

// Finish names the objects of a step, publishes them if it is time, makes the stages that waited
// for this one, and ends it, in one fenced commit.
func (o *Outbox) Finish(ctx context.Context, t Task, outcome Outcome) error {
	t.then = outcome.Then
	return o.end(ctx, t, func(tx storage.Store) ([]storage.Stage, error) {
		if outcome.Loudness != nil {
			heard := *t.Probe.Audio
			heard.Loudness = outcome.Loudness
			t.Probe.Audio = &heard
			if err := o.saveProbe(ctx, tx, &t); err != nil {
				return nil, err
			}
		}
		for _, a := range outcome.Assets {
			a.ID, a.VideoID, a.Generation, a.CreatedAt = storage.AssetID(
				o.newID(),
			), t.Video.ID, t.Stage.Generation, o.now()
			if err := tx.CreateAsset(ctx, a); err != nil {
				return nil, fmt.Errorf("create asset: %w", err)
			}
		}
		return o.over(ctx, tx, t, storage.StageDone, "")
	})
}

// saveProbe stores what was learned after the inspection, and decides again.
func (o *Outbox) saveProbe(ctx context.Context, tx storage.Store, t *Task) error {
	if err := tx.SaveProbe(ctx, t.Video.ID, t.Stage.Generation, t.Probe); err != nil {
		return fmt.Errorf("save probe: %w", err)
	}
	plan, err := plan.Decide(t.Probe, o.limits)
	if err != nil {
		return err
	}
	t.Plan = plan
	return nil
}

// end runs the commit that ends a stage. Then it sends the stages that are now due and announces
// the change.
func (o *Outbox) end(ctx context.Context, t Task, fn func(storage.Store) ([]storage.Stage, error)) error {
	var next []storage.Stage
	err := o.commit(ctx, t, func(tx storage.Store) (err error) {
		next, err = fn(tx)
		return err
	})
	if err != nil {
		return err
	}
	o.Send(ctx, next)
	o.announce(ctx, t.Video, storage.EventVideo)
	return nil
}

// over ends the stage, makes the stages that waited for it, and publishes what it can.
func (o *Outbox) over(
	ctx context.Context,
	tx storage.Store,
	t Task,
	state storage.StageState,
	sentence string,
) ([]storage.Stage, error) {
	if err := tx.EndStage(ctx, t.Stage.ID, t.Stage.Fence, state, sentence); err != nil {
		return nil, err
	}
	there, err := tx.StagesByVideo(ctx, t.Video.ID, t.Stage.Generation)
	if err != nil {
		return nil, fmt.Errorf("list stages: %w", err)
	}
	var next []storage.Stage
	due := storage.DueAfter(t.Stage.Step, plan.Steps(t.Plan))
	if t.then != "" {
		due = append(due, t.then)
	}
	for _, step := range due {
		if slices.ContainsFunc(there, func(s storage.Stage) bool { return s.Step == step }) {
			continue
		}
		s := o.NewStage(t.Video.ID, t.Stage.Generation, step)
		if err := tx.CreateStage(ctx, s); err != nil {
			return nil, fmt.Errorf("create stage: %w", err)
		}
		next = append(next, s)
	}
	_, improving, _ := storage.ProgressOf(append(there, next...))
	return next, o.publish(ctx, tx, t, !improving)
}

// publish shows this generation to viewers: the first generation as soon as any of it plays, a
// later one when all of it is there and plays everywhere.
func (o *Outbox) publish(ctx context.Context, tx storage.Store, t Task, finished bool) error {
	assets, err := tx.AssetsByVideo(ctx, t.Video.ID, t.Stage.Generation)
	if err != nil {
		return fmt.Errorf("list assets: %w", err)
	}
	sources := storage.Playable(assets)
	if len(sources) == 0 {
		return nil
	}
	v, err := tx.VideoByID(ctx, t.Video.ID)
	if err != nil {
		return fmt.Errorf("load video: %w", err)
	}
	everywhere := sources[0].Everywhere
	if v.Published < t.Stage.Generation {
		if v.Published > 0 && !(everywhere && finished) {
			return nil // an older generation keeps playing
		}
		if err := tx.PublishGeneration(ctx, v.ID, t.Stage.Generation, o.now()); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	if !everywhere || v.State != storage.StateProcessing {
		return nil
	}
	return tx.SetVideoState(ctx, v.ID, storage.StateReady.From(), storage.StateReady, "", o.now())
}

// commit runs fn in a transaction that first takes hold of the lease, so a late or duplicate worker
// changes nothing.
func (o *Outbox) commit(ctx context.Context, t Task, fn func(storage.Store) error) error {
	return o.store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldStage(ctx, t.Stage.ID, t.Stage.Fence, o.lease); err != nil {
			return fmt.Errorf("hold stage: %w", err)
		}
		return fn(tx)
	})
}

// Fail ends a stage that failed, or makes it due again if a retry can help and tries are left.
// Fenced.
func (o *Outbox) Fail(ctx context.Context, t Task, cause error) error {
	tries := storage.Steps[t.Stage.Step].Attempts
	if storage.KindOf(cause) == storage.Stalled {
		tries = min(tries, 2) // a machine that hung does not do so twice, but a hostile file does
	}
	if storage.KindOf(cause).Retryable() && t.Stage.Attempt < tries {
		wait := time.Duration(t.Stage.Attempt*t.Stage.Attempt) * retryAfter
		if err := o.store.RequeueStage(ctx, t.Stage.ID, t.Stage.Fence, wait, false); err != nil {
			return err
		}
		o.SendAfter(ctx, []storage.Stage{t.Stage}, wait)
		return nil
	}
	return o.failStage(ctx, t, cause)
}

// HandBack returns the stage to the queue at once, without counting the attempt, for a clean
// shutdown. Fenced.
func (o *Outbox) HandBack(ctx context.Context, t Task) error {
	if err := o.store.RequeueStage(ctx, t.Stage.ID, t.Stage.Fence, 0, true); err != nil {
		return err
	}
	o.Send(ctx, []storage.Stage{t.Stage})
	return nil
}
