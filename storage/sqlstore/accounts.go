package sqlstore

import (
	"context"

	"meanwhile/storage"
)

// CreateWorkspace adds a workspace.
func (s *Store) CreateWorkspace(ctx context.Context, w storage.Workspace) error {
	_, err := s.exec(ctx, "create workspace", `INSERT INTO workspaces (id, name, created_ms) VALUES ($1, $2, $3)`,
		string(w.ID), w.Name, toMS(w.CreatedAt))
	return err
}

// CreateUser adds a user and the membership. Conflict if the mail address is taken.
func (s *Store) CreateUser(ctx context.Context, u storage.User, m storage.Membership) error {
	return s.inTx(ctx, func(t *Store) error {
		_, err := t.exec(
			ctx,
			"create user",
			`INSERT INTO users (id, email, email_folded, name, password_hash, created_ms, time_zone, language,
				picture_key)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			string(u.ID),
			u.Email,
			storage.FoldEmail(u.Email),
			u.Name,
			u.PasswordHash,
			toMS(u.CreatedAt),
			u.TimeZone,
			u.Language,
			u.PictureKey,
		)
		if err != nil {
			return reword(err, storage.Conflict, "There is an account with this mail address already.")
		}
		return t.AddMembership(ctx, m)
	})
}

// CountUsers returns how many people have an account. A transaction that finds nobody runs alone
// until it ends: if two make the first account at once, the second finds the account of the first.
func (s *Store) CountUsers(ctx context.Context) (int, error) {
	count := func() (int, error) {
		return one(ctx, s, reading, "count users", scanValue[int], `SELECT COUNT(*) FROM users`)
	}
	n, err := count()
	if n > 0 || err != nil || s.tx == nil {
		return n, err
	}
	if err := s.lockSetup(ctx); err != nil {
		return 0, err
	}
	return count()
}

func scanWorkspace(row scanner) (w storage.Workspace, err error) {
	err = row.Scan(&w.ID, &w.Name, timeInto{&w.CreatedAt})
	return w, err
}

const identityColumns = `u.id, u.email, u.name, u.password_hash, u.time_zone, u.language, u.picture_key, u.created_ms,
u.verified_ms,
	COALESCE(m.workspace_id, ''), COALESCE((SELECT w.name FROM workspaces w
	WHERE w.id = m.workspace_id), ''), COALESCE(m.role, '')`

// oldestOf is the workspace that a user u joined first.
const oldestOf = `(SELECT o.workspace_id FROM memberships o WHERE o.user_id = u.id
ORDER BY o.created_ms, o.workspace_id LIMIT 1)`

// Joins of a user with a membership, if there is one: the oldest one; that of session s, else the
// oldest one; that of key k.
const (
	oldestMembership = ` LEFT JOIN memberships m ON m.user_id = u.id AND m.workspace_id = ` + oldestOf

	sessionMembership = ` LEFT JOIN memberships m ON m.user_id = u.id AND m.workspace_id = COALESCE(
		(SELECT c.workspace_id FROM memberships c WHERE c.user_id = u.id AND c.workspace_id = s.workspace_id), ` +
		oldestOf + `)`

	keyMembership = ` LEFT JOIN memberships m ON m.user_id = u.id
		AND m.workspace_id = CASE WHEN k.workspace_id = '' THEN ` + oldestOf + ` ELSE k.workspace_id END`
)

func userInto(u *storage.User) []any {
	return []any{
		&u.ID,
		&u.Email,
		&u.Name,
		&u.PasswordHash,
		&u.TimeZone,
		&u.Language,
		&u.PictureKey,
		timeInto{&u.CreatedAt},
		nullTimeInto{&u.VerifiedAt},
	}
}

func identityInto(id *storage.Identity) []any {
	return append(userInto(&id.User), &id.WorkspaceID, &id.WorkspaceName, &id.Role)
}

func scanIdentity(row scanner) (id storage.Identity, err error) {
	err = row.Scan(identityInto(&id)...)
	return id, err
}

// IdentityByEmail returns the user of that address, in any case of letters, with the oldest
// membership, if any. NotFound.
func (s *Store) IdentityByEmail(ctx context.Context, email string) (storage.Identity, error) {
	return one(
		ctx,
		s,
		reading,
		"find account by mail address",
		scanIdentity,
		`SELECT `+identityColumns+` FROM users u`+oldestMembership+` WHERE u.email_folded = $1`,
		storage.FoldEmail(email),
	)
}

// IdentityByUser returns the user with the oldest membership, if any. NotFound.
func (s *Store) IdentityByUser(ctx context.Context, id storage.UserID) (storage.Identity, error) {
	return one(ctx, s, reading, "find account", scanIdentity,
		`SELECT `+identityColumns+` FROM users u`+oldestMembership+` WHERE u.id = $1`, string(id))
}

// SetPassword replaces the password hash. NotFound.
func (s *Store) SetPassword(ctx context.Context, id storage.UserID, hash string) error {
	return s.change(ctx, "set password", `UPDATE users SET password_hash = $2 WHERE id = $1`, string(id), hash)
}
