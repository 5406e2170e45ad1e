package meanwhile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// How the rows of what is deleted for good are worked on.
const (
	doomedLease = 5 * time.Minute // how long rows belong to the worker that took them
	// lookAgain is when the folders of a deleted video are looked at once more: by then every
	// request and every step that had not heard of its end has come to its own.
	lookAgain = 24 * time.Hour
)

// setTrashed puts v into the trash, or takes it out, and says so in the log.
func (l *Library) setTrashed(ctx context.Context, a access.Actor, v storage.Video, at *time.Time) error {
	return l.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.SetVideoTrashed(ctx, v.ID, at); err != nil {
			return err
		}
		action := storage.ActionTrash
		if at == nil {
			action = storage.ActionRestore
		}
		return l.Core.Audit(ctx, tx, a, v.WorkspaceID, action, v.Title, "")
	})
}

// DeleteForever deletes what is in the trash before its time: from here on nobody finds it, and a
// worker removes its objects. Conflict for a video that is not in the trash, NotFound.
func (l *Library) DeleteForever(ctx context.Context, a access.Actor, id storage.VideoID) error {
	v, err := l.Core.VideoFor(ctx, a, id, access.ToEdit)
	if err != nil {
		return err
	}
	if v.TrashedAt == nil {
		return storage.E(storage.Conflict, "This video is not in the trash. Put it there first.", nil)
	}
	err = l.purge(ctx, a, v, l.Now())
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return access.NotThere(err) // somebody has restored or deleted it
	}
	return err
}

// purge is the first phase: every row goes at once, and what is left to be deleted is written down
// in the same transaction. NotFound when v is not in the trash since then or longer.
func (l *Library) purge(ctx context.Context, a access.Actor, v storage.Video, then time.Time) error {
	now := l.Now()
	err := l.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.DoomVideo(ctx, v.ID, then, now, now.Add(lookAgain)); err != nil {
			return err
		}
		return l.Core.Audit(ctx, tx, a, v.WorkspaceID, storage.ActionPurge, v.Title, "")
	})
	if err != nil {
		return fmt.Errorf("delete video for good: %w", err)
	}
	l.Core.ForgetGrants()
	l.Core.Announce(ctx, v, storage.EventVideo)
	return nil
}

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
		{"put notices on videos", &t.Notices, l.putNotices},
		{"send notices", nil, l.Notify.MailNotices},
		{"end notices", &t.Trashed, l.endNotices},
		{"empty the trash", &t.Purged, l.emptyTrash},
		{"delete accounts", &t.Accounts, l.deleteAccounts},
		{"delete objects", &t.Objects, l.deleteDoomed},
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

// emptyTrash purges what was in the trash for TrashFor.
func (l *Library) emptyTrash(ctx context.Context) (int, error) {
	then := l.Now().Add(-storage.TrashFor)
	return l.rounds(
		ctx,
		func() ([]storage.VideoID, error) { return l.Store.TrashedSince(ctx, then, storage.KeepingBatch) },
		func(id storage.VideoID) error {
			return l.purgeByID(ctx, id, then)
		},
	)
}

func (l *Library) purgeByID(ctx context.Context, id storage.VideoID, then time.Time) error {
	v, err := l.Store.VideoByID(ctx, id)
	if err != nil {
		return fmt.Errorf("find video: %w", err)
	}
	return l.purge(ctx, access.Actor{}, v, then)
}

// rounds does something to each video of a list, and lists again until none are left, or all are
// somebody else's: what others did meanwhile is no error. A video with which something is wrong
// does not keep the others.
func (l *Library) rounds(
	ctx context.Context,
	list func() ([]storage.VideoID, error),
	do func(storage.VideoID) error,
) (int, error) {
	done := 0
	var failed error
	for {
		ids, err := list()
		if err != nil || len(ids) == 0 {
			return done, errors.Join(failed, err)
		}
		before := done
		for _, id := range ids {
			err := do(id)
			if err != nil && storage.KindOf(err) == storage.NotFound {
				continue
			}
			if err != nil && (storage.KindOf(err) == storage.Unavailable || ctx.Err() != nil) {
				return done, err
			}
			if err != nil {
				failed = err
				continue
			}
			done++
		}
		if done == before {
			return done, failed
		}
	}
}

// deleteDoomed is the second phase: objects go first, then the row that names them, so that whoever
// is interrupted is followed by somebody who does the rest. A row that fails comes back when its
// lease is over; the others go on.
func (l *Library) deleteDoomed(ctx context.Context) (int, error) {
	deleted := 0
	var failed error
	for {
		now := l.Now()
		rows, err := l.Store.ClaimDoomed(ctx, now, now.Add(doomedLease), storage.KeepingBatch)
		if err != nil || len(rows) == 0 {
			return deleted, errors.Join(failed, err)
		}
		for _, d := range rows {
			n, err := l.deleteObjects(ctx, d)
			deleted += n
			if err == nil {
				err = l.Store.DropDoomed(ctx, d)
			}
			if err == nil {
				continue
			}
			if storage.KindOf(err) == storage.Unavailable || ctx.Err() != nil {
				return deleted, err
			}
			failed = err
		}
	}
}

// deleteObjects removes one object, or all of a folder.
func (l *Library) deleteObjects(ctx context.Context, d storage.Doomed) (int, error) {
	if !strings.HasSuffix(d.Key, "/") {
		if err := l.Objects.Delete(ctx, d.Key); err != nil {
			return 0, fmt.Errorf("delete object: %w", err)
		}
		return 1, nil
	}
	deleted := 0
	for o, err := range l.Objects.List(ctx, d.Key) {
		if err != nil {
			return deleted, fmt.Errorf("list objects: %w", err)
		}
		if err := l.Objects.Delete(ctx, o.Key); err != nil {
			return deleted, fmt.Errorf("delete object: %w", err)
		}
		deleted++
	}
	return deleted, nil
}
