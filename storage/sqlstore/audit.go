package sqlstore

import (
	"context"

	"meanwhile/storage"
)

// AddAudit adds an entry.
func (s *Store) AddAudit(ctx context.Context, a storage.Audit) error {
	_, err := s.exec(
		ctx,
		"add audit line",
		`INSERT INTO audit (id, workspace_id, at_ms, actor_id, actor_name, action, subject, detail, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		a.ID,
		string(a.WorkspaceID),
		toMS(a.At),
		string(a.ActorID),
		a.ActorName,
		string(a.Action),
		a.Subject,
		a.Detail,
		a.Address,
	)
	return err
}

func scanAudit(row scanner) (a storage.Audit, err error) {
	err = row.Scan(
		&a.ID,
		&a.WorkspaceID,
		timeInto{&a.At},
		&a.ActorID,
		&a.ActorName,
		&a.Action,
		&a.Subject,
		&a.Detail,
		&a.Address,
	)
	return a, err
}

// ListAudit returns at most q.Limit entries, newest first.
func (s *Store) ListAudit(ctx context.Context, q storage.AuditQuery) ([]storage.Audit, error) {
	return all(ctx, s, reading, "list audit", scanAudit,
		`SELECT id, workspace_id, at_ms, actor_id, actor_name, action, subject, detail, address FROM audit
		WHERE workspace_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`,
		string(q.WorkspaceID),
		q.Before,
		q.Limit)
}
