package meanwhile

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// LogInByProvider signs in who has signed in at the provider, whose word c is. The first time, that ties the account there to the one here with
// the same mail address, if the provider says that the address is theirs, or makes one for the domains that may come. Forbidden otherwise.
func (l *Library) LogInByProvider(ctx context.Context, c Claims, from Entry) (cookie string, err error) {
	if c.Issuer == "" || c.Subject == "" {
		return "", E(Invalid, "The provider does not say who you are. Tell whoever runs this site.", nil)
	}
	err = l.Store.InTx(ctx, func(tx Store) error {
		id, err := l.identityOf(ctx, tx, c, from)
		if err != nil {
			return err
		}
		cookie, err = l.logIn(ctx, tx, id, "provider "+c.Issuer, from)
		return err
	})
	if err != nil {
		return "", err
	}
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
		return Identity{}, E(Forbidden, "The provider does not say that your mail address is yours, so it opens nothing here. Confirm the address there, then try again.", nil)
	}
	id, err := l.identityByClaims(ctx, tx, c)
	if err != nil {
		return Identity{}, err
	}
	now := l.Now()
	if err := tx.SetVerified(ctx, id.User.ID, now); err != nil {
		return Identity{}, fmt.Errorf("note verified address: %w", err)
	}
	tied := ProviderAccount{Issuer: c.Issuer, Subject: c.Subject, UserID: id.User.ID, CreatedAt: now}
	if err := tx.CreateProviderAccount(ctx, tied); err != nil {
		return Identity{}, err
	}
	return id, l.noteOwn(ctx, tx, id, ActionProviderTied, c.Issuer, from)
}

// identityByClaims finds the account with the address that the provider vouches for, or makes one.
func (l *Library) identityByClaims(ctx context.Context, tx Store, c Claims) (Identity, error) {
	email, err := cleanEmail(c.Email)
	if err != nil {
		return Identity{}, E(Forbidden, "The provider tells no mail address of yours. Let it share the address, then try again.", err)
	}
	id, err := tx.IdentityByEmail(ctx, email)
	if err != nil && KindOf(err) == NotFound {
		return l.newIdentity(ctx, tx, c, email)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("find account: %w", err)
	}
	if id.User.VerifiedAt == nil && id.User.PasswordHash != "" {
		// Somebody chose a password for an address that they never showed to be theirs. Whose the address is must not come to share
		// an account with them.
		return Identity{}, E(Forbidden, "There is an account with your mail address, but nobody has shown yet that the address is theirs. Have a log-in link mailed to you, or ask whoever runs this site for one; use it once, then sign in like this.", nil)
	}
	return id, nil
}

func (l *Library) newIdentity(ctx context.Context, tx Store, c Claims, email string) (Identity, error) {
	_, domain, _ := strings.Cut(email, "@")
	n, err := tx.CountUsers(ctx)
	if err != nil {
		return Identity{}, fmt.Errorf("count accounts: %w", err)
	}
	if n == 0 || !slices.ContainsFunc(l.ProviderDomains, func(d string) bool { return strings.EqualFold(d, domain) }) {
		return Identity{}, E(Forbidden, "There is no account with your mail address here. Ask whoever runs this site to invite you.", nil)
	}
	u, err := l.newUser(ctx, Account{Email: email, Name: c.Name})
	if err != nil {
		return Identity{}, err
	}
	if err := l.createUser(ctx, tx, u, RoleMember, ""); err != nil {
		return Identity{}, err
	}
	return tx.IdentityByUser(ctx, u.ID)
}
