package s3store

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// OpenQuick is Open for faults: it treats a server that is silent for silence as dead, and retries
// almost at once.
func OpenQuick(ctx context.Context, address string, silence time.Duration, log *slog.Logger) (*Store, error) {
	return openWith(
		ctx,
		address,
		patience{silence: silence, attempts: usual.attempts, maxPause: 20 * time.Millisecond},
		log,
	)
}

// PartBytes is the size of the smallest part.
const PartBytes = partBytes

// PartSize returns the size of the parts of an object of that size.
func PartSize(size int64) int64 { return partSize(size) }

// NewConn is a connection that ends when nothing moves for silence.
func NewConn(c net.Conn, silence time.Duration) net.Conn { return &conn{Conn: c, silence: silence} }
