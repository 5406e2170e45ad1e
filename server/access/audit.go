package access

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// Audit writes an audit entry to the log of workspace ws, in the transaction of what it describes.
func (c *Core) Audit(
	ctx context.Context,
	tx storage.Store,
	a Actor,
	ws storage.WorkspaceID,
	action storage.Action,
	subject, detail string,
) error {
	now := c.Now()
	name := a.Name
	if name == "" && a.SignedIn() {
		name = a.Email
	}
	err := tx.AddAudit(ctx, storage.Audit{
		ID:          storage.NewOrderedID(now),
		WorkspaceID: ws,
		At:          now,
		ActorID:     a.UserID,
		ActorName:   name,
		Action:      action,
		Subject:     storage.CleanLine(subject, storage.MaxTitleRunes),
		Detail:      storage.CleanLine(detail, storage.MaxTitleRunes),
		Address:     a.Address,
	})
	if err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// AuditOwn writes an audit entry about the actor's own account to the log of their open workspace,
// if any.
func (c *Core) AuditOwn(
	ctx context.Context,
	tx storage.Store,
	a Actor,
	action storage.Action,
	subject, detail string,
) error {
	if a.WorkspaceID == "" {
		return nil
	}
	return c.Audit(ctx, tx, a, a.WorkspaceID, action, subject, detail)
}
