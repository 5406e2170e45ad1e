package stages

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// failStage ends a stage as failed. Its sentence says only what is true of the original: for that,
// the original is compared with its rows.
func (o *Outbox) failStage(ctx context.Context, t Task, cause error) error {
	sentence := storage.MessageOf(cause)
	if sentence == "" {
		sentence = "Something went wrong here while this video was processed; try again."
	}
	original := ""
	if storage.KindOf(cause) != storage.Damaged {
		original = o.originalOf(ctx, t)
	}
	return o.end(ctx, t, func(tx storage.Store) ([]storage.Stage, error) {
		said := sentence
		if err := o.afterFailure(ctx, tx, &t, &said, original); err != nil {
			return nil, err
		}
		return o.over(ctx, tx, t, storage.StageFailed, said)
	})
}

// originalOf is what a failure says about the original; empty if nothing is certain.
func (o *Outbox) originalOf(ctx context.Context, t Task) string {
	if t.Stage.Step != storage.StepCopy && !storage.Steps[t.Stage.Step].Needed {
		return ""
	}
	err := o.source.Check(ctx, t.Video.ID)
	switch {
	case err == nil:
		return " The original is kept."
	case storage.KindOf(err) == storage.Damaged:
		return " " + storage.MessageOf(err)
	}
	if storage.KindOf(err) != storage.NotFound {
		o.log.Warn("original not looked at", "video_id", t.Video.ID, "error", err)
	}
	return ""
}

// afterFailure decides what a failed step means for its video. If the copy failed, the video is
// encoded instead. A missing poster is accepted. Without a picture that plays, the video has
// failed. original is a sentence about the original.
func (o *Outbox) afterFailure(ctx context.Context, tx storage.Store, t *Task, sentence *string, original string) error {
	if t.Stage.Step == storage.StepCopy {
		t.Probe.NoCopy = true
		err := o.saveProbe(ctx, tx, t)
		if storage.KindOf(err) != storage.Unprocessable {
			*sentence = ""
			return err
		}
		// too expensive to encode, so only a copy was possible
		*sentence = storage.MessageOf(err)
	} else if t.Stage.Step == storage.StepFlatten {
		*sentence = "A file with screen and camera in one picture could not be made."
		return nil
	} else if !storage.Steps[t.Stage.Step].Needed {
		*sentence = ""
		return nil
	}
	v, err := tx.VideoByID(ctx, t.Video.ID)
	if err != nil {
		return fmt.Errorf("load video: %w", err)
	}
	if v.State != storage.StateProcessing {
		switch {
		case v.Published == t.Stage.Generation:
			*sentence = "Smaller versions for slow connections could not be made."
		case v.Published > 0:
			*sentence += original + " What plays now stays as it is."
		default:
			*sentence += original
		}
		return nil // the published one keeps playing; the stage's sentence is the warning
	}
	if v.Published > 0 {
		*sentence = "This plays in most browsers, but a version for every device could not be made."
		return tx.SetVideoState(ctx, v.ID, storage.StateReady.From(), storage.StateReady, "", o.now())
	}
	*sentence += original
	return tx.SetVideoState(ctx, v.ID, storage.StateFailed.From(), storage.StateFailed, *sentence, o.now())
}

// refuseShorter is Damaged if something plays that was made of the whole original.
func (o *Outbox) refuseShorter(ctx context.Context, t Task) error {
	if t.Video.Published == 0 {
		return nil
	}
	assets, err := o.store.AssetsByVideo(ctx, t.Video.ID, t.Video.Published)
	if err != nil {
		return fmt.Errorf("list assets: %w", err)
	}
	if len(storage.Playable(storage.Whole(assets))) == 0 {
		return nil
	}
	return storage.E(storage.Damaged, t.Lost, nil)
}
