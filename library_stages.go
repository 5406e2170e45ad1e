package meanwhile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// resendAfter is how long a sent job may stay unclaimed before it is sent again: Redis may have lost it.
const resendAfter = 60 * time.Second

// Task is a claimed stage with what its work needs to know.
type Task struct {
	Stage Stage
	Video Video
	Probe Probe // zero for StepInspect
	Plan  Plan  // zero for StepInspect
}

// startGeneration begins another pass: before runs in the same transaction as the new stage, older stages are fenced, and the job is sent
// right after the commit.
func (l *Library) startGeneration(ctx context.Context, id VideoID, before func(Store) error) error {
	var v Video
	var first Stage
	err := l.Store.InTx(ctx, func(tx Store) error {
		if err := before(tx); err != nil {
			return err
		}
		if err := tx.CancelStages(ctx, id); err != nil {
			return fmt.Errorf("cancel stages: %w", err)
		}
		generation, err := tx.StartGeneration(ctx, id, l.Now())
		if err != nil {
			return fmt.Errorf("start generation: %w", err)
		}
		first = l.newStage(id, generation, StepInspect)
		if err := tx.CreateStage(ctx, first); err != nil {
			return fmt.Errorf("create stage: %w", err)
		}
		v, err = tx.VideoByID(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	l.send(ctx, []Stage{first})
	l.tell(ctx, v, EventVideo)
	return nil
}

func (l *Library) newStage(id VideoID, generation int, step Step) Stage {
	return Stage{ID: StageID(l.NewID()), VideoID: id, Generation: generation, Step: step, State: StageDue, CreatedAt: l.Now()}
}

// send hands stages to the queue. What fails is sent again by Reconcile: the rows are the outbox.
func (l *Library) send(ctx context.Context, stages []Stage) {
	ctx = context.WithoutCancel(ctx)
	for _, s := range stages {
		if err := l.Store.MarkStageSent(ctx, s.ID); err != nil {
			l.Log.Warn("stage not marked as sent", "stage_id", s.ID, "error", err)
			continue
		}
		s.Sends++
		if err := l.Queue.Enqueue(ctx, JobFor(s)); err != nil {
			l.Log.Warn("job not sent, reconcile will", "stage_id", s.ID, "step", s.Step, "error", err)
		}
	}
}

// reconcileBatch bounds one look at the outbox.
const reconcileBatch = 500

// Reconcile sends every stage that is due and not on its way, or whose worker fell silent. It runs at start, when nothing that was sent
// earlier is trusted to be on its way, and every 30 s. It answers how many it sent.
func (l *Library) Reconcile(ctx context.Context, start bool) (int, error) {
	resend := resendAfter
	if start {
		resend = 0
	}
	due, err := l.Store.DueStages(ctx, resend, reconcileBatch)
	if err != nil {
		return 0, fmt.Errorf("list due stages: %w", err)
	}
	l.send(ctx, due)
	return len(due), nil
}

// FreeLeases gives back what an earlier life of this owner held, so that a restart does not wait for leases to run out.
func (l *Library) FreeLeases(ctx context.Context, owner string) (int, error) {
	return l.Store.FreeLeases(ctx, owner)
}

// ClaimStage takes a stage for owner. Conflict when there is nothing to do: held by somebody, done, or not due yet. A stage that was begun
// too often without an end is quarantined here: it fails, and Conflict is answered.
func (l *Library) ClaimStage(ctx context.Context, id StageID, owner string) (Task, error) {
	s, err := l.Store.ClaimStage(ctx, id, owner, LeaseFor)
	if err != nil {
		return Task{}, fmt.Errorf("claim stage: %w", err)
	}
	t := Task{Stage: s}
	if t.Video, err = l.Store.VideoByID(ctx, s.VideoID); err != nil {
		return Task{}, fmt.Errorf("load video: %w", err)
	}
	if s.Attempt > steps[s.Step].attempts {
		err := E(Unprocessable, "Processing stopped several times without a result. Your original is kept; try again, or download it.", nil)
		return Task{}, errors.Join(E(Conflict, "quarantined", nil), l.failStage(ctx, t, err))
	}
	if s.Step == StepInspect {
		return t, nil
	}
	if t.Probe, err = l.Store.ProbeOf(ctx, s.VideoID, s.Generation); err != nil {
		return Task{}, fmt.Errorf("load probe: %w", err)
	}
	if t.Plan, err = Decide(t.Probe, l.Limits); err != nil {
		return Task{}, fmt.Errorf("decide: %w", err)
	}
	return t, nil
}

// Beat renews the lease. Fenced when it has passed to somebody else: the worker stops at once.
func (l *Library) Beat(ctx context.Context, s Stage) error {
	return l.Store.HoldStage(ctx, s.ID, s.Fence, LeaseFor)
}

// Progress writes how far a stage is, 0…1, and tells whoever watches. Fenced.
func (l *Library) Progress(ctx context.Context, t Task, fraction float64) error {
	if err := l.Store.SetStageProgress(ctx, t.Stage.ID, t.Stage.Fence, min(max(fraction, 0), 1)); err != nil {
		return err
	}
	l.tell(ctx, t.Video, EventVideo)
	return nil
}

// PutDerived stores bytes that a step made, under a name that nothing else has. They are seen by nobody until FinishAsset names them.
func (l *Library) PutDerived(ctx context.Context, t Task, ext string, r io.Reader) (key string, sizeBytes int64, err error) {
	key = fmt.Sprintf("v/%s/g%d/%s.%s", t.Video.ID, t.Stage.Generation, l.NewID(), ext)
	n, err := l.Objects.Put(ctx, key, r)
	if err != nil {
		return "", 0, fmt.Errorf("store derived object: %w", err)
	}
	return key, n, nil
}

// FinishInspect keeps what was found in the source and makes the stages that the plan asks for. Unprocessable when the source is refused.
func (l *Library) FinishInspect(ctx context.Context, t Task, p Probe) error {
	plan, err := Decide(p, l.Limits)
	if err != nil {
		return err
	}
	var next []Stage
	err = l.commit(ctx, t, func(tx Store) error {
		if err := tx.SaveProbe(ctx, t.Video.ID, t.Stage.Generation, p); err != nil {
			return fmt.Errorf("save probe: %w", err)
		}
		duration := time.Duration(p.DurationMS) * time.Millisecond
		if err := tx.SetVideoMedia(ctx, t.Video.ID, duration, p.Video.Width, p.Video.Height, l.Now()); err != nil {
			return fmt.Errorf("save media facts: %w", err)
		}
		for _, step := range plan.Steps() {
			s := l.newStage(t.Video.ID, t.Stage.Generation, step)
			if err := tx.CreateStage(ctx, s); err != nil {
				return fmt.Errorf("create stage: %w", err)
			}
			next = append(next, s)
		}
		return tx.EndStage(ctx, t.Stage.ID, t.Stage.Fence, StageDone, "")
	})
	if err != nil {
		return err
	}
	if plan.Copy != nil {
		next = next[:1] // somebody may be waiting for the copy: what is slower begins when it has ended
	}
	l.send(ctx, next)
	l.tell(ctx, t.Video, EventVideo)
	return nil
}

// sendHeldBack sends what waited for a copy to end. If this process dies before it, Reconcile does.
func (l *Library) sendHeldBack(ctx context.Context, t Task) {
	if t.Stage.Step != StepCopy {
		return
	}
	stages, err := l.Store.StagesByVideo(context.WithoutCancel(ctx), t.Video.ID, t.Stage.Generation)
	if err != nil {
		l.Log.Warn("stages not listed, reconcile will send them", "video_id", t.Video.ID, "error", err)
		return
	}
	l.send(ctx, slices.DeleteFunc(stages, func(s Stage) bool { return s.State != StageDue || s.Sends > 0 }))
}

// FinishAsset names a verified object, publishes it where it is the first to play or plays everywhere, and ends the stage: one fenced
// commit.
func (l *Library) FinishAsset(ctx context.Context, t Task, a Asset) error {
	a.ID, a.VideoID, a.Generation, a.CreatedAt = AssetID(l.NewID()), t.Video.ID, t.Stage.Generation, l.Now()
	err := l.commit(ctx, t, func(tx Store) error {
		if err := tx.CreateAsset(ctx, a); err != nil {
			return fmt.Errorf("create asset: %w", err)
		}
		if err := l.publish(ctx, tx, a); err != nil {
			return err
		}
		return tx.EndStage(ctx, t.Stage.ID, t.Stage.Fence, StageDone, "")
	})
	if err != nil {
		return err
	}
	l.sendHeldBack(ctx, t)
	l.tell(ctx, t.Video, EventVideo)
	return nil
}

func (l *Library) publish(ctx context.Context, tx Store, a Asset) error {
	if a.Kind == AssetPoster {
		return nil
	}
	v, err := tx.VideoByID(ctx, a.VideoID)
	if err != nil {
		return fmt.Errorf("load video: %w", err)
	}
	if v.Published > 0 && !a.Everywhere {
		return nil // an older generation plays everywhere: wait for what is as good
	}
	if err := tx.PublishGeneration(ctx, v.ID, a.Generation, l.Now()); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if !a.Everywhere || v.State != StateProcessing {
		return nil
	}
	return tx.SetVideoState(ctx, v.ID, StateReady.From(), StateReady, "", l.Now())
}

// commit runs fn in a transaction that begins by holding the lease: a late or duplicate worker changes nothing.
func (l *Library) commit(ctx context.Context, t Task, fn func(Store) error) error {
	return l.Store.InTx(ctx, func(tx Store) error {
		if err := tx.HoldStage(ctx, t.Stage.ID, t.Stage.Fence, LeaseFor); err != nil {
			return fmt.Errorf("hold stage: %w", err)
		}
		return fn(tx)
	})
}

// FailStage ends a stage that could not be done, or makes it due again when trying again can help and tries are left. Fenced.
func (l *Library) FailStage(ctx context.Context, t Task, cause error) error {
	tries := steps[t.Stage.Step].attempts
	if KindOf(cause).Retryable() && t.Stage.Attempt < tries {
		wait := time.Duration(t.Stage.Attempt*t.Stage.Attempt) * 5 * time.Second
		return l.Store.RequeueStage(ctx, t.Stage.ID, t.Stage.Fence, wait, false)
	}
	return l.failStage(ctx, t, cause)
}

// HandBack gives the stage to whoever comes next, at once and without counting the attempt: for a clean shutdown. Fenced.
func (l *Library) HandBack(ctx context.Context, t Task) error {
	if err := l.Store.RequeueStage(ctx, t.Stage.ID, t.Stage.Fence, 0, true); err != nil {
		return err
	}
	l.send(ctx, []Stage{t.Stage})
	return nil
}

func (l *Library) failStage(ctx context.Context, t Task, cause error) error {
	sentence := MessageOf(cause)
	if sentence == "" {
		sentence = "Something went wrong here while this video was processed. Your original is kept; try again."
	}
	err := l.commit(ctx, t, func(tx Store) error {
		if err := l.afterFailure(ctx, tx, t, &sentence); err != nil {
			return err
		}
		return tx.EndStage(ctx, t.Stage.ID, t.Stage.Fence, StageFailed, sentence)
	})
	if err != nil {
		return err
	}
	l.sendHeldBack(ctx, t)
	l.tell(ctx, t.Video, EventVideo)
	return nil
}

// afterFailure decides what a failed step means for its video: a copy that could not be made is encoded instead, a poster is missed, and
// without a picture that plays the video has failed.
func (l *Library) afterFailure(ctx context.Context, tx Store, t Task, sentence *string) error {
	if t.Stage.Step == StepCopy {
		*sentence = ""
		if t.Plan.Copy == nil || !t.Plan.Copy.Final {
			return nil
		}
		return tx.CreateStage(ctx, l.newStage(t.Video.ID, t.Stage.Generation, StepEncode))
	}
	if !steps[t.Stage.Step].needed {
		*sentence = ""
		return nil
	}
	v, err := tx.VideoByID(ctx, t.Video.ID)
	if err != nil {
		return fmt.Errorf("load video: %w", err)
	}
	if v.State != StateProcessing {
		return nil // an older generation goes on playing; the stage's sentence is the warning
	}
	if v.Published > 0 {
		*sentence = "This plays in most browsers, but a version for every device could not be made."
		return tx.SetVideoState(ctx, v.ID, StateReady.From(), StateReady, "", l.Now())
	}
	return tx.SetVideoState(ctx, v.ID, StateFailed.From(), StateFailed, *sentence, l.Now())
}
