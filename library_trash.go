package meanwhile

import (
	"context"
	"errors"
	"fmt"
)

// Tidied counts what one round of TidyUp did.
type Tidied struct {
	Notices  int // videos whose owners were told that they leave
	Trashed  int // videos whose notice was over
	Purged   int // videos that were in the trash long enough
	Accounts int // accounts that were deleted for good
	Objects  int // objects that were deleted
}

// TidyUp does what time brings: notices, the trash, accounts that leave, and the objects of what is
// deleted. It runs on any worker, on several at once, and goes on where one was interrupted. What
// goes wrong in one part does not keep the others.
func (l *Library) TidyUp(ctx context.Context) (Tidied, error) {
	var t Tidied
	var errs []error
	for _, part := range []struct {
		what string
		done *int
		do   func(context.Context) (int, error)
	}{
		{"put notices on videos", &t.Notices, l.Videos.PutNotices},
		{"send notices", nil, l.Notify.MailNotices},
		{"end notices", &t.Trashed, l.Videos.EndNotices},
		{"empty the trash", &t.Purged, l.Videos.EmptyTrash},
		{"delete accounts", &t.Accounts, l.Archive.DeleteAccounts},
		{"delete objects", &t.Objects, l.Videos.DeleteDoomed},
	} {
		n, err := part.do(ctx)
		if part.done != nil {
			*part.done = n
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part.what, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return t, errors.Join(errs...)
}
