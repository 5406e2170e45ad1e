package links

import (
	"context"
	"fmt"
	"slices"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// asking finds a link that asks for something of that kind and lets people in at all. NotFound.
func (s *Service) asking(
	ctx context.Context,
	token string,
	what storage.Audience,
) (storage.Video, storage.Share, error) {
	v, share, err := s.core.Store.VideoByToken(ctx, token)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return storage.Video{}, storage.Share{}, fmt.Errorf("find shared video: %w", err)
	}
	if err != nil || v.TrashedAt != nil || !share.Open(s.core.Now()) || share.Audience != what {
		return storage.Video{}, storage.Share{}, access.NotThere(err)
	}
	return v, share, nil
}

// CheckPassword gives a pass to who knows a link's password. Unauthenticated for a wrong one,
// NotFound where none is asked for.
func (s *Service) CheckPassword(ctx context.Context, token, password string) (storage.ShareID, string, error) {
	_, share, err := s.asking(ctx, token, storage.AudiencePassword)
	if err != nil {
		return "", "", err
	}
	ok, err := s.core.VerifyPassword(ctx, password, share.PasswordHash)
	if err != nil {
		return "", "", fmt.Errorf("check password: %w", err)
	}
	if !ok {
		return "", "", storage.E(
			storage.Unauthenticated,
			"This is not the link's password. Look at the message that it came with, or ask who sent it.",
			nil,
		)
	}
	return share.ID, s.core.PassOf(storage.Pass{ShareID: share.ID, Lock: share.Lock}), nil
}

// Mail mails a way in to somebody named by a link. What the caller sees, and how long it
// takes, is the same whether or not the address is named. Unavailable where no mail can be sent:
// who owns the video can hand on MailLink's.
func (s *Service) Mail(ctx context.Context, token, email, base string) error {
	v, share, err := s.asking(ctx, token, storage.AudienceNamed)
	if err != nil {
		return err
	}
	if !s.notify.On() {
		return storage.E(
			storage.Unavailable,
			"This site sends no mail. Ask who gave you the link for a way in of your own.",
			nil,
		)
	}
	email = storage.FoldEmail(storage.CleanLine(email, 254))
	s.notify.Later(ctx, "way in", func(ctx context.Context) error { return s.mail(ctx, v, share, email, base) })
	return nil
}

func (s *Service) mail(ctx context.Context, v storage.Video, share storage.Share, email, base string) error {
	people, err := s.core.Store.SharePeople(ctx, share.ID)
	if err != nil {
		return fmt.Errorf("list people: %w", err)
	}
	if !slices.Contains(people, email) {
		return nil
	}
	secret, ends, err := s.newMail(ctx, share, email)
	if err != nil {
		return err
	}
	return s.notify.Send(ctx, storage.Mail{
		To:      email,
		Subject: "Your way in to: " + v.Title,
		Text: fmt.Sprintf(
			"Somebody, most likely you, asked to see %q by %s.\n\nThis opens it, once, until %s:\n\n%s/pass/%s\n\n"+
				"If it was not you, leave it.\n",
			v.Title,
			v.OwnerName,
			ends.UTC().Format("15:04 UTC"),
			base,
			secret,
		),
	})
}

// MailLink makes a way in for somebody named by a link, which the video's owner hands on where
// no mail is sent. NotFound for an address that is not named.
func (s *Service) MailLink(
	ctx context.Context,
	a access.Actor,
	id storage.VideoID,
	share storage.ShareID,
	email string,
) (secret string, ends time.Time, err error) {
	v, err := s.core.VideoFor(ctx, a, id, access.ToShare)
	if err != nil {
		return "", time.Time{}, err
	}
	sh, err := s.core.Store.ShareByID(ctx, share)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return "", time.Time{}, fmt.Errorf("find share: %w", err)
	}
	if err != nil || sh.VideoID != id {
		return "", time.Time{}, storage.E(storage.NotFound, "This video has no such link.", err)
	}
	people, err := s.core.Store.SharePeople(ctx, share)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("list people: %w", err)
	}
	email = storage.FoldEmail(storage.CleanLine(email, 254))
	if !slices.Contains(people, email) {
		return "", time.Time{}, storage.E(storage.NotFound, "This link does not name that address. Add it first.", nil)
	}
	if secret, ends, err = s.newMail(ctx, sh, email); err != nil {
		return "", time.Time{}, err
	}
	return secret, ends, s.core.Audit(ctx, s.core.Store, a, v.WorkspaceID, ActionLinkMailed, subjectOf(v, sh), email)
}

func (s *Service) newMail(
	ctx context.Context,
	share storage.Share,
	email string,
) (secret string, ends time.Time, err error) {
	now := s.core.Now()
	secret = storage.NewSecret()
	m := storage.ShareMail{
		Hash:      storage.SecretHash(secret),
		ShareID:   share.ID,
		Email:     email,
		CreatedAt: now,
		ExpiresAt: now.Add(MailFor),
	}
	if err := s.core.Store.CreateShareMail(ctx, m); err != nil {
		return "", time.Time{}, fmt.Errorf("create way in: %w", err)
	}
	return secret, m.ExpiresAt, nil
}

var errWayInOver = storage.E(
	storage.NotFound,
	"This way in was used already or has ended. Open the link that you were sent and ask for a new one.",
	nil,
)

// CheckMail answers nil while secret still opens something; it does not use it up: mail
// scanners open links. NotFound.
func (s *Service) CheckMail(ctx context.Context, secret string) error {
	m, err := s.core.Store.ShareMailByHash(ctx, storage.SecretHash(secret))
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find way in: %w", err)
	}
	if err != nil || m.UsedAt != nil || !s.core.Now().Before(m.ExpiresAt) {
		return errWayInOver
	}
	return nil
}

// UseMail takes a way in, once, for a pass, and tells whose link it is. NotFound.
func (s *Service) UseMail(ctx context.Context, secret string) (storage.Share, string, error) {
	m, err := s.core.Store.UseShareMail(ctx, storage.SecretHash(secret), s.core.Now())
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Share{}, "", errWayInOver
	}
	if err != nil {
		return storage.Share{}, "", fmt.Errorf("use way in: %w", err)
	}
	share, err := s.core.Store.ShareByID(ctx, m.ShareID)
	if err != nil {
		return storage.Share{}, "", fmt.Errorf("find share: %w", err)
	}
	return share, s.core.PassOf(storage.Pass{ShareID: share.ID, Lock: share.Lock, Email: m.Email}), nil
}

// CountOpen counts that somebody opened a link's page. Its owner's looks count for nothing.
func (s *Service) CountOpen(ctx context.Context, a access.Actor, token string) error {
	a, v, share, err := s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil || s.core.Owns(a, v) {
		return err
	}
	if err := s.core.Store.CountOpen(ctx, share.ID); err != nil {
		return fmt.Errorf("count open: %w", err)
	}
	return nil
}
