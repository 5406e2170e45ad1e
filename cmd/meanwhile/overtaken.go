package main

import (
	"context"
	"time"

	"meanwhile/storage"
)

// endWhenOvertaken returns an error, which ends the process, once a newer program has brought the
// database to rules that this one does not know. It looks again and again until ctx ends.
func endWhenOvertaken(ctx context.Context, mayServe func(context.Context) error, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		// a database that is away for a while is no reason to end
		if err := mayServe(ctx); err != nil && storage.KindOf(err) == storage.Conflict {
			return err
		}
	}
}
