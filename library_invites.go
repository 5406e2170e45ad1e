package meanwhile

import (
	"context"
	"fmt"
	"strings"

	"meanwhile/server/people"
	"meanwhile/storage"
)

// SignUpByInvite makes an account in the workspace of an invite and signs it in. Errors are
// InviteBySecret's; Conflict when there is an account with that address, which does not use the
// invite up.
func (l *Library) SignUpByInvite(
	ctx context.Context,
	secret string,
	acc Account,
	from Entry,
) (cookie string, err error) {
	i, err := l.People.InviteFor(ctx, l.Store, strings.TrimSpace(acc.Email), secret)
	if err != nil {
		return "", err
	}
	u, err := l.newUser(ctx, acc)
	if err != nil {
		return "", err
	}
	if acc.Password == "" {
		return "", storage.E(storage.Invalid, "Choose a password, so that you can sign in again.", nil)
	}
	err = l.Store.InTx(ctx, func(tx storage.Store) error {
		if i, err = l.People.InviteFor(ctx, tx, u.Email, secret); err != nil {
			return err
		}
		if err := tx.UseInvite(ctx, i.Hash, l.Now(), u.ID); err != nil {
			return storage.OrOther(err, people.ErrNoInvite)
		}
		if err := l.addUser(ctx, tx, u, i.WorkspaceID, i.Role); err != nil {
			return err
		}
		id := storage.Identity{User: u, WorkspaceID: i.WorkspaceID, Role: i.Role}
		if err := l.Core.Audit(
			ctx,
			tx,
			actorFrom(id, from),
			i.WorkspaceID,
			people.ActionJoined,
			u.Email,
			people.JoinedBy(i),
		); err != nil {
			return err
		}
		if i.ProvesAddress() {
			if err := tx.VerifyEmail(ctx, u.ID, l.Now()); err != nil {
				return fmt.Errorf("verify mail address: %w", err)
			}
		}
		cookie, err = l.logIn(ctx, tx, id, i.WorkspaceID, "invite", from)
		return err
	})
	return cookie, err
}
