// Package links is whom a video is shared with: make, change and revoke links, and come in by one
// that asks for something.
package links

import (
	"meanwhile/server/access"
	"meanwhile/server/notify"
)

// Service has the use cases of this subject. All methods may be called from many goroutines.
type Service struct {
	core   *access.Core
	notify *notify.Service
}

// New makes a Service.
func New(core *access.Core, notify *notify.Service) *Service {
	return &Service{core: core, notify: notify}
}
