package signin

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
)

// LoginMailFor is the lifetime of a log-in link that a person asked for by mail.
const LoginMailFor = 30 * time.Minute

var errNoMail = storage.E(
	storage.Unavailable,
	"This site sends no mail. Ask whoever runs it for a link that signs you in once.",
	nil,
)

// MailLogInLink mails a link that signs somebody in once. The result and the time are the same
// whether or not there is such an account. Unavailable if this site sends no mail.
func (s *Service) MailLogInLink(ctx context.Context, email, base string) error {
	if !s.notify.On() {
		return errNoMail
	}
	email = storage.CleanLine(email, 254)
	s.notify.Later(ctx, "log-in link", func(ctx context.Context) error { return s.mailLogInLink(ctx, email, base) })
	return nil
}

func (s *Service) mailLogInLink(ctx context.Context, email, base string) error {
	id, err := s.core.Store.IdentityByEmail(ctx, email)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	secret, now := storage.NewSecret(), s.core.Now()
	link := storage.LoginLink{
		Hash:      storage.SecretHash(secret),
		UserID:    id.User.ID,
		Mailed:    true,
		CreatedAt: now,
		ExpiresAt: now.Add(LoginMailFor),
	}
	if err := s.core.Store.CreateLoginLink(ctx, link); err != nil {
		return fmt.Errorf("create log-in link: %w", err)
	}
	return s.notify.Send(ctx, storage.Mail{
		To:      id.User.Email,
		Subject: "Your log-in link",
		Text: fmt.Sprintf(
			"Hello %s,\n\nthis link signs you in. It works once, until %s:\n\n%s/enter/%s\n\nIf you did not ask for "+
				"it, ignore this mail: nothing happens.\n",
			id.User.Name,
			link.ExpiresAt.UTC().Format("15:04 UTC"),
			base,
			secret,
		),
	})
}
