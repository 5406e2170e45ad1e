package notify

import (
	"context"
	"fmt"
	"strings"

	"meanwhile/storage"
)

// MailNotices mails each owner their notices, in one message, once. Without a mail server, the
// notices wait.
func (s *Service) MailNotices(ctx context.Context) (int, error) {
	if s.mailer == nil {
		return 0, nil
	}
	mailed := 0
	for {
		notices, err := s.core.Store.ClaimNotices(ctx, s.core.Now(), storage.RetentionBatch)
		if err != nil || len(notices) == 0 {
			return mailed, err
		}
		if err := s.mailNotice(ctx, notices); err != nil {
			return mailed, err
		}
		mailed += len(notices)
	}
}

func (s *Service) mailNotice(ctx context.Context, notices []storage.Notice) error {
	owner, err := s.core.Store.IdentityByUser(ctx, notices[0].OwnerID)
	if err != nil {
		return fmt.Errorf("find owner: %w", err)
	}
	var text strings.Builder
	text.WriteString("Your workspace keeps videos for a limited time. These go into the trash:\n\n")
	for _, n := range notices {
		fmt.Fprintf(&text, "- %s: on %s\n", n.Title, n.LeavesAt.UTC().Format("2 January 2006 (UTC)"))
	}
	fmt.Fprintf(
		&text,
		"\nDownload what you want to keep before then:\n\n%s/\n\nYou can restore them from the trash for %d days.\n",
		s.site,
		int(storage.TrashFor.Hours()/24),
	)
	subject := "A video of yours moves to the trash soon"
	if len(notices) > 1 {
		subject = fmt.Sprintf("%d videos of yours move to the trash soon", len(notices))
	}
	err = s.mailer.Send(ctx, storage.Mail{To: owner.User.Email, Subject: subject, Text: text.String()})
	if err == nil {
		return nil
	}
	if storage.KindOf(err) == storage.Invalid {
		s.core.Log.Warn("a notice reaches nobody: its mail address is refused", "user_id", owner.User.ID, "error", err)
		return nil
	}
	ids := make([]storage.VideoID, len(notices))
	for i, n := range notices {
		ids[i] = n.VideoID
	}
	if undo := s.core.Store.UnclaimNotices(context.WithoutCancel(ctx), ids); undo != nil {
		s.core.Log.Warn("a notice was not mailed and will not be", "user_id", owner.User.ID, "error", undo)
	}
	return fmt.Errorf("send mail: %w", err)
}
