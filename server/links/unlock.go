package links

import (
	"context"
	"fmt"
	"slices"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// asking finds an open link that asks for this kind of thing. NotFound if there is none.
func (s *Service) asking(
	ctx context.Context,
	token string,
	what storage.Audience,
) (storage.Video, storage.Link, error) {
	v, link, err := s.core.Store.VideoByToken(ctx, token)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return storage.Video{}, storage.Link{}, fmt.Errorf("find video by link: %w", err)
	}
	if err != nil || v.TrashedAt != nil || !link.Open(s.core.Now()) || link.Audience != what {
		return storage.Video{}, storage.Link{}, access.NotThere(err)
	}
	return v, link, nil
}

// CheckPassword returns an unlock for the right password of a link. Unauthenticated for a wrong
// one, NotFound if the link asks for none.
func (s *Service) CheckPassword(ctx context.Context, token, password string) (storage.LinkID, string, error) {
	_, link, err := s.asking(ctx, token, storage.AudiencePassword)
	if err != nil {
		return "", "", err
	}
	ok, err := s.core.VerifyPassword(ctx, password, link.PasswordHash)
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
	return link.ID, s.core.SignUnlock(storage.Unlock{LinkID: link.ID, Lock: link.Lock}), nil
}

// MailAccessLink mails an access link to somebody whom a link names. The result and the time are
// the same whether or not the link names the address. Unavailable if this site sends no mail: then
// the video's owner can send on a link from NewAccessLink.
func (s *Service) MailAccessLink(ctx context.Context, token, email, base string) error {
	v, link, err := s.asking(ctx, token, storage.AudienceNamed)
	if err != nil {
		return err
	}
	if !s.notify.On() {
		return storage.E(
			storage.Unavailable,
			"This site sends no mail. Ask whoever gave you the link for an access link.",
			nil,
		)
	}
	email = storage.FoldEmail(storage.CleanLine(email, 254))
	s.notify.Later(ctx, "access link", func(ctx context.Context) error { return s.mail(ctx, v, link, email, base) })
	return nil
}

func (s *Service) mail(ctx context.Context, v storage.Video, link storage.Link, email, base string) error {
	people, err := s.core.Store.LinkPeople(ctx, link.ID)
	if err != nil {
		return fmt.Errorf("list people: %w", err)
	}
	if !slices.Contains(people, email) {
		return nil
	}
	secret, ends, err := s.newAccessLink(ctx, link, email)
	if err != nil {
		return err
	}
	return s.notify.Send(ctx, storage.Mail{
		To:      email,
		Subject: "Your access link to: " + v.Title,
		Text: fmt.Sprintf(
			"Somebody, most likely you, asked to see %q by %s.\n\nThis link opens it. It works once, until %s:"+
				"\n\n%s/pass/%s\n\nIf it was not you, ignore this mail.\n",
			v.Title,
			v.OwnerName,
			ends.UTC().Format("15:04 UTC"),
			base,
			secret,
		),
	})
}

// NewAccessLink makes an access link for somebody whom a link names. The video's owner sends it on
// if this site sends no mail. NotFound if the link does not name the address.
func (s *Service) NewAccessLink(
	ctx context.Context,
	a access.Actor,
	id storage.VideoID,
	linkID storage.LinkID,
	email string,
) (secret string, ends time.Time, err error) {
	v, err := s.core.VideoFor(ctx, a, id, access.ToShare)
	if err != nil {
		return "", time.Time{}, err
	}
	link, err := s.core.Store.LinkByID(ctx, linkID)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return "", time.Time{}, fmt.Errorf("find link: %w", err)
	}
	if err != nil || link.VideoID != id {
		return "", time.Time{}, storage.E(storage.NotFound, "This video has no such link.", err)
	}
	people, err := s.core.Store.LinkPeople(ctx, linkID)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("list people: %w", err)
	}
	email = storage.FoldEmail(storage.CleanLine(email, 254))
	if !slices.Contains(people, email) {
		return "", time.Time{}, storage.E(storage.NotFound, "This link is not for that address. Add it first.", nil)
	}
	if secret, ends, err = s.newAccessLink(ctx, link, email); err != nil {
		return "", time.Time{}, err
	}
	return secret, ends, s.core.Audit(ctx, s.core.Store, a, v.WorkspaceID, ActionLinkMailed, subjectOf(v, link), email)
}

func (s *Service) newAccessLink(
	ctx context.Context,
	link storage.Link,
	email string,
) (secret string, ends time.Time, err error) {
	now := s.core.Now()
	secret = storage.NewSecret()
	m := storage.AccessLink{
		Hash:      storage.SecretHash(secret),
		LinkID:    link.ID,
		Email:     email,
		CreatedAt: now,
		ExpiresAt: now.Add(AccessLinkFor),
	}
	if err := s.core.Store.CreateAccessLink(ctx, m); err != nil {
		return "", time.Time{}, fmt.Errorf("create access link: %w", err)
	}
	return secret, m.ExpiresAt, nil
}

var errAccessLinkOver = storage.E(
	storage.NotFound,
	"This access link was used already or has ended. Open the link that you were sent and ask for a new one.",
	nil,
)

// CheckAccessLink returns nil while secret works, NotFound otherwise. It does not use the link up,
// because mail scanners open links.
func (s *Service) CheckAccessLink(ctx context.Context, secret string) error {
	m, err := s.core.Store.AccessLinkByHash(ctx, storage.SecretHash(secret))
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find access link: %w", err)
	}
	if err != nil || m.UsedAt != nil || !s.core.Now().Before(m.ExpiresAt) {
		return errAccessLinkOver
	}
	return nil
}

// UseAccessLink uses up an access link and returns its link and an unlock for it. NotFound if it
// does not work.
func (s *Service) UseAccessLink(ctx context.Context, secret string) (storage.Link, string, error) {
	m, err := s.core.Store.UseAccessLink(ctx, storage.SecretHash(secret), s.core.Now())
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Link{}, "", errAccessLinkOver
	}
	if err != nil {
		return storage.Link{}, "", fmt.Errorf("use access link: %w", err)
	}
	link, err := s.core.Store.LinkByID(ctx, m.LinkID)
	if err != nil {
		return storage.Link{}, "", fmt.Errorf("find link: %w", err)
	}
	return link, s.core.SignUnlock(storage.Unlock{LinkID: link.ID, Lock: link.Lock, Email: m.Email}), nil
}

// CountOpen counts that somebody opened a link's page. It does not count the video's owner.
func (s *Service) CountOpen(ctx context.Context, a access.Actor, token string) error {
	a, v, link, err := s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil || s.core.Owns(a, v) {
		return err
	}
	if err := s.core.Store.CountOpen(ctx, link.ID); err != nil {
		return fmt.Errorf("count open: %w", err)
	}
	return nil
}
