// Package signin is for how people sign in: accounts, sessions, passkeys, providers and keys.
package signin

import (
	"meanwhile/server/access"
	"meanwhile/server/notify"
	"meanwhile/server/people"
)

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core       *access.Core
	notify     *notify.Service
	people     *people.Service
	openSignUp bool
}

// New makes a Service. openSignUp lets anyone make an account.
func New(core *access.Core, notify *notify.Service, people *people.Service, openSignUp bool) *Service {
	return &Service{core: core, notify: notify, people: people, openSignUp: openSignUp}
}
