package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"meanwhile/server"
)

// lookEvery is how often this process looks for what time brings, as often as a worker looks at the
// outbox: twice in the time of a lease, every 30 s by default.
func (p *parts) lookEvery() time.Duration { return p.stages.Lease() / 2 }

// tidy does the chores at start and then again until ctx ends. It has a loop of its own, so that no
// work waits while a thousand objects are deleted.
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

// tidyOnce does every chore; what goes wrong in one does not keep the others. It answers what to
// log, nothing when nothing was done.
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

// sealSilent seals recordings that nothing comes of any more, again and again until ctx ends.
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
