package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"meanwhile/server"
)

// lookEvery is how often this process checks for due chores, as often as a worker checks the
// outbox: twice per lease, every 30 s by default.
func (p *parts) lookEvery() time.Duration { return p.stages.Lease() / 2 }

// promisedEvery is lookEvery for what is promised within a minute, however long a lease is.
func (p *parts) promisedEvery() time.Duration { return min(p.lookEvery(), 30*time.Second) }

// tidy does the chores at the start, and again and again until ctx ends. It has its own loop, so
// that no work waits while a thousand objects are deleted.
func tidy(ctx context.Context, chores []server.Chore, every time.Duration, log *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		counts, err := tidyOnce(ctx, chores)
		if err != nil && ctx.Err() == nil {
			log.Warn("tidying up did not finish, trying again", "error", err)
		}
		if len(counts) > 0 {
			log.Info("tidied up", counts...)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tidyOnce does every chore; a failed one does not stop the others. It returns what to log, nothing
// if nothing was done.
func tidyOnce(ctx context.Context, chores []server.Chore) (counts []any, err error) {
	var errs []error
	total := 0
	for _, c := range chores {
		n, err := c.Do(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.What, err))
		}
		if c.Counts != "" {
			counts = append(counts, c.Counts, n)
			total += n
		}
		if ctx.Err() != nil {
			break
		}
	}
	if total == 0 {
		counts = nil
	}
	return counts, errors.Join(errs...)
}

// sealSilent seals recordings that send nothing any more, again and again until ctx ends.
func sealSilent(
	ctx context.Context,
	seal func(context.Context) (int, error),
	every time.Duration,
	log *slog.Logger,
) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		sealed, err := seal(ctx)
		if err != nil && ctx.Err() == nil {
			log.Warn("silent recordings not looked at, trying again", "error", err)
		}
		if sealed > 0 {
			log.Info("sealed silent recordings", "recordings", sealed)
		}
	}
}
