package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"meanwhile/storage"
)

// VerifyEmail stores that the person's mail address is proven; the first time counts. NotFound.
func (s *Store) VerifyEmail(ctx context.Context, id storage.UserID, at time.Time) error {
	return s.change(
		ctx,
		"verify mail address",
		`UPDATE users SET verified_ms = COALESCE(verified_ms, $2) WHERE id = $1`,
		string(id),
		toMS(at),
	)
}

// HoldUser locks the user against other transactions that change what they sign in with. NotFound.
func (s *Store) HoldUser(ctx context.Context, id storage.UserID) error {
	return s.change(ctx, "hold user", `UPDATE users SET name = name WHERE id = $1`, string(id))
}

// CreateChallenge stores a challenge and deletes all that have expired at now.
func (s *Store) CreateChallenge(ctx context.Context, c storage.Challenge, now time.Time) error {
	return s.inTx(ctx, func(t *Store) error {
		if _, err := t.exec(
			ctx,
			"forget challenges",
			`DELETE FROM ceremonies WHERE expires_ms <= $1`,
			toMS(now),
		); err != nil {
			return err
		}
		_, err := t.exec(
			ctx,
			"create challenge",
			`INSERT INTO ceremonies (hash, kind, user_id, state, expires_ms) VALUES ($1, $2, $3, $4, $5)`,
			c.Hash,
			string(c.Kind),
			sql.NullString{String: string(c.UserID), Valid: c.UserID != ""},
			c.State,
			toMS(c.ExpiresAt),
		)
		return err
	})
}

func scanChallenge(row scanner) (c storage.Challenge, err error) {
	err = row.Scan(&c.Hash, &c.Kind, &c.UserID, &c.State, timeInto{&c.ExpiresAt})
	return c, err
}

// TakeChallenge returns a challenge and deletes it. NotFound if absent, of another kind, taken
// already, or expired at now.
func (s *Store) TakeChallenge(
	ctx context.Context,
	hash string,
	kind storage.ChallengeKind,
	now time.Time,
) (storage.Challenge, error) {
	return one(ctx, s, writing, "take challenge", scanChallenge,
		`DELETE FROM ceremonies WHERE hash = $1 AND kind = $2 AND expires_ms > $3
		RETURNING hash, kind, COALESCE(user_id, ''), state, expires_ms`, hash, string(kind), toMS(now))
}

const passkeyColumns = `id, user_id, credential_id, credential, sign_count, name, created_ms, last_used_ms`

func scanPasskey(row scanner) (p storage.Passkey, err error) {
	err = row.Scan(
		&p.ID,
		&p.UserID,
		&p.CredentialID,
		&p.Credential,
		&p.SignCount,
		&p.Name,
		timeInto{&p.CreatedAt},
		nullTimeInto{&p.LastUsed},
	)
	return p, err
}

// CreatePasskey adds a passkey. Conflict if its credential is known.
func (s *Store) CreatePasskey(ctx context.Context, p storage.Passkey) error {
	_, err := s.exec(
		ctx,
		"create passkey",
		`INSERT INTO passkeys (`+passkeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(p.ID),
		string(p.UserID),
		p.CredentialID,
		p.Credential,
		p.SignCount,
		p.Name,
		toMS(p.CreatedAt),
		toNullMS(p.LastUsed),
	)
	return reword(err, storage.Conflict, "This passkey is here already.")
}

// Passkeys lists a user's passkeys, oldest first.
func (s *Store) Passkeys(ctx context.Context, id storage.UserID) ([]storage.Passkey, error) {
	return all(ctx, s, reading, "list passkeys", scanPasskey,
		`SELECT `+passkeyColumns+` FROM passkeys WHERE user_id = $1 ORDER BY created_ms, id`, string(id))
}

// PasskeyByCredential finds a passkey by its CredentialID. NotFound.
func (s *Store) PasskeyByCredential(ctx context.Context, credentialID string) (storage.Passkey, error) {
	return one(
		ctx,
		s,
		reading,
		"find passkey",
		scanPasskey,
		`SELECT `+passkeyColumns+` FROM passkeys WHERE credential_id = $1`,
		credentialID,
	)
}

// UsePasskey records a use. Conflict unless the authenticator's count has grown, or stays at 0.
func (s *Store) UsePasskey(ctx context.Context, use storage.PasskeyUse, at time.Time) error {
	return s.changeOr(ctx, storage.Conflict, "use passkey",
		`UPDATE passkeys SET credential = $2, sign_count = $3, last_used_ms = $4
		WHERE id = $1 AND (sign_count < $3 OR (sign_count = 0 AND $3 = 0))`,
		string(use.ID),
		use.Credential,
		use.SignCount,
		toMS(at))
}

// DeletePasskey removes a passkey of that user. NotFound.
func (s *Store) DeletePasskey(ctx context.Context, id storage.UserID, passkey storage.PasskeyID) error {
	return s.change(
		ctx,
		"delete passkey",
		`DELETE FROM passkeys WHERE user_id = $1 AND id = $2`,
		string(id),
		string(passkey),
	)
}

// CreateProviderAccount connects an account at a provider with a user. Conflict if it is connected
// already.
func (s *Store) CreateProviderAccount(ctx context.Context, p storage.ProviderAccount) error {
	_, err := s.exec(
		ctx,
		"create provider account",
		`INSERT INTO identities (issuer, subject, user_id, created_ms) VALUES ($1, $2, $3, $4)`,
		p.Issuer,
		p.Subject,
		string(p.UserID),
		toMS(p.CreatedAt),
	)
	return reword(err, storage.Conflict, "This account at the provider belongs to somebody already.")
}

// UserByProvider returns the user of an account at the provider. NotFound.
func (s *Store) UserByProvider(ctx context.Context, issuer, subject string) (storage.UserID, error) {
	return one(ctx, s, reading, "find provider account", scanValue[storage.UserID],
		`SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2`, issuer, subject)
}

// DropCredentials removes what a user signs in with, and what is signed in.
func (s *Store) DropCredentials(ctx context.Context, id storage.UserID) error {
	return s.inTx(ctx, func(t *Store) error {
		for _, statement := range []string{
			`UPDATE users SET password_hash = '' WHERE id = $1`, `DELETE FROM sessions WHERE user_id = $1`,
			`DELETE FROM api_keys WHERE user_id = $1`,
			`DELETE FROM login_links WHERE user_id = $1 AND used_ms IS NULL`, `DELETE FROM passkeys WHERE user_id = $1`,
			`DELETE FROM identities WHERE user_id = $1`,
		} {
			if _, err := t.exec(ctx, "drop sessions, keys and log-in links", statement, string(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// InvitesTo lists the invites with a link for one address that are open at now, in workspaces that
// accept people, newest first.
func (s *Store) InvitesTo(ctx context.Context, email string, now time.Time) ([]storage.Invite, error) {
	return all(
		ctx,
		s,
		reading,
		"find invites to an address",
		scanInvite,
		inviteQuery+` WHERE i.email_folded = $1 AND i.hash IS NOT NULL AND i.used_ms IS NULL AND i.expires_ms > $2
			AND w.sign_up <> 'closed'
		ORDER BY i.created_ms DESC, i.id`,
		storage.FoldEmail(email),
		toMS(now),
	)
}
