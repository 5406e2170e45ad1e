package access

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
)

// touchEvery bounds how often a use is written down.
const touchEvery = 5 * time.Minute

var errSessionEnded = storage.E(storage.Unauthenticated, "Your session has ended. Sign in again.", nil)

// BySession is who the cookie stands for. Unauthenticated when it is unknown or over.
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
		if err := c.Store.TouchSession(ctx, s.Hash, now); err != nil {
			return Actor{}, fmt.Errorf("note session use: %w", err)
		}
	}
	return actorOf(id, nil), nil
}

// keyCheck is how long a key is believed after its row was read. A key's own end counts at once.
const keyCheck = 2 * time.Second

// keyHolder is a key and whose it is.
type keyHolder struct {
	key storage.APIKey
	id  storage.Identity
}

// ByKey is who the API key stands for. Unauthenticated when it is unknown or over; a row that
// has changed counts within keyCheck.
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
			return Actor{}, noKey(err) // nor does a key work on where its person has left
		}
		c.keys.put(hash, holder, now)
	}
	k := holder.key
	if k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) {
		return Actor{}, noKey(nil)
	}
	if !known && (k.LastUsed == nil || now.Sub(*k.LastUsed) > touchEvery) {
		if err := c.Store.TouchAPIKey(ctx, k.ID, now); err != nil {
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

// actorOf is a person where they are at work; scopes are those of a key, nil for a session.
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

// Guest is somebody without an account, or whose account does not matter. Links alone let them in.
func Guest() Actor { return Actor{} }
