// Package comments is for the conversation under a video: comment, reply, edit, delete, approve.
package comments

import (
	"sync/atomic"
	"time"

	"meanwhile/server/access"
)

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core       *access.Core
	beginnings beginnings
	forgotAt   atomic.Pointer[time.Time]
}

// New makes a Service.
func New(core *access.Core) *Service {
	return &Service{core: core}
}
