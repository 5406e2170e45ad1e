package signin

import (
	"context"
	"fmt"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Audit actions about how people sign in.
const (
	ActionLogIn          storage.Action = "log-in"
	ActionPasskeyAdded   storage.Action = "passkey-added"
	ActionPasskeyRemoved storage.Action = "passkey-removed"
	ActionPasskeyRefused storage.Action = "passkey-refused"
	ActionProviderTied   storage.Action = "provider-tied"
	ActionAddressProved  storage.Action = "address-proved"
)

// Entry describes where a log-in comes from.
type Entry struct {
	Device  string // the user agent
	Address string // the network address, for the log of the workspace
}

// actorFrom is the actor that the log shows for a person's own log-in. It has no rights.
func actorFrom(id storage.Identity, from Entry) access.Actor {
	return access.Actor{
		UserID:      id.User.ID,
		Name:        id.User.Name,
		Email:       id.User.Email,
		WorkspaceID: id.WorkspaceID,
		Address:     from.Address,
	}
}

// logIn begins a session in workspace w (the person's oldest one if empty) and writes an audit
// entry. w is id's workspace in both cases. way says how they signed in.
func (s *Service) logIn(
	ctx context.Context,
	tx storage.Store,
	id storage.Identity,
	w storage.WorkspaceID,
	way string,
	from Entry,
) (cookie string, err error) {
	if cookie, err = s.core.StartSession(ctx, tx, id.User.ID, w, from.Device); err != nil {
		return "", err
	}
	return cookie, s.core.AuditOwn(ctx, tx, actorFrom(id, from), ActionLogIn, id.User.Email, way)
}

// logInNew is logIn for an account that was just made.
func (s *Service) logInNew(
	ctx context.Context,
	tx storage.Store,
	user storage.UserID,
	way string,
	from Entry,
) (cookie string, err error) {
	id, err := tx.IdentityByUser(ctx, user)
	if err != nil {
		return "", fmt.Errorf("find account: %w", err)
	}
	return s.logIn(ctx, tx, id, "", way, from)
}

// proveAddress records that a person has proved their mail address. Until then, somebody else may
// have made the account and waited. So the first proof ends every older way to sign in.
func (s *Service) proveAddress(ctx context.Context, tx storage.Store, user storage.UserID, from Entry) error {
	// of two proofs at once, the second one must not end the first one's session
	if err := tx.HoldUser(ctx, user); err != nil {
		return fmt.Errorf("hold account: %w", err)
	}
	id, err := tx.IdentityByUser(ctx, user)
	if err != nil {
		return fmt.Errorf("find account: %w", err)
	}
	if id.User.VerifiedAt != nil {
		return nil
	}
	if err := tx.DropCredentials(ctx, user); err != nil {
		return fmt.Errorf("drop sessions, keys and log-in links: %w", err)
	}
	if err := tx.VerifyEmail(ctx, user, s.core.Now()); err != nil {
		return fmt.Errorf("verify mail address: %w", err)
	}
	return s.core.AuditOwn(ctx, tx, actorFrom(id, from), ActionAddressProved, id.User.Email, "")
}

// replacePassword sets a person's password, and ends the sessions and log-in links from before.
func (s *Service) replacePassword(ctx context.Context, tx storage.Store, user storage.UserID, hash string) error {
	if err := tx.SetPassword(ctx, user, hash); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	if err := tx.EndSessions(ctx, user, ""); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	if err := tx.DropLoginLinks(ctx, user); err != nil {
		return fmt.Errorf("take log-in links back: %w", err)
	}
	return nil
}

var errWrongLogin = storage.E(storage.Unauthenticated, "Mail address and password do not match. Try again.", nil)

// LogIn checks a password, starts a session and returns its cookie value. Unauthenticated if they
// do not match, with the same error and time whether or not the address is known.
func (s *Service) LogIn(ctx context.Context, email, password string, from Entry) (cookie string, err error) {
	id, err := s.core.Store.IdentityByEmail(ctx, strings.TrimSpace(email))
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return "", fmt.Errorf("find account: %w", err)
	}
	hash := id.User.PasswordHash
	if hash == "" {
		hash = dummyHash
	}
	ok, err := s.core.VerifyPassword(ctx, password, hash)
	if err != nil {
		return "", fmt.Errorf("check password: %w", err)
	}
	if !ok || id.User.PasswordHash == "" {
		return "", errWrongLogin
	}
	checked := id.User.PasswordHash
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldUser(ctx, id.User.ID); err != nil {
			return storage.OrOther(err, errWrongLogin)
		}
		if id, err = tx.IdentityByUser(ctx, id.User.ID); err != nil {
			return fmt.Errorf("find account: %w", err)
		}
		if id.User.PasswordHash != checked {
			return errWrongLogin // it changed during the check
		}
		cookie, err = s.logIn(ctx, tx, id, "", "password", from)
		return err
	})
	return cookie, err
}

// dummyHash takes as long to check as a real one (argon2id, 19 MiB, t=2). It is nobody's password.
const dummyHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// CheckLoginLink returns nil while secret can still sign in, NotFound otherwise. It does not use
// the link up, because mail scanners open links.
func (s *Service) CheckLoginLink(ctx context.Context, secret string) error {
	link, err := s.core.Store.LoginLinkByHash(ctx, storage.SecretHash(secret))
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return fmt.Errorf("find login link: %w", err)
	}
	if err != nil || link.UsedAt != nil || !s.core.Now().Before(link.ExpiresAt) {
		return storage.E(storage.NotFound, "This log-in link was used already or has ended. Ask for a new one.", err)
	}
	return nil
}

// LogInByLink uses a log-in link up and starts a session. A given password is set, which ends the
// person's other sessions. The first mailed link proves the person's address. NotFound if the link
// was used or has ended.
func (s *Service) LogInByLink(ctx context.Context, secret, password string, from Entry) (cookie string, err error) {
	if err := s.CheckLoginLink(ctx, secret); err != nil {
		return "", err
	}
	var hash string
	if password != "" {
		if hash, err = s.hashPassword(ctx, password); err != nil {
			return "", err
		}
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		link, err := tx.LoginLinkByHash(ctx, storage.SecretHash(secret))
		if err != nil {
			return err
		}
		if err := tx.HoldUser(ctx, link.UserID); err != nil {
			return fmt.Errorf("hold account: %w", err)
		}
		user, err := tx.UseLoginLink(ctx, link.Hash, s.core.Now())
		if err != nil {
			return err
		}
		if link.Mailed {
			if err := s.proveAddress(ctx, tx, user, from); err != nil {
				return err
			}
		}
		if hash != "" {
			if err := s.replacePassword(ctx, tx, user, hash); err != nil {
				return err
			}
		}
		id, err := tx.IdentityByUser(ctx, user)
		if err != nil {
			return err
		}
		cookie, err = s.logIn(ctx, tx, id, "", "link", from)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("use login link: %w", err)
	}
	s.core.ForgetKeys()
	return cookie, nil
}

// LogOut ends the session. An unknown one is no error.
func (s *Service) LogOut(ctx context.Context, cookie string) error {
	return s.core.Store.DeleteSession(ctx, storage.SecretHash(cookie))
}
