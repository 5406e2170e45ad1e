package archive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Leave is the confirmation to delete an account: its password, or if it has none, its mail
// address, typed.
type Leave struct {
	Password string
	Confirm  string
}

// DeleteAccount ends every session, key and log-in link of the actor. The account is deleted after
// DeletionDelay, unless they sign in and stay. It returns that time. Forbidden for an API key and
// for a wrong confirmation; Conflict for the only owner of a workspace with other members.
func (s *Service) DeleteAccount(ctx context.Context, a access.Actor, by Leave) (time.Time, error) {
	if err := access.InPerson(a); err != nil {
		return time.Time{}, err
	}
	id, err := s.core.Store.IdentityByUser(ctx, a.UserID)
	if err != nil {
		return time.Time{}, fmt.Errorf("find account: %w", err)
	}
	if err := s.confirmed(ctx, id.User, by); err != nil {
		return time.Time{}, err
	}
	at := s.core.Now().Add(storage.DeletionDelay).Truncate(time.Millisecond)
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		belongings, err := tx.Belongings(ctx, a.UserID)
		if err != nil {
			return fmt.Errorf("list workspaces: %w", err)
		}
		for _, b := range belongings {
			if b.Role == storage.RoleOwner && b.Owners == 0 && b.Others > 0 {
				return storage.E(
					storage.Conflict,
					fmt.Sprintf(
						"You are the only owner of %q. Hand it over to somebody else first, then delete your account.",
						b.Workspace.Name,
					),
					nil,
				)
			}
			if err := s.core.Audit(
				ctx,
				tx,
				a,
				b.Workspace.ID,
				storage.ActionLeave,
				id.User.Email,
				"on "+at.UTC().Format(time.DateOnly),
			); err != nil {
				return err
			}
		}
		if err := tx.EndCredentials(ctx, a.UserID); err != nil {
			return fmt.Errorf("end credentials: %w", err)
		}
		return tx.SetAccountDeletion(ctx, a.UserID, &at)
	})
	if err != nil {
		return time.Time{}, err
	}
	s.core.ForgetKeys()
	return at, nil
}

func (s *Service) confirmed(ctx context.Context, u storage.User, by Leave) error {
	if u.PasswordHash == "" {
		if by.Confirm == "" || !strings.EqualFold(strings.TrimSpace(by.Confirm), u.Email) {
			return storage.E(
				storage.Forbidden,
				"Type the mail address of your account to confirm that it is to be deleted.",
				nil,
			)
		}
		return nil
	}
	ok, err := s.core.VerifyPassword(ctx, by.Password, u.PasswordHash)
	if err != nil {
		return fmt.Errorf("check password: %w", err)
	}
	if !ok {
		return storage.E(storage.Forbidden, "This is not your password. Nothing was deleted; try again.", nil)
	}
	return nil
}

// LeavesAt returns when the actor's account will be deleted. nil while it stays.
func (s *Service) LeavesAt(ctx context.Context, a access.Actor) (*time.Time, error) {
	if !a.SignedIn() {
		return nil, nil
	}
	at, err := s.core.Store.AccountDeletionOf(ctx, a.UserID)
	if err != nil {
		return nil, fmt.Errorf("read deletion: %w", err)
	}
	return at, nil
}

// Stay cancels a deletion. If the account stays anyway, that is no error. Gone when the time is
// over; Forbidden for an API key.
func (s *Service) Stay(ctx context.Context, a access.Actor) error {
	if err := access.InPerson(a); err != nil {
		return err
	}
	return s.core.Store.InTx(ctx, func(tx storage.Store) error {
		belongings, err := tx.Belongings(ctx, a.UserID)
		if err != nil {
			return fmt.Errorf("list workspaces: %w", err)
		}
		at, err := tx.AccountDeletionOf(ctx, a.UserID)
		if err != nil || at == nil {
			return err
		}
		if !s.core.Now().Before(*at) {
			return storage.E(storage.Gone, "The time to change your mind is over: this account is being deleted.", nil)
		}
		for _, b := range belongings {
			if err := s.core.Audit(ctx, tx, a, b.Workspace.ID, storage.ActionStay, a.Email, ""); err != nil {
				return err
			}
		}
		return tx.SetAccountDeletion(ctx, a.UserID, nil)
	})
}

// DeleteAccounts deletes for good the accounts whose time to stay is over.
func (s *Service) DeleteAccounts(ctx context.Context) (int, error) {
	ids, err := s.core.Store.AccountsToDelete(ctx, s.core.Now(), storage.RetentionBatch)
	if err != nil {
		return 0, err
	}
	done := 0
	var failed error
	for _, id := range ids {
		err := s.deleteAccount(ctx, id)
		if err != nil && storage.KindOf(err) == storage.NotFound {
			continue // another process did it
		}
		if err != nil {
			failed = err // the next account may work
			continue
		}
		done++
	}
	return done, failed
}

// deleteAccount deletes the workspaces where the person was alone, with their videos. A workspace
// with other members keeps its videos.
func (s *Service) deleteAccount(ctx context.Context, id storage.UserID) error {
	belongings, err := s.core.Store.Belongings(ctx, id)
	if err != nil {
		return fmt.Errorf("list workspaces: %w", err)
	}
	for _, b := range belongings {
		if b.Others > 0 {
			continue
		}
		if err := s.emptyWorkspace(ctx, b.Workspace.ID); err != nil {
			return err
		}
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error { return s.dropAccount(ctx, tx, id) })
	if err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	s.core.ForgetKeys()
	return nil
}

// emptyWorkspace purges all videos of a workspace, each in its own transaction, so that none grows
// with their number.
func (s *Service) emptyWorkspace(ctx context.Context, id storage.WorkspaceID) error {
	now := s.core.Now()
	_, err := s.videos.ForEachVideo(
		ctx,
		func() ([]storage.VideoID, error) { return s.core.Store.TrashAll(ctx, id, now, storage.RetentionBatch) },
		func(v storage.VideoID) error {
			return s.videos.PurgeByID(ctx, v, now)
		},
	)
	return err
}

// dropAccount is the transaction that deletes an account.
func (s *Service) dropAccount(ctx context.Context, tx storage.Store, id storage.UserID) error {
	belongings, err := tx.Belongings(ctx, id)
	if err != nil {
		return fmt.Errorf("list workspaces: %w", err)
	}
	who, err := tx.IdentityByUser(ctx, id)
	// a person who left all workspaces has no identity
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find account: %w", err)
	}
	who.User.ID = id
	for _, b := range belongings {
		if b.Others == 0 {
			if err := tx.DeleteWorkspace(ctx, b.Workspace.ID, id); err != nil {
				return fmt.Errorf("delete workspace: %w", err)
			}
			continue
		}
		if err := s.leaveBehind(ctx, tx, b, who.User); err != nil {
			return err
		}
	}
	if key := who.User.PictureKey; key != "" {
		if err := tx.AddDeletions(ctx, []string{key}, s.core.Now(), s.core.Now()); err != nil {
			return fmt.Errorf("delete picture: %w", err)
		}
	}
	return tx.DeleteUser(ctx, id, storage.FormerMember, s.core.Now())
}

// leaveBehind hands over what somebody had in a workspace that continues.
func (s *Service) leaveBehind(ctx context.Context, tx storage.Store, b storage.Belonging, leaving storage.User) error {
	// this was not so when they decided to leave: others have joined, or left
	if b.Role == storage.RoleOwner && b.Owners == 0 {
		heir, err := tx.PromoteToOwner(ctx, b.Workspace.ID, leaving.ID)
		if err != nil {
			return fmt.Errorf("find another owner: %w", err)
		}
		if err := s.core.Audit(
			ctx,
			tx,
			access.Actor{},
			b.Workspace.ID,
			storage.ActionPassToOwner,
			heir.Email,
			"the only owner's account was deleted",
		); err != nil {
			return err
		}
	}
	if err := tx.TransferVideos(ctx, b.Workspace.ID, leaving.ID, storage.FormerMember); err != nil {
		return fmt.Errorf("pass videos on: %w", err)
	}
	return s.core.Audit(ctx, tx, access.Actor{}, b.Workspace.ID, storage.ActionGone, leaving.Email, "")
}
