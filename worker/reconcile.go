package worker

import (
	"context"
	"fmt"
	"time"
)

// lookEvery is the interval between looks at the outbox: half a lease, 30 s by default.
func (w *Worker) lookEvery() time.Duration { return w.Stages.Lease() / 2 }

// Reconcile frees the leases of this worker's earlier life if owned says that nobody else can use
// its name. It sends all that is due, and then looks again until ctx ends.
func (w *Worker) Reconcile(ctx context.Context, owned bool) error {
	if owned {
		freed, err := w.Stages.FreeLeases(ctx, w.Owner)
		if err != nil {
			return fmt.Errorf("free own leases: %w", err)
		}
		if freed > 0 {
			w.Log.Info("taking up work that was interrupted", "stages", freed)
		}
	}
	if _, err := w.Stages.Reconcile(ctx, true); err != nil {
		return fmt.Errorf("reconcile at start: %w", err)
	}
	tick := time.NewTicker(w.lookEvery())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			sent, err := w.Stages.Reconcile(ctx, false)
			if err != nil && ctx.Err() == nil {
				w.Log.Warn("reconcile did not finish, trying again", "error", err)
			}
			if sent > 0 {
				w.Log.Info("sent work again", "stages", sent)
			}
		}
	}
}
