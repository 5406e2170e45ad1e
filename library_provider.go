package meanwhile

import (
	"context"
	"fmt"
)

// LogInByProvider signs in who has signed in at the provider, whose word c is. The first time, that
// ties the account there to the one here with the same mail address, if the provider says that the
// address is theirs, or makes one for who is invited or has an address of a domain that a workspace
// takes people from. Forbidden otherwise.
func (l *Library) LogInByProvider(ctx context.Context, c Claims, from Entry) (cookie string, err error) {
	if c.Issuer == "" || c.Subject == "" {
		return "", E(Invalid, "The provider does not say who you are. Tell whoever runs this site.", nil)
	}
	err = l.Store.InTx(ctx, func(tx Store) error {
		id, err := l.identityOf(ctx, tx, c, from)
		if err != nil {
			return err
		}
		cookie, err = l.logIn(ctx, tx, id, "", "provider "+c.Issuer, from)
		return err
	})
	if err != nil {
		return "", err
	}
	l.keys.forget()
	return cookie, nil
}

func (l *Library) identityOf(ctx context.Context, tx Store, c Claims, from Entry) (Identity, error) {
	user, err := tx.UserByProvider(ctx, c.Issuer, c.Subject)
	if err == nil {
		return tx.IdentityByUser(ctx, user)
	}
	if KindOf(err) != NotFound {
		return Identity{}, fmt.Errorf("find provider account: %w", err)
	}
	if !c.EmailVerified {
		return Identity{}, E(
			Forbidden,
			"The provider does not say that your mail address is yours, so it opens nothing here. Confirm the "+
				"address there, then try again.",
			nil,
		)
	}
	id, err := l.identityByClaims(ctx, tx, c, from)
	if err != nil {
		return Identity{}, err
	}
	tied := ProviderAccount{Issuer: c.Issuer, Subject: c.Subject, UserID: id.User.ID, CreatedAt: l.Now()}
	if err := tx.CreateProviderAccount(ctx, tied); err != nil {
		return Identity{}, err
	}
	return id, l.noteOwn(ctx, tx, actorFrom(id, from), ActionProviderTied, id.User.Email, c.Issuer)
}

// identityByClaims finds the account with the address that the provider vouches for, or makes one
// for who may join a workspace.
func (l *Library) identityByClaims(ctx context.Context, tx Store, c Claims, from Entry) (Identity, error) {
	email, err := cleanEmail(c.Email)
	if err != nil {
		return Identity{}, E(
			Forbidden,
			"The provider tells no mail address of yours. Let it share the address, then try again.",
			err,
		)
	}
	id, err := tx.IdentityByEmail(ctx, email)
	if err != nil && KindOf(err) == NotFound {
		return l.newIdentity(ctx, tx, c, email, from)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("find account: %w", err)
	}
	return id, l.proveAddress(ctx, tx, id.User.ID, from)
}

// newIdentity makes an account for who was invited, or has an address that a workspace takes people
// from.
func (l *Library) newIdentity(ctx context.Context, tx Store, c Claims, email string, from Entry) (Identity, error) {
	m, by, err := l.openDoor(ctx, tx, email)
	if err != nil {
		return Identity{}, err
	}
	u, err := l.newUser(ctx, Account{Email: email, Name: c.Name})
	if err != nil {
		return Identity{}, err
	}
	if by.Hash != "" {
		if err := tx.UseInvite(ctx, by.Hash, l.Now(), u.ID); err != nil {
			return Identity{}, orOther(err, errNoInvite)
		}
	}
	if err := l.addUser(ctx, tx, u, m.WorkspaceID, m.Role); err != nil {
		return Identity{}, err
	}
	if err := tx.VerifyEmail(ctx, u.ID, l.Now()); err != nil {
		return Identity{}, fmt.Errorf("verify mail address: %w", err)
	}
	id := Identity{User: u, WorkspaceID: m.WorkspaceID, Role: m.Role}
	return id, l.note(ctx, tx, actorFrom(id, from), m.WorkspaceID, ActionJoined, u.Email, joinedBy(by))
}

// openDoor is the workspace that somebody with that address may come into, and the invite that says
// so, if there is one. Forbidden.
func (l *Library) openDoor(ctx context.Context, tx Store, email string) (Membership, Invite, error) {
	invites, err := tx.InvitesTo(ctx, email, l.Now())
	if err != nil {
		return Membership{}, Invite{}, fmt.Errorf("find invites: %w", err)
	}
	if len(invites) > 0 {
		return Membership{WorkspaceID: invites[0].WorkspaceID, Role: invites[0].Role}, invites[0], nil
	}
	w, err := l.workspaceForDomain(ctx, tx, email)
	if err != nil && KindOf(err) == Forbidden {
		return Membership{}, Invite{}, E(
			Forbidden,
			"There is no account with your mail address here. Ask whoever runs this site to invite you.",
			err,
		)
	}
	return Membership{WorkspaceID: w.ID, Role: RoleMember}, Invite{Role: RoleMember}, err
}
