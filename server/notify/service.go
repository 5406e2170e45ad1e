// Package notify mails people about things that they did not just ask for.
package notify

import (
	"context"
	"sync"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Service sends mail, at once or after the response. All methods may be called from many
// goroutines.
type Service struct {
	core   *access.Core
	mailer storage.Mailer
	site   string

	background sync.WaitGroup // work that only Drain waits for
}

// New makes a Service. mailer is nil if no mail server is set; then people who may send links on
// see them instead. site is the address of the site without a slash at its end. It is for links in
// mail that no request asked for. Empty if no mail is sent.
func New(core *access.Core, mailer storage.Mailer, site string) *Service {
	return &Service{core: core, mailer: mailer, site: site}
}

// Send sends one mail. Call it only if On returns true.
func (s *Service) Send(ctx context.Context, m storage.Mail) error { return s.mailer.Send(ctx, m) }
