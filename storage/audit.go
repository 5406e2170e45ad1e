package storage

import (
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
