// Package videos is for what an owner does with videos: list, rename, trash, process again, keep.
package videos

import (
	"meanwhile/server/access"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core   *access.Core
	source *source.Opener
	stages *stages.Outbox
}

// New makes a Service.
func New(core *access.Core, source *source.Opener, stages *stages.Outbox) *Service {
	return &Service{core: core, source: source, stages: stages}
}
