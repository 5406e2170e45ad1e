package servertest

import (
	"context"
	"errors"
	"fmt"
)

// Tidied counts what one round of TidyUp did.
type Tidied struct{ Notices, Trashed, Purged, Accounts, Objects int }

// TidyUp does the program's chores once, in the program's order.
func (s *Services) TidyUp(ctx context.Context) (Tidied, error) {
	var t Tidied
	var none int
	var errs []error
	for _, chore := range []struct {
		what string
		done *int
		do   func(context.Context) (int, error)
	}{
		{"put notices on videos", &t.Notices, s.Videos.PutNotices},
		{"send notices", &none, s.Notify.MailNotices},
		{"end notices", &t.Trashed, s.Videos.EndNotices},
		{"empty the trash", &t.Purged, s.Videos.EmptyTrash},
		{"delete accounts", &t.Accounts, s.Archive.DeleteAccounts},
		{"delete objects", &t.Objects, s.Videos.DeleteDoomed},
	} {
		n, err := chore.do(ctx)
		*chore.done = n
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", chore.what, err))
		}
	}
	return t, errors.Join(errs...)
}
