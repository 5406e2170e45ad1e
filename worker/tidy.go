package worker

import (
	"context"
	"time"
)

// Tidy does what time brings, at start and as often as the outbox is looked at: the trash, notices,
// accounts that leave, and the objects of what is deleted. It has a loop of its own, so that no
// work waits while a thousand objects are deleted.
func (w *Worker) Tidy(ctx context.Context) error {
	tick := time.NewTicker(w.lookEvery())
	defer tick.Stop()
	for {
		done, err := w.Library.TidyUp(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("tidying up did not finish, trying again", "error", err)
		}
		if done.Purged+done.Trashed+done.Accounts+done.Objects+done.Notices > 0 {
			w.Log.Info(
				"tidied up",
				"notices",
				done.Notices,
				"trashed",
				done.Trashed,
				"purged",
				done.Purged,
				"accounts",
				done.Accounts,
				"objects",
				done.Objects,
			)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
