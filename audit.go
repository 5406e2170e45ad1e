package meanwhile

import (
	"context"
	"fmt"
	"time"
)

// Audit is one line of a workspace's log of who changed what people may do: rights, links, keys,
// log-ins and deletions. It holds no secret.
type Audit struct {
	ID          string // NewOrderedID, so that lines sort by age
	WorkspaceID WorkspaceID
	At          time.Time
	ActorID     UserID // empty for a guest and for the program itself
	ActorName   string // as it was then
	Action      Action
	// what it was done to, in words that stay readable when the thing is gone: a mail address, a
	// title, a link's name
	Subject string
	Detail  string // what changed, in a few words; may be empty
	Address string // the network address that it came from, empty for the program itself
}

// Action is what was done.
type Action string

// AuditQuery selects a page of a workspace's log, newest first.
type AuditQuery struct {
	WorkspaceID WorkspaceID
	Limit       int
	Before      string // the ID of the last line of the page before; empty for the first page
}

// note writes a line into the log of workspace ws, in the transaction of what it tells about.
func (l *Library) note(
	ctx context.Context,
	tx Store,
	a Actor,
	ws WorkspaceID,
	action Action,
	subject, detail string,
) error {
	now := l.Now()
	name := a.Name
	if name == "" && a.SignedIn() {
		name = a.Email
	}
	err := tx.AddAudit(ctx, Audit{
		ID:          NewOrderedID(now),
		WorkspaceID: ws,
		At:          now,
		ActorID:     a.UserID,
		ActorName:   name,
		Action:      action,
		Subject:     cleanLine(subject, MaxTitleRunes),
		Detail:      cleanLine(detail, MaxTitleRunes),
		Address:     a.Address,
	})
	if err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}
