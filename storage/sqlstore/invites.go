package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"meanwhile/storage"
)

const inviteQuery = `SELECT i.id, i.workspace_id, w.name, COALESCE(i.hash, ''), i.email, i.role, i.created_by,
COALESCE(u.name, ''),
	i.created_ms, i.expires_ms, i.used_ms
	FROM invites i JOIN workspaces w ON w.id = i.workspace_id LEFT JOIN users u ON u.id = i.created_by`

func scanInvite(row scanner) (i storage.Invite, err error) {
	err = row.Scan(&i.ID, &i.WorkspaceID, &i.WorkspaceName, &i.Hash, &i.Email, &i.Role, &i.CreatedBy, &i.CreatedByName,
		timeInto{&i.CreatedAt}, timeInto{&i.ExpiresAt}, nullTimeInto{&i.UsedAt})
	return i, err
}

// CreateInvite adds an invite.
func (s *Store) CreateInvite(ctx context.Context, i storage.Invite) error {
	_, err := s.exec(
		ctx,
		"create invite",
		`INSERT INTO invites (id, workspace_id, hash, email, email_folded, role, created_by, created_ms, expires_ms,
			used_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(i.ID),
		string(i.WorkspaceID),
		sql.NullString{String: i.Hash, Valid: i.Hash != ""},
		i.Email,
		storage.FoldEmail(i.Email),
		string(i.Role),
		string(i.CreatedBy),
		toMS(i.CreatedAt),
		toMS(i.ExpiresAt),
		toNullMS(i.UsedAt),
	)
	return err
}

// InviteByHash finds an invite, ended or not. NotFound.
func (s *Store) InviteByHash(ctx context.Context, hash string) (storage.Invite, error) {
	return one(ctx, s, reading, "find invite", scanInvite, inviteQuery+` WHERE i.hash = $1`, hash)
}

// OpenInvites lists the invites that are neither used nor expired at now, newest first.
func (s *Store) OpenInvites(ctx context.Context, id storage.WorkspaceID, now time.Time) ([]storage.Invite, error) {
	return all(
		ctx,
		s,
		reading,
		"list invites",
		scanInvite,
		inviteQuery+` WHERE i.workspace_id = $1 AND i.used_ms IS NULL AND i.expires_ms > $2
			ORDER BY i.created_ms DESC, i.id`,
		string(id),
		toMS(now),
	)
}

// UseInvite marks the invite as used by that person, once. NotFound if absent, used already, or
// expired at now.
func (s *Store) UseInvite(ctx context.Context, hash string, now time.Time, by storage.UserID) error {
	return s.change(
		ctx,
		"use invite",
		`UPDATE invites SET used_ms = $2, used_by = $3 WHERE hash = $1 AND used_ms IS NULL AND expires_ms > $2`,
		hash,
		toMS(now),
		string(by),
	)
}

// DeleteInvite deletes an invite. NotFound, also if it was used.
func (s *Store) DeleteInvite(ctx context.Context, w storage.WorkspaceID, id storage.InviteID) error {
	return s.change(
		ctx,
		"delete invite",
		`DELETE FROM invites WHERE workspace_id = $1 AND id = $2 AND used_ms IS NULL`,
		string(w),
		string(id),
	)
}

// DeleteInvitesOf deletes the invites that the person has made, and the open ones for their own
// address.
func (s *Store) DeleteInvitesOf(ctx context.Context, w storage.WorkspaceID, id storage.UserID) error {
	_, err := s.exec(ctx, "delete invites of a member",
		`DELETE FROM invites WHERE workspace_id = $1 AND used_ms IS NULL
		AND (created_by = $2 OR email_folded = (SELECT u.email_folded FROM users u WHERE u.id = $2))`,
		string(w),
		string(id))
	return err
}
