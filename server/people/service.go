// Package people is for the people of a workspace and their roles: members, invites, profiles.
package people

import (
	"meanwhile/server/access"
	"meanwhile/server/notify"
)

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core   *access.Core
	notify *notify.Service
}

// New makes a Service.
func New(core *access.Core, notify *notify.Service) *Service {
	return &Service{core: core, notify: notify}
}
