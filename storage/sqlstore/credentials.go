package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"meanwhile/storage"
)

// CreateSession adds a session.
func (s *Store) CreateSession(ctx context.Context, session storage.Session) error {
	_, err := s.exec(
		ctx,
		"create session",
		`INSERT INTO sessions (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		session.Hash,
		string(session.UserID),
		string(session.WorkspaceID),
		session.Device,
		toMS(session.CreatedAt),
		toMS(session.LastUsed),
		toMS(session.ExpiresAt),
	)
	return err
}

const sessionColumns = `hash, user_id, workspace_id, device, created_ms, last_used_ms, expires_ms`

func sessionInto(s *storage.Session) []any {
	return []any{
		&s.Hash,
		&s.UserID,
		&s.WorkspaceID,
		&s.Device,
		timeInto{&s.CreatedAt},
		timeInto{&s.LastUsed},
		timeInto{&s.ExpiresAt},
	}
}

type sessionRow struct {
	session  storage.Session
	identity storage.Identity
}

func scanSession(row scanner) (r sessionRow, err error) {
	err = row.Scan(append(sessionInto(&r.session), identityInto(&r.identity)...)...)
	return r, err
}

// SessionByHash returns the session and its user, ended or not. NotFound.
func (s *Store) SessionByHash(ctx context.Context, hash string) (storage.Session, storage.Identity, error) {
	r, err := one(
		ctx,
		s,
		reading,
		"find session",
		scanSession,
		`SELECT s.hash, s.user_id, s.workspace_id, s.device, s.created_ms, s.last_used_ms, s.expires_ms, `+
			identityColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id`+sessionMembership+` WHERE s.hash = $1`,
		hash,
	)
	return r.session, r.identity, err
}

// TouchSession records a use. A session that has ended meanwhile is no error.
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
func (s *Store) CreateAPIKey(ctx context.Context, k storage.APIKey) error {
	names := make([]string, len(k.Scopes))
	for i, scope := range k.Scopes {
		names[i] = string(scope)
	}
	_, err := s.exec(
		ctx,
		"create API key",
		`INSERT INTO api_keys (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(k.ID),
		string(k.UserID),
		string(k.WorkspaceID),
		k.Name,
		k.Hash,
		strings.Join(names, ","),
		toMS(k.CreatedAt),
		toNullMS(k.ExpiresAt),
		toNullMS(k.LastUsed),
	)
	return err
}

const keyColumns = `id, user_id, workspace_id, name, hash, scopes, created_ms, expires_ms, last_used_ms`

func keyInto(k *storage.APIKey) []any {
	return []any{&k.ID, &k.UserID, &k.WorkspaceID, &k.Name, &k.Hash, scopesInto{&k.Scopes},
		timeInto{&k.CreatedAt}, nullTimeInto{&k.ExpiresAt}, nullTimeInto{&k.LastUsed}}
}

type scopesInto struct{ scopes *[]storage.Scope }

// Scan reads a comma-separated list.
func (into scopesInto) Scan(v any) error {
	var list sql.NullString
	err := list.Scan(v)
	if err == nil {
		*into.scopes, err = storage.ParseScopes(list.String)
	}
	return err
}

type apiKeyRow struct {
	key      storage.APIKey
	identity storage.Identity
}

func scanAPIKey(row scanner) (r apiKeyRow, err error) {
	err = row.Scan(append(keyInto(&r.key), identityInto(&r.identity)...)...)
	return r, err
}

// APIKeyByHash returns the key and its user, ended or not. NotFound.
func (s *Store) APIKeyByHash(ctx context.Context, hash string) (storage.APIKey, storage.Identity, error) {
	r, err := one(
		ctx,
		s,
		reading,
		"find API key",
		scanAPIKey,
		`SELECT k.id, k.user_id, k.workspace_id, k.name, k.hash, k.scopes, k.created_ms, k.expires_ms, k.last_used_ms,
			`+identityColumns+`
		FROM api_keys k JOIN users u ON u.id = k.user_id`+keyMembership+` WHERE k.hash = $1`,
		hash,
	)
	return r.key, r.identity, err
}

// TouchAPIKey records a use. A key that was deleted meanwhile is no error.
func (s *Store) TouchAPIKey(ctx context.Context, id storage.APIKeyID, at time.Time) error {
	_, err := s.exec(ctx, "touch API key", `UPDATE api_keys SET last_used_ms = $2 WHERE id = $1`, string(id), toMS(at))
	return err
}

// CreateLoginLink adds a link.
func (s *Store) CreateLoginLink(ctx context.Context, l storage.LoginLink) error {
	_, err := s.exec(
		ctx,
		"create login link",
		`INSERT INTO login_links (hash, user_id, created_ms, expires_ms, used_ms, mailed)
			VALUES ($1, $2, $3, $4, $5, $6)`,
		l.Hash,
		string(l.UserID),
		toMS(l.CreatedAt),
		toMS(l.ExpiresAt),
		toNullMS(l.UsedAt),
		l.Mailed,
	)
	return err
}

func scanLoginLink(row scanner) (l storage.LoginLink, err error) {
	err = row.Scan(
		&l.Hash,
		&l.UserID,
		timeInto{&l.CreatedAt},
		timeInto{&l.ExpiresAt},
		nullTimeInto{&l.UsedAt},
		&l.Mailed,
	)
	return l, err
}

// LoginLinkByHash reads a link without using it. NotFound.
func (s *Store) LoginLinkByHash(ctx context.Context, hash string) (storage.LoginLink, error) {
	return one(ctx, s, reading, "find login link", scanLoginLink,
		`SELECT hash, user_id, created_ms, expires_ms, used_ms, mailed FROM login_links WHERE hash = $1`, hash)
}

// UseLoginLink marks the link as used, once. NotFound if absent, used already, or expired at now.
func (s *Store) UseLoginLink(ctx context.Context, hash string, now time.Time) (storage.UserID, error) {
	return one(
		ctx,
		s,
		writing,
		"use login link",
		scanValue[storage.UserID],
		`UPDATE login_links SET used_ms = $2 WHERE hash = $1 AND used_ms IS NULL AND expires_ms > $2 RETURNING user_id`,
		hash,
		toMS(now),
	)
}
