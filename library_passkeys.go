package meanwhile

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// MaxPasskeys is how many passkeys a person can have.
const MaxPasskeys = 50

// Passkeys lists the actor's own, oldest first.
func (l *Library) Passkeys(ctx context.Context, a access.Actor) ([]storage.Passkey, error) {
	if err := l.Core.May(a, access.ManageCredentials); err != nil {
		return nil, err
	}
	list, err := l.Store.Passkeys(ctx, a.UserID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return list, nil
}

// AddPasskey gives the actor a passkey whose making was checked. Conflict when it is here already.
func (l *Library) AddPasskey(ctx context.Context, a access.Actor, p storage.Passkey) (storage.Passkey, error) {
	if err := l.Core.May(a, access.ManageCredentials); err != nil {
		return storage.Passkey{}, err
	}
	p.ID, p.UserID, p.CreatedAt, p.LastUsed = storage.PasskeyID(l.NewID()), a.UserID, l.Now(), nil
	if p.Name = storage.CleanLine(p.Name, storage.MaxNameRunes); p.Name == "" {
		p.Name = "Passkey"
	}
	err := l.Store.InTx(ctx, func(tx storage.Store) error {
		if err := l.Core.HoldSelf(ctx, tx, a); err != nil {
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
					"You have %d passkeys, which is as many as fit. Remove one that you no longer use.",
					len(have),
				),
				nil,
			)
		}
		if err := tx.CreatePasskey(ctx, p); err != nil {
			return err
		}
		return l.Core.AuditOwn(ctx, tx, a, ActionPasskeyAdded, a.Email, p.Name)
	})
	return p, err
}

// RemovePasskey ends one of the actor's own passkeys. NotFound.
func (l *Library) RemovePasskey(ctx context.Context, a access.Actor, id storage.PasskeyID) error {
	list, err := l.Passkeys(ctx, a)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.ID != id {
			continue
		}
		return l.Store.InTx(ctx, func(tx storage.Store) error {
			if err := tx.DeletePasskey(ctx, a.UserID, id); err != nil {
				return err
			}
			return l.Core.AuditOwn(ctx, tx, a, ActionPasskeyRemoved, a.Email, p.Name)
		})
	}
	return storage.E(storage.NotFound, "You have no such passkey. Load the page again to see those that you have.", nil)
}

var errWrongPasskey = storage.E(
	storage.Unauthenticated,
	"This passkey opens nothing here. Sign in in another way, then add it again.",
	nil,
)

// PasskeyOf finds the passkey that a device has signed with. Unauthenticated when there is none.
func (l *Library) PasskeyOf(ctx context.Context, credentialID string) (storage.Passkey, error) {
	p, err := l.Store.PasskeyByCredential(ctx, credentialID)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return storage.Passkey{}, errWrongPasskey
	}
	if err != nil {
		return storage.Passkey{}, fmt.Errorf("find passkey: %w", err)
	}
	return p, nil
}

// LogInByPasskey signs in whose passkey it is, after its signature was found right. Unauthenticated
// when its count has not grown: then two devices have the same private key, and one of them stole
// it.
func (l *Library) LogInByPasskey(
	ctx context.Context,
	p storage.Passkey,
	use storage.PasskeyUse,
	from Entry,
) (cookie string, err error) {
	id, err := l.Store.IdentityByUser(ctx, p.UserID)
	if err != nil {
		return "", fmt.Errorf("find account: %w", err)
	}
	use.ID = p.ID
	err = l.Store.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldUser(ctx, id.User.ID); err != nil {
			return fmt.Errorf("hold account: %w", err)
		}
		if err := tx.UsePasskey(ctx, use, l.Now()); err != nil {
			return err
		}
		cookie, err = l.logIn(ctx, tx, id, "", "passkey "+p.Name, from)
		return err
	})
	if err != nil && storage.KindOf(err) == storage.Conflict {
		return "", l.refusePasskey(ctx, id, p, use, from)
	}
	if err != nil {
		return "", fmt.Errorf("log in by passkey: %w", err)
	}
	return cookie, nil
}

func (l *Library) refusePasskey(
	ctx context.Context,
	id storage.Identity,
	p storage.Passkey,
	use storage.PasskeyUse,
	from Entry,
) error {
	l.Log.Warn(
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
	if err := l.Core.AuditOwn(
		ctx,
		l.Store,
		actorFrom(id, from),
		ActionPasskeyRefused,
		id.User.Email,
		detail,
	); err != nil {
		return err
	}
	return storage.E(
		storage.Unauthenticated,
		"This passkey was refused: there seem to be two of it. Sign in in another way and remove it.",
		nil,
	)
}
