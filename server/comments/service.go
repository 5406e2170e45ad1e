// Package comments is the conversation under a video: say, reply, edit, delete, approve.
package comments

import (
	"meanwhile/server/access"
)

// Service has the use cases of this subject. All methods may be called from many goroutines.
type Service struct {
	core *access.Core
}

// New makes a Service.
func New(core *access.Core) *Service {
	return &Service{core: core}
}
