package people

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// AuditLog returns one page of the log of the actor's workspace, newest first. It also returns the
// ID to use as before for the next page (empty at the end). Forbidden except for owners.
func (s *Service) AuditLog(
	ctx context.Context,
	a access.Actor,
	limit int,
	before string,
) ([]storage.Audit, string, error) {
	if err := s.core.May(ctx, a, access.ReadLog); err != nil {
		return nil, "", err
	}
	limit = access.PageSize(limit, 50)
	rows, err := s.core.Store.ListAudit(
		ctx,
		storage.AuditQuery{WorkspaceID: a.WorkspaceID, Limit: limit + 1, Before: before},
	)
	if err != nil {
		return nil, "", fmt.Errorf("list audit: %w", err)
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	return rows[:limit], rows[limit-1].ID, nil
}
