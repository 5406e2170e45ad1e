package worker

import (
	"context"
)

// liveSound makes the sound of a recording in AAC as far as it has come, a piece at a time, until
// nothing is left to do.
func liveSound(ctx context.Context, j *job) error {
	for {
		batch, err := j.Stages.NextSound(ctx, j.task)
		if err != nil {
			return err
		}
		if batch == nil {
			if done, err := j.Stages.FinishSound(ctx, j.task); done || err != nil {
				return err
			}
			continue
		}
		made, err := j.Tools.LiveSound(ctx, batch, j.out)
		if err != nil {
			return err
		}
		if err := j.Stages.KeepSound(ctx, j.task, batch, made); err != nil {
			return err
		}
	}
}
