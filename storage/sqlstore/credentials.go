package sqlstore

import (
	"context"
	"strings"
	"time"

	"meanwhile"
)

// CreateSession adds a session.
func (s *Store) CreateSession(ctx context.Context, session meanwhile.Session) error {
	_, err := s.exec(ctx, "create session",
		`INSERT INTO sessions (hash, user_id, device, created_ms, last_used_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
		session.Hash, string(session.UserID), session.Device, toMS(session.CreatedAt), toMS(session.LastUsed), toMS(session.ExpiresAt))
	return err
}

type sessionRow struct {
	session  meanwhile.Session
	identity meanwhile.Identity
}

func scanSession(row scanner) (r sessionRow, err error) {
	into := []any{&r.session.Hash, &r.session.UserID, &r.session.Device,
		timeInto{&r.session.CreatedAt}, timeInto{&r.session.LastUsed}, timeInto{&r.session.ExpiresAt}}
	err = row.Scan(append(into, identityInto(&r.identity)...)...)
	return r, err
}

// SessionByHash gives the session and whose it is, over or not. NotFound.
func (s *Store) SessionByHash(ctx context.Context, hash string) (meanwhile.Session, meanwhile.Identity, error) {
	r, err := one(ctx, s, reading, "find session", scanSession,
		`SELECT s.hash, s.user_id, s.device, s.created_ms, s.last_used_ms, s.expires_ms, `+identityColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id`+oldestMembership+` WHERE s.hash = $1`, hash)
	return r.session, r.identity, err
}

// TouchSession notes a use. A session that has ended meanwhile is no error.
func (s *Store) TouchSession(ctx context.Context, hash string, at time.Time) error {
	_, err := s.exec(ctx, "touch session", `UPDATE sessions SET last_used_ms = $2 WHERE hash = $1`, hash, toMS(at))
	return err
}

// DeleteSession ends a session. An absent one is no error.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	_, err := s.exec(ctx, "delete session", `DELETE FROM sessions WHERE hash = $1`, hash)
	return err
}

// CreateAPIKey adds a key.
func (s *Store) CreateAPIKey(ctx context.Context, k meanwhile.APIKey) error {
	names := make([]string, len(k.Scopes))
	for i, scope := range k.Scopes {
		names[i] = string(scope)
	}
	_, err := s.exec(ctx, "create API key",
		`INSERT INTO api_keys (id, user_id, name, hash, scopes, created_ms, expires_ms, last_used_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(k.ID), string(k.UserID), k.Name, k.Hash, strings.Join(names, ","), toMS(k.CreatedAt), toNullMS(k.ExpiresAt), toNullMS(k.LastUsed))
	return err
}

type apiKeyRow struct {
	key      meanwhile.APIKey
	identity meanwhile.Identity
}

func scanAPIKey(row scanner) (r apiKeyRow, err error) {
	var scopes string
	into := []any{&r.key.ID, &r.key.UserID, &r.key.Name, &r.key.Hash, &scopes,
		timeInto{&r.key.CreatedAt}, nullTimeInto{&r.key.ExpiresAt}, nullTimeInto{&r.key.LastUsed}}
	if err := row.Scan(append(into, identityInto(&r.identity)...)...); err != nil {
		return r, err
	}
	r.key.Scopes, err = meanwhile.ParseScopes(scopes)
	return r, err
}

// APIKeyByHash gives the key and whose it is, over or not. NotFound.
func (s *Store) APIKeyByHash(ctx context.Context, hash string) (meanwhile.APIKey, meanwhile.Identity, error) {
	r, err := one(ctx, s, reading, "find API key", scanAPIKey,
		`SELECT k.id, k.user_id, k.name, k.hash, k.scopes, k.created_ms, k.expires_ms, k.last_used_ms, `+identityColumns+`
		FROM api_keys k JOIN users u ON u.id = k.user_id`+oldestMembership+` WHERE k.hash = $1`, hash)
	return r.key, r.identity, err
}

// TouchAPIKey notes a use. A key that has gone meanwhile is no error.
func (s *Store) TouchAPIKey(ctx context.Context, id meanwhile.APIKeyID, at time.Time) error {
	_, err := s.exec(ctx, "touch API key", `UPDATE api_keys SET last_used_ms = $2 WHERE id = $1`, string(id), toMS(at))
	return err
}

// CreateLoginLink adds a link.
func (s *Store) CreateLoginLink(ctx context.Context, l meanwhile.LoginLink) error {
	_, err := s.exec(ctx, "create login link",
		`INSERT INTO login_links (hash, user_id, created_ms, expires_ms, used_ms) VALUES ($1, $2, $3, $4, $5)`,
		l.Hash, string(l.UserID), toMS(l.CreatedAt), toMS(l.ExpiresAt), toNullMS(l.UsedAt))
	return err
}

func scanLoginLink(row scanner) (l meanwhile.LoginLink, err error) {
	err = row.Scan(&l.Hash, &l.UserID, timeInto{&l.CreatedAt}, timeInto{&l.ExpiresAt}, nullTimeInto{&l.UsedAt})
	return l, err
}

// LoginLinkByHash reads a link without using it. NotFound.
func (s *Store) LoginLinkByHash(ctx context.Context, hash string) (meanwhile.LoginLink, error) {
	return one(ctx, s, reading, "find login link", scanLoginLink,
		`SELECT hash, user_id, created_ms, expires_ms, used_ms FROM login_links WHERE hash = $1`, hash)
}

// UseLoginLink marks the link as used, once. NotFound if absent, used already, or expired at now.
func (s *Store) UseLoginLink(ctx context.Context, hash string, now time.Time) (meanwhile.UserID, error) {
	return one(ctx, s, writing, "use login link", scanValue[meanwhile.UserID],
		`UPDATE login_links SET used_ms = $2 WHERE hash = $1 AND used_ms IS NULL AND expires_ms > $2 RETURNING user_id`, hash, toMS(now))
}
