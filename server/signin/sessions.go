package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// maxKeys limits the API keys of a person in a workspace.
const maxKeys = 100

// OwnSession is a session for its own person.
type OwnSession struct {
	storage.Session
	Current bool // the session of this request
}

// Sessions lists where the actor is signed in. cookie belongs to the session of this request.
func (s *Service) Sessions(ctx context.Context, a access.Actor, cookie string) ([]OwnSession, error) {
	if err := s.core.May(ctx, a, access.ManageCredentials); err != nil {
		return nil, err
	}
	list, err := s.core.Store.Sessions(ctx, a.UserID, s.core.Now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	own, current := make([]OwnSession, 0, len(list)), storage.SecretHash(cookie)
	for _, session := range list {
		if s.core.Now().Sub(session.LastUsed) < access.SessionIdle {
			own = append(own, OwnSession{Session: session, Current: session.Hash == current})
		}
	}
	return own, nil
}

// EndSession signs one of the actor's browsers out. NotFound if there is no such session.
func (s *Service) EndSession(ctx context.Context, a access.Actor, id string) error {
	own, err := s.Sessions(ctx, a, "")
	if err != nil {
		return err
	}
	for _, ownSession := range own {
		if ownSession.ID() == id {
			return s.endOwn(
				ctx,
				a,
				ownSession.Device,
				func(tx storage.Store) error { return tx.DeleteSession(ctx, ownSession.Hash) },
			)
		}
	}
	return storage.E(storage.NotFound, "There is no such session, or it has ended.", nil)
}

// EndOtherSessions signs out all of the actor's browsers except the one of this request.
func (s *Service) EndOtherSessions(ctx context.Context, a access.Actor, cookie string) error {
	if err := s.core.May(ctx, a, access.ManageCredentials); err != nil {
		return err
	}
	return s.endOwn(
		ctx,
		a,
		"all others",
		func(tx storage.Store) error { return tx.EndSessions(ctx, a.UserID, storage.SecretHash(cookie)) },
	)
}

func (s *Service) endOwn(ctx context.Context, a access.Actor, which string, end func(storage.Store) error) error {
	return s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := end(tx); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return s.core.AuditOwn(ctx, tx, a, ActionSession, a.Email, which)
	})
}

// SwitchWorkspace switches the session to another of the actor's workspaces. NotFound if they are
// not in it.
func (s *Service) SwitchWorkspace(ctx context.Context, a access.Actor, cookie string, w storage.WorkspaceID) error {
	if err := s.core.May(ctx, a, access.ManageCredentials); err != nil {
		return err
	}
	if _, err := s.core.Store.MemberByID(ctx, w, a.UserID); err != nil {
		return storage.OrOther(
			err,
			storage.E(storage.NotFound, "There is no such workspace, or you are not in it.", err),
		)
	}
	return s.core.Store.SwitchSession(ctx, storage.SecretHash(cookie), w)
}

// ChangePassword sets another password. It ends every session and unused log-in link of the actor,
// and returns a new session. An actor who has a password must give it as current. Invalid if it is
// wrong.
func (s *Service) ChangePassword(
	ctx context.Context,
	a access.Actor,
	current, password, device string,
) (cookie string, err error) {
	if err := s.core.May(ctx, a, access.ManageCredentials); err != nil {
		return "", err
	}
	id, err := s.core.Store.IdentityByUser(ctx, a.UserID)
	if err != nil {
		return "", fmt.Errorf("find account: %w", err)
	}
	if id.User.PasswordHash != "" {
		ok, err := s.core.VerifyPassword(ctx, current, id.User.PasswordHash)
		if err != nil {
			return "", fmt.Errorf("check password: %w", err)
		}
		if !ok {
			return "", storage.E(storage.Invalid, "This is not your current password. Nothing was changed.", nil)
		}
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return "", err
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := s.core.HoldSelf(ctx, tx, a); err != nil {
			return err
		}
		if err := s.replacePassword(ctx, tx, a.UserID, hash); err != nil {
			return err
		}
		if cookie, err = s.core.StartSession(ctx, tx, a.UserID, a.WorkspaceID, device); err != nil {
			return err
		}
		return s.core.AuditOwn(ctx, tx, a, ActionPassword, a.Email, "")
	})
	return cookie, err
}

// Keys lists the actor's API keys in this workspace.
func (s *Service) Keys(ctx context.Context, a access.Actor) ([]storage.APIKey, error) {
	if err := s.core.May(ctx, a, access.ManageKeys); err != nil {
		return nil, err
	}
	return s.core.Store.APIKeys(ctx, a.WorkspaceID, a.UserID)
}

// MakeKey makes an API key of the actor for this workspace. It returns the secret, which is stored
// nowhere.
func (s *Service) MakeKey(
	ctx context.Context,
	a access.Actor,
	name string,
	scopes []storage.Scope,
	expires *time.Time,
) (storage.APIKey, string, error) {
	if err := s.core.May(ctx, a, access.ManageKeys); err != nil {
		return storage.APIKey{}, "", err
	}
	k, secret, err := s.newKey(a.UserID, a.WorkspaceID, name, scopes, expires)
	if err != nil {
		return storage.APIKey{}, "", err
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := s.core.HoldSelf(ctx, tx, a); err != nil {
			return err
		}
		have, err := tx.APIKeys(ctx, a.WorkspaceID, a.UserID)
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		if len(have) >= maxKeys {
			return storage.E(
				storage.Conflict,
				fmt.Sprintf("You have %d keys, which is the most. Delete those that you no longer use.", maxKeys),
				nil,
			)
		}
		return s.addKey(ctx, tx, a, k, a.Email)
	})
	return k, secret, err
}

// AddAPIKey makes a key for the account with that address, in its oldest workspace. It returns the
// secret, which is stored nowhere. It is for the operator; people use MakeKey.
func (s *Service) AddAPIKey(
	ctx context.Context,
	email, name string,
	scopes []storage.Scope,
	expires *time.Time,
) (string, error) {
	id, err := s.core.Store.IdentityByEmail(ctx, strings.TrimSpace(email))
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return "", storage.E(
			storage.NotFound,
			"There is no account with this mail address. Make one with: meanwhile user add EMAIL",
			err,
		)
	}
	if err != nil {
		return "", err
	}
	if id.WorkspaceID == "" {
		return "", storage.E(
			storage.Conflict,
			"This person is in no workspace, but a key needs one. Invite them to a workspace first.",
			nil,
		)
	}
	k, secret, err := s.newKey(id.User.ID, id.WorkspaceID, name, scopes, expires)
	if err != nil {
		return "", err
	}
	return secret, s.core.Store.InTx(
		ctx,
		func(tx storage.Store) error { return s.addKey(ctx, tx, access.Actor{}, k, id.User.Email) },
	)
}

func (s *Service) newKey(
	id storage.UserID,
	w storage.WorkspaceID,
	name string,
	scopes []storage.Scope,
	expires *time.Time,
) (storage.APIKey, string, error) {
	name = storage.CleanLine(name, storage.MaxNameRunes)
	if name == "" {
		return storage.APIKey{}, "", storage.E(storage.Invalid, "Give the key a name that says what it is for.", nil)
	}
	if len(scopes) == 0 {
		return storage.APIKey{}, "", storage.E(storage.Invalid, "An API key needs at least one scope.", nil)
	}
	if expires != nil && !expires.After(s.core.Now()) {
		return storage.APIKey{}, "", storage.E(
			storage.Invalid,
			"This date has passed. Give the key a later one.",
			nil,
		)
	}
	secret := "mw_" + storage.NewSecret()
	return storage.APIKey{
		ID:          storage.APIKeyID(s.core.NewID()),
		UserID:      id,
		WorkspaceID: w,
		Name:        name,
		Hash:        storage.SecretHash(secret),
		Scopes:      scopes,
		CreatedAt:   s.core.Now(),
		ExpiresAt:   expires,
	}, secret, nil
}

func (s *Service) addKey(ctx context.Context, tx storage.Store, a access.Actor, k storage.APIKey, whose string) error {
	if err := tx.CreateAPIKey(ctx, k); err != nil {
		return fmt.Errorf("create API key: %w", err)
	}
	return s.core.Audit(ctx, tx, a, k.WorkspaceID, ActionKey, k.Name, fmt.Sprint(whose, " ", k.Scopes))
}

// DeleteKey deletes one of the actor's API keys. NotFound if there is none.
func (s *Service) DeleteKey(ctx context.Context, a access.Actor, id storage.APIKeyID) error {
	if err := s.core.May(ctx, a, access.ManageKeys); err != nil {
		return err
	}
	err := s.core.Store.InTx(ctx, func(tx storage.Store) error {
		have, err := tx.APIKeys(ctx, a.WorkspaceID, a.UserID)
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		i := slices.IndexFunc(have, func(k storage.APIKey) bool { return k.ID == id })
		if i < 0 {
			return storage.E(storage.NotFound, "There is no such key, or it was deleted.", nil)
		}
		if err := tx.DeleteAPIKey(ctx, a.WorkspaceID, a.UserID, id); err != nil {
			return fmt.Errorf("delete key: %w", err)
		}
		return s.core.AuditOwn(ctx, tx, a, ActionKeyDeleted, have[i].Name, a.Email)
	})
	s.core.ForgetKeys()
	return err
}

// Audit actions about sessions and keys.
const (
	ActionPassword   storage.Action = "password-changed"
	ActionSession    storage.Action = "session-ended"
	ActionKey        storage.Action = "key-made"
	ActionKeyDeleted storage.Action = "key-deleted"
)
