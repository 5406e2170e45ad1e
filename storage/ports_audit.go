package storage

import (
	"context"
)

// AuditStore remembers who changed what people may do.
type AuditStore interface {
	AddAudit(ctx context.Context, a Audit) error
	// ListAudit gives q.Limit lines at most, newest first.
	ListAudit(ctx context.Context, q AuditQuery) ([]Audit, error)
}
