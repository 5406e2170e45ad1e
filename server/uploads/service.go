// Package uploads is how videos come in: recordings chunk by chunk, and files by tus.
package uploads

import (
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// Config is what the operator sets of uploads.
type Config struct {
	Limits storage.Limits
	// DiskUsed answers which part of the storage is used, 0…1. Nil where that cannot be known.
	DiskUsed func() float64
	// LayoutSettles is how long a layout stays as it is before it is flattened, 10 s when zero:
	// while it is dragged about, nothing is encoded.
	LayoutSettles time.Duration
}

// Service has the use cases of this subject. All methods may be called from many goroutines.
type Service struct {
	core          *access.Core
	source        *source.Opener
	stages        *stages.Outbox
	limits        storage.Limits
	measureDisk   func() float64 // may be nil
	layoutSettles time.Duration
}

// New makes a Service and fills what of c has a default.
func New(core *access.Core, source *source.Opener, stages *stages.Outbox, c Config) *Service {
	if c.LayoutSettles == 0 {
		c.LayoutSettles = 10 * time.Second
	}
	if c.Limits == (storage.Limits{}) {
		c.Limits = storage.DefaultLimits()
	}
	return &Service{
		core: core, source: source, stages: stages,
		limits: c.Limits, measureDisk: c.DiskUsed, layoutSettles: c.LayoutSettles,
	}
}

// Limits are what videos may be at most.
func (s *Service) Limits() storage.Limits { return s.limits }
