package notify

import (
	"context"
	"time"
)

// Later runs do after the response, while nobody waits; only Drain waits for it. An error is only
// logged, because there is no other place for it.
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

// Drain waits for everything that Later started. Nothing new may be started after it.
func (s *Service) Drain() { s.background.Wait() }

// On reports whether this site sends mail.
func (s *Service) On() bool { return s.mailer != nil }

// MailWithin limits the time to send one mail.
const MailWithin = 15 * time.Second
