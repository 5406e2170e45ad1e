package storage

import (
	"time"
)

// Audit is one entry in a workspace's log of who changed what people may do: permissions, links,
// keys, log-ins and deletions. It holds no secret.
type Audit struct {
	ID          string // NewOrderedID, so that entries sort by age
	WorkspaceID WorkspaceID
	At          time.Time
	ActorID     UserID // empty for a guest and for the program itself
	ActorName   string // as it was then
	Action      Action
	// what was changed, in words that stay readable after it is gone: a mail address, a title, a
	// link's name
	Subject string
	Detail  string // what changed, in a few words; may be empty
	Address string // the network address of the request, empty for the program itself
}

// Action is what was done.
type Action string

// AuditQuery selects a page of a workspace's log, newest first.
type AuditQuery struct {
	WorkspaceID WorkspaceID
	Limit       int
	Before      string // the ID of the last entry of the previous page; empty for the first
}
