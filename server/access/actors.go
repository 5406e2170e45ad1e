package access

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
)

// touchEvery limits how often a use is written to the store.
const touchEvery = 5 * time.Minute

var errSessionEnded = storage.E(storage.Unauthenticated, "Your session has ended. Sign in again.", nil)

// BySession returns the actor of a session cookie. Unauthenticated if it is unknown or has ended.
func (c *Core) BySession(ctx context.Context, cookie string) (Actor, error) {
	s, id, err := c.Store.SessionByHash(ctx, storage.SecretHash(cookie))
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return Actor{}, fmt.Errorf("find session: %w", err)
	}
	now := c.Now()
	if err != nil || !now.Before(s.ExpiresAt) || now.Sub(s.LastUsed) >= SessionIdle {
		return Actor{}, errSessionEnded
	}
	if now.Sub(s.LastUsed) > touchEvery {
		if err := c.Store.TouchSession(ctx, s.Hash, now); err != nil && storage.KindOf(err) != storage.Full {
			return Actor{}, fmt.Errorf("note session use: %w", err)
		}
	}
	return actorOf(id, nil), nil
}

// keyCheck is how long a key's row is cached. A key's own end counts at once.
const keyCheck = 2 * time.Second

// keyHolder is a key and its account.
type keyHolder struct {
	key storage.APIKey
	id  storage.Identity
}

// ByKey returns the actor of an API key. Unauthenticated if it is unknown or has ended. A changed
// row counts within keyCheck.
func (c *Core) ByKey(ctx context.Context, secret string) (Actor, error) {
	now := c.Now()
	hash := storage.SecretHash(secret)
	holder, known := c.keys.get(hash, now, keyCheck)
	if !known {
		var err error
		holder.key, holder.id, err = c.Store.APIKeyByHash(ctx, hash)
		if err != nil && storage.KindOf(err) != storage.NotFound {
			return Actor{}, fmt.Errorf("find API key: %w", err)
		}
		if err != nil || holder.id.WorkspaceID == "" {
			return Actor{}, noKey(err) // a key stops working once its person leaves the workspace
		}
		c.keys.put(hash, holder, now)
	}
	k := holder.key
	if k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) {
		return Actor{}, noKey(nil)
	}
	if !known && (k.LastUsed == nil || now.Sub(*k.LastUsed) > touchEvery) {
		if err := c.Store.TouchAPIKey(ctx, k.ID, now); err != nil && storage.KindOf(err) != storage.Full {
			return Actor{}, fmt.Errorf("note API key use: %w", err)
		}
	}
	return actorOf(holder.id, k.Scopes), nil
}

func noKey(err error) error {
	return storage.E(
		storage.Unauthenticated,
		"This API key is unknown or has ended. Make a new one on the site, or with: meanwhile token add",
		err,
	)
}

// actorOf is a person in their open workspace. scopes are those of a key, nil for a session.
func actorOf(id storage.Identity, scopes []storage.Scope) Actor {
	return Actor{
		UserID:        id.User.ID,
		Name:          id.User.Name,
		Email:         id.User.Email,
		Verified:      id.User.VerifiedAt != nil,
		WorkspaceID:   id.WorkspaceID,
		WorkspaceName: id.WorkspaceName,
		role:          id.Role,
		scopes:        scopes,
	}
}

// Guest is somebody without an account, or whose account does not matter. Only links let them in.
func Guest() Actor { return Actor{} }
