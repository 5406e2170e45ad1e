package signin

import (
	"context"
	"fmt"

	"meanwhile/server/people"
	"meanwhile/storage"
)

// LogInByProvider signs in a person who has signed in at the provider. c are the provider's claims.
// The first time, it ties the provider's account to the one here with the same mail address, if the
// provider says that the address is theirs. If there is none, it makes one, for a person who is
// invited or whose domain a workspace accepts. Forbidden otherwise.
func (s *Service) LogInByProvider(ctx context.Context, c storage.Claims, from Entry) (cookie string, err error) {
	if c.Issuer == "" || c.Subject == "" {
		return "", storage.E(
			storage.Invalid,
			"The provider does not say who you are. Tell whoever runs this site.",
			nil,
		)
	}
	err = s.core.Store.InTx(ctx, func(tx storage.Store) error {
		id, err := s.identityOf(ctx, tx, c, from)
		if err != nil {
			return err
		}
		cookie, err = s.logIn(ctx, tx, id, "", "provider "+c.Issuer, from)
		return err
	})
	if err != nil {
		return "", err
	}
	s.core.ForgetKeys()
	return cookie, nil
}

func (s *Service) identityOf(
	ctx context.Context,
	tx storage.Store,
	c storage.Claims,
	from Entry,
) (storage.Identity, error) {
	user, err := tx.UserByProvider(ctx, c.Issuer, c.Subject)
	if err == nil {
		return tx.IdentityByUser(ctx, user)
	}
	if storage.KindOf(err) != storage.NotFound {
		return storage.Identity{}, fmt.Errorf("find provider account: %w", err)
	}
	if !c.EmailVerified {
		return storage.Identity{}, storage.E(
			storage.Forbidden,
			"The provider has not confirmed your mail address, so you cannot sign in with it here. Confirm the "+
				"address there, then try again.",
			nil,
		)
	}
	id, err := s.identityByClaims(ctx, tx, c, from)
	if err != nil {
		return storage.Identity{}, err
	}
	tied := storage.ProviderAccount{Issuer: c.Issuer, Subject: c.Subject, UserID: id.User.ID, CreatedAt: s.core.Now()}
	if err := tx.CreateProviderAccount(ctx, tied); err != nil {
		return storage.Identity{}, err
	}
	return id, s.core.AuditOwn(ctx, tx, actorFrom(id, from), ActionProviderTied, id.User.Email, c.Issuer)
}

// identityByClaims finds the account with the address that the provider has verified. If there is
// none, it makes one for a person who may join a workspace.
func (s *Service) identityByClaims(
	ctx context.Context,
	tx storage.Store,
	c storage.Claims,
	from Entry,
) (storage.Identity, error) {
	email, err := storage.CleanEmail(c.Email)
	if err != nil {
		return storage.Identity{}, storage.E(
			storage.Forbidden,
			"The provider does not share your mail address. Let it share the address, then try again.",
			err,
		)
	}
	id, err := tx.IdentityByEmail(ctx, email)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return s.newIdentity(ctx, tx, c, email, from)
	}
	if err != nil {
		return storage.Identity{}, fmt.Errorf("find account: %w", err)
	}
	return id, s.proveAddress(ctx, tx, id.User.ID, from)
}

// newIdentity makes an account for a person who is invited or whose domain a workspace accepts.
func (s *Service) newIdentity(
	ctx context.Context,
	tx storage.Store,
	c storage.Claims,
	email string,
	from Entry,
) (storage.Identity, error) {
	m, by, err := s.workspaceFor(ctx, tx, email)
	if err != nil {
		return storage.Identity{}, err
	}
	u, err := s.newUser(ctx, Account{Email: email, Name: c.Name})
	if err != nil {
		return storage.Identity{}, err
	}
	if by.Hash != "" {
		if err := tx.UseInvite(ctx, by.Hash, s.core.Now(), u.ID); err != nil {
			return storage.Identity{}, storage.OrOther(err, people.ErrNoInvite)
		}
	}
	if err := s.addUser(ctx, tx, u, m.WorkspaceID, m.Role); err != nil {
		return storage.Identity{}, err
	}
	if err := tx.VerifyEmail(ctx, u.ID, s.core.Now()); err != nil {
		return storage.Identity{}, fmt.Errorf("verify mail address: %w", err)
	}
	id := storage.Identity{User: u, WorkspaceID: m.WorkspaceID, Role: m.Role}
	return id, s.core.Audit(
		ctx,
		tx,
		actorFrom(id, from),
		m.WorkspaceID,
		people.ActionJoined,
		u.Email,
		people.JoinedBy(by),
	)
}

// workspaceFor returns the workspace that a person with that address may join, and the invite to
// it, if there is one. Forbidden if there is no such workspace.
func (s *Service) workspaceFor(
	ctx context.Context,
	tx storage.Store,
	email string,
) (storage.Membership, storage.Invite, error) {
	invites, err := tx.InvitesTo(ctx, email, s.core.Now())
	if err != nil {
		return storage.Membership{}, storage.Invite{}, fmt.Errorf("find invites: %w", err)
	}
	if len(invites) > 0 {
		return storage.Membership{WorkspaceID: invites[0].WorkspaceID, Role: invites[0].Role}, invites[0], nil
	}
	w, err := s.people.WorkspaceForDomain(ctx, tx, email)
	if err != nil && storage.KindOf(err) == storage.Forbidden {
		return storage.Membership{}, storage.Invite{}, storage.E(
			storage.Forbidden,
			"There is no account with your mail address here. Ask whoever runs this site to invite you.",
			err,
		)
	}
	return storage.Membership{
			WorkspaceID: w.ID,
			Role:        storage.RoleMember,
		}, storage.Invite{
			Role: storage.RoleMember,
		}, err
}
