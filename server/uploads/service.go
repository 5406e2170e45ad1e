// Package uploads is for how videos arrive: recordings chunk by chunk, and files by tus.
package uploads

import (
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// Config is what the operator can set about uploads.
type Config struct {
	Limits storage.Limits
	// DiskUsed returns the used part of the storage, 0…1. nil if that is unknown.
	DiskUsed func() float64
	// LayoutSettles is how long a layout must stay unchanged before it is flattened, 10 s when
	// zero. So nothing is encoded while somebody drags it.
	LayoutSettles time.Duration
}

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core          *access.Core
	source        *source.Opener
	stages        *stages.Outbox
	limits        storage.Limits
	measureDisk   func() float64 // may be nil
	layoutSettles time.Duration
}

// New makes a Service and fills in the defaults of c.
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

// Limits are the upper limits of videos.
func (s *Service) Limits() storage.Limits { return s.limits }
