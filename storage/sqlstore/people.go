package sqlstore

import (
	"context"

	"meanwhile/storage"
)

// HoldWorkspace locks the workspace against other calls of HoldWorkspace. NotFound.
func (s *Store) HoldWorkspace(ctx context.Context, id storage.WorkspaceID) error {
	return s.change(ctx, "hold workspace", `UPDATE workspaces SET name = name WHERE id = $1`, string(id))
}

// AddMembership puts a person into a workspace. Conflict, NotFound.
func (s *Store) AddMembership(ctx context.Context, m storage.Membership) error {
	_, err := s.exec(
		ctx,
		"create membership",
		`INSERT INTO memberships (user_id, workspace_id, role, created_ms) VALUES ($1, $2, $3, $4)`,
		string(m.UserID),
		string(m.WorkspaceID),
		string(m.Role),
		toMS(m.CreatedAt),
	)
	return err
}

func scanWorkspaceRole(row scanner) (r storage.WorkspaceRole, err error) {
	err = row.Scan(&r.Workspace.ID, &r.Workspace.Name, timeInto{&r.Workspace.CreatedAt}, &r.Role, timeInto{&r.JoinedAt})
	return r, err
}

// Memberships lists a person's workspaces, the oldest membership first.
func (s *Store) Memberships(ctx context.Context, id storage.UserID) ([]storage.WorkspaceRole, error) {
	return all(
		ctx,
		s,
		reading,
		"list memberships",
		scanWorkspaceRole,
		`SELECT w.id, w.name, w.created_ms, m.role, m.created_ms FROM memberships m
			JOIN workspaces w ON w.id = m.workspace_id
		WHERE m.user_id = $1 ORDER BY m.created_ms, m.workspace_id`,
		string(id),
	)
}

const memberQuery = `SELECT u.id, u.email, u.name, u.password_hash, u.time_zone, u.language, u.picture_key,
u.created_ms, u.verified_ms, m.role, m.created_ms,
	EXISTS (SELECT 1 FROM open_sign_ups o WHERE o.user_id = m.user_id AND o.workspace_id = m.workspace_id)
	FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1`

func scanMember(row scanner) (m storage.Member, err error) {
	err = row.Scan(append(userInto(&m.User), &m.Role, timeInto{&m.JoinedAt}, &m.OpenSignUp)...)
	return m, err
}

// Members lists a workspace's people by when they joined.
func (s *Store) Members(ctx context.Context, id storage.WorkspaceID) ([]storage.Member, error) {
	return all(ctx, s, reading, "list members", scanMember, memberQuery+` ORDER BY m.created_ms, u.id`, string(id))
}

// MemberByID finds a member of a workspace. NotFound.
func (s *Store) MemberByID(
	ctx context.Context,
	w storage.WorkspaceID,
	id storage.UserID,
) (storage.Member, error) {
	return one(ctx, s, reading, "find member", scanMember, memberQuery+` AND m.user_id = $2`, string(w), string(id))
}

// MemberByEmail finds a member of a workspace by the address, in any case of letters. NotFound.
func (s *Store) MemberByEmail(ctx context.Context, w storage.WorkspaceID, email string) (storage.Member, error) {
	return one(
		ctx,
		s,
		reading,
		"find member by mail address",
		scanMember,
		memberQuery+` AND u.email_folded = $2`,
		string(w),
		storage.FoldEmail(email),
	)
}

// CountOwners returns how many owners a workspace has.
func (s *Store) CountOwners(ctx context.Context, id storage.WorkspaceID) (int, error) {
	return one(ctx, s, reading, "count owners", scanValue[int],
		`SELECT COUNT(*) FROM memberships WHERE workspace_id = $1 AND role = 'owner'`, string(id))
}

// SetRole changes a person's role in a workspace. NotFound.
func (s *Store) SetRole(ctx context.Context, w storage.WorkspaceID, id storage.UserID, role storage.Role) error {
	return s.change(
		ctx,
		"set role",
		`UPDATE memberships SET role = $3 WHERE workspace_id = $1 AND user_id = $2`,
		string(w),
		string(id),
		string(role),
	)
}

// RemoveMember removes a person from a workspace. NotFound.
func (s *Store) RemoveMember(ctx context.Context, w storage.WorkspaceID, id storage.UserID) error {
	return s.change(
		ctx,
		"remove member",
		`DELETE FROM memberships WHERE workspace_id = $1 AND user_id = $2`,
		string(w),
		string(id),
	)
}

// RaiseEpochs ends the grants for all videos of the workspace.
func (s *Store) RaiseEpochs(ctx context.Context, id storage.WorkspaceID) error {
	_, err := s.exec(
		ctx,
		"raise epochs",
		`UPDATE shares SET epoch = epoch + 1 WHERE video_id IN (SELECT v.id FROM videos v WHERE v.workspace_id = $1)`,
		string(id),
	)
	return err
}

// SetProfile writes Name, TimeZone and Language. NotFound.
func (s *Store) SetProfile(ctx context.Context, u storage.User) error {
	return s.change(ctx, "set profile", `UPDATE users SET name = $2, time_zone = $3, language = $4 WHERE id = $1`,
		string(u.ID), u.Name, u.TimeZone, u.Language)
}

// SetPicture writes the key of a picture, empty for none. NotFound.
func (s *Store) SetPicture(ctx context.Context, id storage.UserID, key string) error {
	return s.change(ctx, "set picture", `UPDATE users SET picture_key = $2 WHERE id = $1`, string(id), key)
}
