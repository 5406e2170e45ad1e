package meanwhile

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// note writes a line into the log of workspace ws, in the transaction of what it tells about.
func (l *Library) note(
	ctx context.Context,
	tx storage.Store,
	a Actor,
	ws storage.WorkspaceID,
	action storage.Action,
	subject, detail string,
) error {
	now := l.Now()
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
