package sqlstore

import (
	"context"
	"strings"

	"meanwhile"
)

// foldEmail is what addresses are compared by.
func foldEmail(email string) string { return strings.ToLower(email) }

// CreateWorkspace adds a workspace.
func (s *Store) CreateWorkspace(ctx context.Context, w meanwhile.Workspace) error {
	_, err := s.exec(ctx, "create workspace", `INSERT INTO workspaces (id, name, created_ms) VALUES ($1, $2, $3)`,
		string(w.ID), w.Name, toMS(w.CreatedAt))
	return err
}

// CreateUser adds a user and the membership. Conflict if the mail address is taken.
func (s *Store) CreateUser(ctx context.Context, u meanwhile.User, m meanwhile.Membership) error {
	return s.inTx(ctx, func(t *Store) error {
		_, err := t.exec(ctx, "create user",
			`INSERT INTO users (id, email, email_folded, name, password_hash, created_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(u.ID), u.Email, foldEmail(u.Email), u.Name, u.PasswordHash, toMS(u.CreatedAt))
		if err != nil {
			return reword(err, meanwhile.Conflict, "There is an account with this mail address already.")
		}
		_, err = t.exec(ctx, "create membership",
			`INSERT INTO memberships (user_id, workspace_id, role, created_ms) VALUES ($1, $2, $3, $4)`,
			string(u.ID), string(m.WorkspaceID), string(m.Role), toMS(m.CreatedAt))
		return err
	})
}

// CountUsers is how many people have an account. A transaction that finds nobody is alone with that until it ends: of two that make the
// first account at once, the second one finds the first one's.
func (s *Store) CountUsers(ctx context.Context) (int, error) {
	count := func() (int, error) {
		return one(ctx, s, reading, "count users", scanValue[int], `SELECT COUNT(*) FROM users`)
	}
	n, err := count()
	if n > 0 || err != nil || s.tx == nil {
		return n, err
	}
	if err := s.beAlone(ctx); err != nil {
		return 0, err
	}
	return count()
}

// FirstWorkspace is the oldest workspace. NotFound before set-up; a transaction that is told so is alone with that until it ends, as with
// CountUsers.
func (s *Store) FirstWorkspace(ctx context.Context) (meanwhile.Workspace, error) {
	find := func() (meanwhile.Workspace, error) {
		return one(ctx, s, reading, "find first workspace", scanWorkspace,
			`SELECT id, name, created_ms FROM workspaces ORDER BY created_ms, id LIMIT 1`)
	}
	w, err := find()
	if meanwhile.KindOf(err) != meanwhile.NotFound || s.tx == nil {
		return w, err
	}
	if err := s.beAlone(ctx); err != nil {
		return meanwhile.Workspace{}, err
	}
	return find()
}

func scanWorkspace(row scanner) (w meanwhile.Workspace, err error) {
	err = row.Scan(&w.ID, &w.Name, timeInto{&w.CreatedAt})
	return w, err
}

const identityColumns = `u.id, u.email, u.name, u.password_hash, u.created_ms, u.verified_ms, m.workspace_id, m.role`

// oldestMembership joins a user with the membership that counts.
const oldestMembership = ` JOIN memberships m ON m.user_id = u.id
	AND m.workspace_id = (SELECT o.workspace_id FROM memberships o WHERE o.user_id = u.id ORDER BY o.created_ms, o.workspace_id LIMIT 1)`

func identityInto(id *meanwhile.Identity) []any {
	return []any{&id.User.ID, &id.User.Email, &id.User.Name, &id.User.PasswordHash, timeInto{&id.User.CreatedAt}, nullTimeInto{&id.User.VerifiedAt}, &id.WorkspaceID, &id.Role}
}

func scanIdentity(row scanner) (id meanwhile.Identity, err error) {
	err = row.Scan(identityInto(&id)...)
	return id, err
}

// IdentityByEmail joins the user of that address, in any case of letters, with the oldest membership. NotFound.
func (s *Store) IdentityByEmail(ctx context.Context, email string) (meanwhile.Identity, error) {
	return one(ctx, s, reading, "find account by mail address", scanIdentity,
		`SELECT `+identityColumns+` FROM users u`+oldestMembership+` WHERE u.email_folded = $1`, foldEmail(email))
}

// IdentityByUser joins the user with the oldest membership. NotFound.
func (s *Store) IdentityByUser(ctx context.Context, id meanwhile.UserID) (meanwhile.Identity, error) {
	return one(ctx, s, reading, "find account", scanIdentity,
		`SELECT `+identityColumns+` FROM users u`+oldestMembership+` WHERE u.id = $1`, string(id))
}

// SetPassword replaces the password hash and ends the user's login links. NotFound.
func (s *Store) SetPassword(ctx context.Context, id meanwhile.UserID, hash string) error {
	return s.inTx(ctx, func(t *Store) error {
		if err := t.change(ctx, "set password", `UPDATE users SET password_hash = $2 WHERE id = $1`, string(id), hash); err != nil {
			return err
		}
		_, err := t.exec(ctx, "end login links", `DELETE FROM login_links WHERE user_id = $1`, string(id))
		return err
	})
}
