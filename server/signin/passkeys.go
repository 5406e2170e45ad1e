package signin

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// MaxPasskeys is how many passkeys a person can have.
const MaxPasskeys = 50

// Passkeys lists the actor's own passkeys, oldest first.
func (s *Service) Passkeys(ctx context.Context, a access.Actor) ([]storage.Passkey, error) {
	if err := s.core.May(ctx, a, access.ManageCredentials); err != nil {
		return nil, err
	}
	list, err := s.core.Store.Passkeys(ctx, a.UserID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return list, nil
}

// AddPasskey adds a new passkey to the actor's account. The caller has checked it. Conflict if it
// is here already.
func (s *Service) AddPasskey(ctx context.Context, a access.Actor, p storage.Passkey) (storage.Passkey, error) {
	if err := s.core.May(ctx, a, access.ManageCredentials); err != nil {
		return storage.Passkey{}, err
	}
	p.ID, p.UserID, p.CreatedAt, p.LastUsed = storage.PasskeyID(s.core.NewID()), a.UserID, s.core.Now(), nil
	if p.Name = storage.CleanLine(p.Name, storage.MaxNameRunes); p.Name == "" {
		p.Name = "Passkey"
	}
	err := s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := s.core.HoldSelf(ctx, tx, a); err != nil {
			return err
		}
		have, err := tx.Passkeys(ctx, a.UserID)
		if err != nil {
			return fmt.Errorf("list passkeys: %w", err)
		}
		if len(have) >= MaxPasskeys {
			return storage.E(
				storage.Conflict,
				fmt.Sprintf(
					"You have %d passkeys, which is the most. Remove one that you no longer use.",
					len(have),
				),
				nil,
			)
		}
		if err := tx.CreatePasskey(ctx, p); err != nil {
			return err
		}
		return s.core.AuditOwn(ctx, tx, a, ActionPasskeyAdded, a.Email, p.Name)
	})
	return p, err
}

// RemovePasskey removes one of the actor's own passkeys. NotFound if there is none.
func (s *Service) RemovePasskey(ctx context.Context, a access.Actor, id storage.PasskeyID) error {
	list, err := s.Passkeys(ctx, a)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.ID != id {
			continue
		}
		return s.core.Store.InTx(ctx, func(tx storage.Store) error {
			if err := tx.DeletePasskey(ctx, a.UserID, id); err != nil {
				return err
			}
			return s.core.AuditOwn(ctx, tx, a, ActionPasskeyRemoved, a.Email, p.Name)
		})
	}
	return storage.E(storage.NotFound, "You have no such passkey. Load the page again to see those that you have.", nil)
}

var errWrongPasskey = storage.E(
	storage.Unauthenticated,
	"This passkey belongs to no account here. Sign in another way, then add it again.",
	nil,
)

// PasskeyOf finds the passkey that a device has signed with. Unauthenticated if there is none.
func (s *Service) PasskeyOf(ctx context.Context, credentialID string) (storage.Passkey, error) {
	p, err := s.core.Store.PasskeyByCredential(ctx, credentialID)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Passkey{}, errWrongPasskey
	}
	if err != nil {
		return storage.Passkey{}, fmt.Errorf("find passkey: %w", err)
	}
	return p, nil
}

// LogInByPasskey signs in the owner of a passkey. The caller has checked the signature.
// Unauthenticated if its count has not grown: then two devices have the same private key, and one
// of them stole it.
func (s *Service) LogInByPasskey(
	ctx context.Context,
	p storage.Passkey,
	use storage.PasskeyUse,
	from Entry,
) (cookie string, err error) {
	id, err := s.core.Store.IdentityByUser(ctx, p.UserID)
	if err != nil {
		return "", fmt.Errorf("find account: %w", err)
	}
	use.ID = p.ID
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldUser(ctx, id.User.ID); err != nil {
			return fmt.Errorf("hold account: %w", err)
		}
		if err := tx.UsePasskey(ctx, use, s.core.Now()); err != nil {
			return err
		}
		cookie, err = s.logIn(ctx, tx, id, "", "passkey "+p.Name, from)
		return err
	})
	if err != nil && storage.KindOf(err) == storage.Conflict {
		return "", s.refusePasskey(ctx, id, p, use, from)
	}
	if err != nil {
		return "", fmt.Errorf("log in by passkey: %w", err)
	}
	return cookie, nil
}

func (s *Service) refusePasskey(
	ctx context.Context,
	id storage.Identity,
	p storage.Passkey,
	use storage.PasskeyUse,
	from Entry,
) error {
	s.core.Log.Warn(
		"passkey refused: its count went back",
		"user_id",
		id.User.ID,
		"passkey_id",
		p.ID,
		"count",
		use.SignCount,
		"before",
		p.SignCount,
	)
	detail := fmt.Sprintf("%s: its count was %d, and is %d", p.Name, p.SignCount, use.SignCount)
	if err := s.core.AuditOwn(
		ctx,
		s.core.Store,
		actorFrom(id, from),
		ActionPasskeyRefused,
		id.User.Email,
		detail,
	); err != nil {
		return err
	}
	return storage.E(
		storage.Unauthenticated,
		"This passkey was refused: there seems to be a copy of it. Sign in another way and remove it.",
		nil,
	)
}
