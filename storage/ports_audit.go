package storage

import (
	"context"
)

// AuditStore keeps the log of who changed what people may do.
type AuditStore interface {
	AddAudit(ctx context.Context, a Audit) error
	// ListAudit returns at most q.Limit entries, newest first.
	ListAudit(ctx context.Context, q AuditQuery) ([]Audit, error)
}
