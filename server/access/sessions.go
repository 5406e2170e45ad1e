package access

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
)

// How long a session lives.
const (
	SessionFor  = 30 * 24 * time.Hour
	SessionIdle = 14 * 24 * time.Hour // without use
)

// HoldSelf holds the actor's account until the transaction ends, and refuses what was asked for
// before its address was proved: that ended the way in which the request came by.
func (c *Core) HoldSelf(ctx context.Context, tx storage.Store, a Actor) error {
	if err := tx.HoldUser(ctx, a.UserID); err != nil {
		return storage.OrOther(err, errSessionEnded)
	}
	id, err := tx.IdentityByUser(ctx, a.UserID)
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	if (id.User.VerifiedAt != nil) != a.Verified {
		return errSessionEnded
	}
	return nil
}

// StartSession signs a person in, in one of their workspaces; in the oldest one when it is empty.
func (c *Core) StartSession(
	ctx context.Context,
	st storage.Store,
	user storage.UserID,
	w storage.WorkspaceID,
	device string,
) (string, error) {
	secret := storage.NewSecret()
	now := c.Now()
	s := storage.Session{
		Hash:        storage.SecretHash(secret),
		UserID:      user,
		WorkspaceID: w,
		Device:      storage.CleanLine(device, 200),
		CreatedAt:   now,
		LastUsed:    now,
		ExpiresAt:   now.Add(SessionFor),
	}
	if err := st.CreateSession(ctx, s); err != nil {
		return "", fmt.Errorf("create session: %w", err)
	}
	return secret, nil
}
