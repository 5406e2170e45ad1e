package notify

import (
	"context"
	"time"
)

// Later does what nobody waits for, after the answer; Drain waits for it. An error is logged here,
// since it has no other way to go.
func (s *Service) Later(ctx context.Context, what string, do func(context.Context) error) {
	ctx = context.WithoutCancel(ctx)
	s.background.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, MailWithin)
		defer cancel()
		if err := do(ctx); err != nil {
			s.core.Log.Error("not mailed", "what", what, "error", err)
		}
	})
}

// Drain waits until what nobody waited for is done. Nothing new may be asked of the subjects any
// more.
func (s *Service) Drain() { s.background.Wait() }

// On reports whether this site sends mail.
func (s *Service) On() bool { return s.mailer != nil }

// MailWithin bounds the sending of one mail.
const MailWithin = 15 * time.Second
