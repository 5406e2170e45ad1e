package access

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
)

// The lifetime of a session.
const (
	SessionFor  = 30 * 24 * time.Hour
	SessionIdle = 14 * 24 * time.Hour // without use
)

// HoldSelf locks the actor's account until the transaction ends. It refuses a request that began
// before the account's address was proved, because that proof ended the actor's credential.
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

// StartSession signs a person in, in the given workspace of theirs. If it is empty, in their oldest
// one.
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
