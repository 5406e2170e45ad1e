package sqlstore

import (
	"context"
	"fmt"
	"time"

	"meanwhile/storage"
)

// ListForExport lists video ids, newest first.
func (s *Store) ListForExport(ctx context.Context, q storage.ExportQuery) ([]storage.ExportKey, error) {
	args := []any{q.Limit}
	where := "true"
	add := func(condition string, values ...any) {
		var places []any
		for _, v := range values {
			args = append(args, v)
			places = append(places, fmt.Sprintf("$%d", len(args)))
		}
		where += " AND " + fmt.Sprintf(condition, places...)
	}
	if q.WorkspaceID != "" {
		add("workspace_id = %s", string(q.WorkspaceID))
	}
	if q.OwnerID != "" {
		add("owner_id = %s", string(q.OwnerID))
	}
	if q.Before != nil {
		add("(created_ms, id) < (%s, %s)", toMS(q.Before.CreatedAt), string(q.Before.ID))
	}
	return all(ctx, s, reading, "list videos for export", func(row scanner) (k storage.ExportKey, err error) {
		err = row.Scan(timeInto{&k.CreatedAt}, &k.ID)
		return k, err
	}, `SELECT created_ms, id FROM videos WHERE `+where+` ORDER BY created_ms DESC, id DESC LIMIT $1`, args...)
}

// SetAccountDeletion sets when the account is deleted; nil: it stays. NotFound.
func (s *Store) SetAccountDeletion(ctx context.Context, id storage.UserID, at *time.Time) error {
	return s.change(ctx, "set deletion", `UPDATE users SET delete_ms = $2 WHERE id = $1`, string(id), toNullMS(at))
}

// AccountDeletionOf returns when the account is deleted; nil: it stays. NotFound.
func (s *Store) AccountDeletionOf(ctx context.Context, id storage.UserID) (*time.Time, error) {
	return one(ctx, s, reading, "read deletion", func(row scanner) (at *time.Time, err error) {
		err = row.Scan(nullTimeInto{&at})
		return at, err
	}, `SELECT delete_ms FROM users WHERE id = $1`, string(id))
}

// EndCredentials deletes every session, key and log-in link of the account.
func (s *Store) EndCredentials(ctx context.Context, id storage.UserID) error {
	return s.inTx(ctx, func(t *Store) error {
		for _, table := range []string{"sessions", "api_keys", "login_links"} {
			if _, err := t.exec(
				ctx,
				"end credentials",
				`DELETE FROM `+table+` WHERE user_id = $1`,
				string(id),
			); err != nil {
				return err
			}
		}
		return nil
	})
}

// AccountsToDelete lists accounts that are due for deletion at now.
func (s *Store) AccountsToDelete(ctx context.Context, now time.Time, limit int) ([]storage.UserID, error) {
	return all(
		ctx,
		s,
		reading,
		"list accounts to delete",
		scanValue[storage.UserID],
		`SELECT id FROM users WHERE delete_ms IS NOT NULL AND delete_ms <= $1 ORDER BY delete_ms, id LIMIT $2`,
		toMS(now),
		limit,
	)
}

func scanBelonging(row scanner) (b storage.Belonging, err error) {
	err = row.Scan(&b.Workspace.ID, &b.Workspace.Name, timeInto{&b.Workspace.CreatedAt}, &b.Role, &b.Others, &b.Owners)
	return b, err
}

// Belongings lists the workspaces that the account is in, or has videos in. In a transaction it
// locks the account's row until the end.
func (s *Store) Belongings(ctx context.Context, id storage.UserID) ([]storage.Belonging, error) {
	const op = "list belongings"
	if s.tx != nil {
		if err := s.change(ctx, op, `UPDATE users SET delete_ms = delete_ms WHERE id = $1`, string(id)); err != nil {
			return nil, err
		}
	}
	return all(ctx, s, reading, op, scanBelonging,
		`SELECT w.id, w.name, w.created_ms,
			COALESCE((SELECT m.role FROM memberships m WHERE m.workspace_id = w.id AND m.user_id = $1), ''),
			(SELECT COUNT(*) FROM memberships m WHERE m.workspace_id = w.id AND m.user_id <> $1),
			(SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id
				WHERE m.workspace_id = w.id AND m.user_id <> $1 AND m.role = 'owner' AND u.delete_ms IS NULL)
		FROM workspaces w
		WHERE EXISTS (SELECT 1 FROM memberships m WHERE m.workspace_id = w.id AND m.user_id = $1)
			OR EXISTS (SELECT 1 FROM videos v WHERE v.workspace_id = w.id AND v.owner_id = $1)
		ORDER BY w.created_ms, w.id`, string(id))
}

// heir chooses a member of a workspace ($1) other than the one who leaves ($2).
const heir = `SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id
	WHERE m.workspace_id = $1 AND m.user_id <> $2
	ORDER BY CASE WHEN u.delete_ms IS NULL THEN 0 ELSE 1 END,
		CASE m.role WHEN 'owner' THEN 0 WHEN 'admin' THEN 1 ELSE 2 END, m.created_ms, m.user_id LIMIT 1`

// PromoteToOwner makes another member of the workspace its owner. NotFound if there is nobody else.
func (s *Store) PromoteToOwner(
	ctx context.Context,
	id storage.WorkspaceID,
	leaving storage.UserID,
) (storage.User, error) {
	const op = "promote to owner"
	var u storage.User
	err := s.inTx(ctx, func(t *Store) error {
		who, err := one(
			ctx,
			t,
			writing,
			op,
			scanValue[storage.UserID],
			`UPDATE memberships SET role = 'owner' WHERE workspace_id = $1 AND user_id = (`+heir+`) RETURNING user_id`,
			string(id),
			string(leaving),
		)
		if err != nil {
			return err
		}
		found, err := t.IdentityByUser(ctx, who)
		u = found.User
		return err
	})
	return u, err
}

// TransferVideos gives the account's videos in a workspace to another owner. It stores name as the
// one who made them.
func (s *Store) TransferVideos(ctx context.Context, id storage.WorkspaceID, leaving storage.UserID, name string) error {
	_, err := s.exec(ctx, "pass videos on",
		`UPDATE videos SET owner_id = (`+heir+`), author_name = CASE WHEN author_name = '' THEN $3 ELSE author_name END
		WHERE workspace_id = $1 AND owner_id = $2`, string(id), string(leaving), name)
	return err
}

// TrashAll puts every video of the workspace into the trash, and lists up to limit of them.
func (s *Store) TrashAll(
	ctx context.Context,
	id storage.WorkspaceID,
	at time.Time,
	limit int,
) (list []storage.VideoID, err error) {
	const op = "trash all videos"
	err = s.inTx(ctx, func(t *Store) error {
		if _, err := t.exec(
			ctx,
			op,
			`UPDATE videos SET trashed_ms = $2 WHERE workspace_id = $1 AND trashed_ms IS NULL`,
			string(id),
			toMS(at),
		); err != nil {
			return err
		}
		list, err = all(ctx, t, reading, op, scanValue[storage.VideoID],
			`SELECT id FROM videos WHERE workspace_id = $1 ORDER BY id LIMIT $2`, string(id), limit)
		return err
	})
	return list, err
}

// DeleteWorkspace removes a workspace that has no videos and no members except leaving. Conflict if
// it has, NotFound.
func (s *Store) DeleteWorkspace(ctx context.Context, id storage.WorkspaceID, leaving storage.UserID) error {
	const op = "delete workspace"
	n, err := s.exec(ctx, op,
		`DELETE FROM workspaces WHERE id = $1
		AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.workspace_id = $1 AND m.user_id <> $2)
		AND NOT EXISTS (SELECT 1 FROM videos v WHERE v.workspace_id = $1)`, string(id), string(leaving))
	if err != nil || n > 0 {
		return err
	}
	return s.conflictIfThere(ctx, op, `SELECT 1 FROM workspaces WHERE id = $1`, string(id))
}

// DeleteUser removes an account that is due for deletion at now; its comments keep their text under
// name. NotFound if it stays.
func (s *Store) DeleteUser(ctx context.Context, id storage.UserID, name string, now time.Time) error {
	const op = "delete user"
	return s.inTx(ctx, func(t *Store) error {
		if err := t.change(
			ctx,
			op,
			`UPDATE users SET delete_ms = delete_ms WHERE id = $1 AND delete_ms <= $2`,
			string(id),
			toMS(now),
		); err != nil {
			return err
		}
		if _, err := t.exec(
			ctx,
			op,
			`UPDATE comments SET author_id = NULL, author_name = $2, edit_hash = '' WHERE author_id = $1`,
			string(id),
			name,
		); err != nil {
			return err
		}
		return t.change(ctx, op, `DELETE FROM users WHERE id = $1`, string(id)) // the rest refers to it, and goes too
	})
}
