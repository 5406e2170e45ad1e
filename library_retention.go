package meanwhile

import (
	"context"
	"fmt"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// putNotices takes notices away that hold no longer, and makes those that are due.
func (l *Library) putNotices(ctx context.Context) (int, error) {
	now := l.Now()
	if _, err := l.Store.DropNotices(ctx, now, storage.NoticeFor); err != nil {
		return 0, err
	}
	made := 0
	for {
		n, err := l.Store.MakeNotices(ctx, now, storage.NoticeFor, storage.KeepingBatch)
		made += n
		if err != nil || n == 0 {
			return made, err
		}
	}
}

// endNotices puts videos whose notice is over into the trash.
func (l *Library) endNotices(ctx context.Context) (int, error) {
	now := l.Now()
	return l.rounds(
		ctx,
		func() ([]storage.VideoID, error) { return l.Store.LeavingVideos(ctx, now, storage.KeepingBatch) },
		func(id storage.VideoID) error {
			v, err := l.Store.VideoByID(ctx, id)
			if err != nil {
				return fmt.Errorf("find video: %w", err)
			}
			err = l.Store.InTx(ctx, func(tx storage.Store) error {
				if err := tx.TrashNoticed(ctx, id, now); err != nil {
					return err
				}
				return l.Core.Audit(
					ctx,
					tx,
					access.Actor{},
					v.WorkspaceID,
					storage.ActionTrash,
					v.Title,
					"it was as old as this workspace keeps videos",
				)
			})
			if err != nil {
				return fmt.Errorf("trash video: %w", err)
			}
			l.Core.ForgetGrants()
			l.Core.Announce(ctx, v, storage.EventVideo)
			return nil
		},
	)
}

// mailNotices tells owners by mail, each in one message, once. Where no mail server is set, the
// notices wait for one.
func (l *Library) mailNotices(ctx context.Context) (int, error) {
	if l.Mailer == nil {
		return 0, nil
	}
	mailed := 0
	for {
		notices, err := l.Store.ClaimNotices(ctx, l.Now(), storage.KeepingBatch)
		if err != nil || len(notices) == 0 {
			return mailed, err
		}
		if err := l.mailNotice(ctx, notices); err != nil {
			return mailed, err
		}
		mailed += len(notices)
	}
}

func (l *Library) mailNotice(ctx context.Context, notices []storage.Notice) error {
	owner, err := l.Store.IdentityByUser(ctx, notices[0].OwnerID)
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
		"\nDownload what you want to keep before then:\n\n%s/\n\nFrom the trash they can be restored for %d days.\n",
		l.Site,
		int(storage.TrashFor.Hours()/24),
	)
	subject := "A video of yours leaves soon"
	if len(notices) > 1 {
		subject = fmt.Sprintf("%d videos of yours leave soon", len(notices))
	}
	err = l.Mailer.Send(ctx, storage.Mail{To: owner.User.Email, Subject: subject, Text: text.String()})
	if err == nil {
		return nil
	}
	if storage.KindOf(err) == storage.Invalid {
		l.Log.Warn("a notice reaches nobody: its mail address is refused", "user_id", owner.User.ID, "error", err)
		return nil
	}
	ids := make([]storage.VideoID, len(notices))
	for i, n := range notices {
		ids[i] = n.VideoID
	}
	if undo := l.Store.UnclaimNotices(context.WithoutCancel(ctx), ids); undo != nil {
		l.Log.Warn("a notice was not mailed and will not be", "user_id", owner.User.ID, "error", undo)
	}
	return fmt.Errorf("send mail: %w", err)
}
