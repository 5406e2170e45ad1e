package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

func scanOwnSession(row scanner) (s storage.Session, err error) {
	err = row.Scan(sessionInto(&s)...)
	return s, err
}

// Sessions lists the sessions that have not ended at now, last used first.
func (s *Store) Sessions(ctx context.Context, id storage.UserID, now time.Time) ([]storage.Session, error) {
	return all(
		ctx,
		s,
		reading,
		"list sessions",
		scanOwnSession,
		`SELECT `+sessionColumns+
			` FROM sessions WHERE user_id = $1 AND expires_ms > $2 ORDER BY last_used_ms DESC, hash`,
		string(id),
		toMS(now),
	)
}

// SwitchSession sets the workspace that a session uses. NotFound.
func (s *Store) SwitchSession(ctx context.Context, hash string, w storage.WorkspaceID) error {
	return s.change(ctx, "switch session", `UPDATE sessions SET workspace_id = $2 WHERE hash = $1`, hash, string(w))
}

// EndSessions ends all of a person's sessions except the one with that hash.
func (s *Store) EndSessions(ctx context.Context, id storage.UserID, except string) error {
	_, err := s.exec(ctx, "end sessions", `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`, string(id), except)
	return err
}

// EndSessionsIn ends a person's sessions that use that workspace, and those that may, because they
// name none.
func (s *Store) EndSessionsIn(ctx context.Context, w storage.WorkspaceID, id storage.UserID) error {
	_, err := s.exec(
		ctx,
		"end sessions in workspace",
		`DELETE FROM sessions WHERE user_id = $2 AND workspace_id IN ($1, '')`,
		string(w),
		string(id),
	)
	return err
}

func scanOwnKey(row scanner) (k storage.APIKey, err error) {
	err = row.Scan(keyInto(&k)...)
	return k, err
}

// APIKeys lists a person's keys of a workspace, newest first, also those that have ended.
func (s *Store) APIKeys(ctx context.Context, w storage.WorkspaceID, id storage.UserID) ([]storage.APIKey, error) {
	return all(
		ctx,
		s,
		reading,
		"list API keys",
		scanOwnKey,
		`SELECT `+keyColumns+` FROM api_keys WHERE user_id = $2 AND workspace_id IN ($1, '')
			ORDER BY created_ms DESC, id`,
		string(w),
		string(id),
	)
}

// DeleteAPIKey deletes a key. NotFound.
func (s *Store) DeleteAPIKey(
	ctx context.Context,
	w storage.WorkspaceID,
	id storage.UserID,
	key storage.APIKeyID,
) error {
	return s.change(
		ctx,
		"delete API key",
		`DELETE FROM api_keys WHERE id = $3 AND user_id = $2 AND workspace_id IN ($1, '')`,
		string(w),
		string(id),
		string(key),
	)
}

// DeleteAPIKeysIn deletes all of a person's keys of a workspace.
func (s *Store) DeleteAPIKeysIn(ctx context.Context, w storage.WorkspaceID, id storage.UserID) error {
	_, err := s.exec(
		ctx,
		"delete API keys of a member",
		`DELETE FROM api_keys WHERE user_id = $2 AND workspace_id IN ($1, '')`,
		string(w),
		string(id),
	)
	return err
}

// DropLoginLinks deletes a person's unused log-in links.
func (s *Store) DropLoginLinks(ctx context.Context, id storage.UserID) error {
	_, err := s.exec(
		ctx,
		"drop login links",
		`DELETE FROM login_links WHERE user_id = $1 AND used_ms IS NULL`,
		string(id),
	)
	return err
}

// DropLoginLinksIn deletes the unused log-in links of all people of a workspace.
func (s *Store) DropLoginLinksIn(ctx context.Context, id storage.WorkspaceID) error {
	_, err := s.exec(
		ctx,
		"drop login links of a workspace",
		`DELETE FROM login_links WHERE used_ms IS NULL AND user_id IN (SELECT m.user_id FROM memberships m
			WHERE m.workspace_id = $1)`,
		string(id),
	)
	return err
}
