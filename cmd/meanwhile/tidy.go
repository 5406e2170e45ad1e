package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// chore is something that time brings. Each is owned by its subject; it goes on where one was
// interrupted, and may run on several workers at once.
type chore struct {
	what string
	log  string // how its count is logged; empty for not at all
	do   func(context.Context) (int, error)
}

// chores are done in this order.
func (p *parts) chores() []chore {
	s := p.services
	return []chore{
		{"put notices on videos", "notices", s.Videos.PutNotices},
		{"send notices", "", s.Notify.MailNotices},
		{"end notices", "trashed", s.Videos.EndNotices},
		{"empty the trash", "purged", s.Videos.EmptyTrash},
		{"delete accounts", "accounts", s.Archive.DeleteAccounts},
		{"delete objects", "objects", s.Videos.DeleteDoomed},
	}
}

// lookEvery is how often this process looks for what time brings, as often as a worker looks at the
// outbox: twice in the time of a lease, every 30 s by default.
func (p *parts) lookEvery() time.Duration { return p.stages.Lease() / 2 }

// tidy does the chores at start and then again until ctx ends. It has a loop of its own, so that no
// work waits while a thousand objects are deleted.
func tidy(ctx context.Context, chores []chore, every time.Duration, log *slog.Logger) error {
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
func tidyOnce(ctx context.Context, chores []chore) (counts []any, err error) {
	var errs []error
	total := 0
	for _, c := range chores {
		n, err := c.do(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.what, err))
		}
		if c.log != "" {
			counts = append(counts, c.log, n)
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
