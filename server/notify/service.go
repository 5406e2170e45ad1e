// Package notify tells people by mail what they did not ask for at that moment.
package notify

import (
	"context"
	"sync"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Service sends mail, at once or after the answer. All methods may be called from many goroutines.
type Service struct {
	core   *access.Core
	mailer storage.Mailer
	site   string

	background sync.WaitGroup // what nobody waits for but Drain
}

// New makes a Service. mailer is nil where no mail server is set: then links are shown to who may
// hand them on. site is the address of the site without a slash at its end, for links in mail that
// no request asked for; empty where no mail is sent.
func New(core *access.Core, mailer storage.Mailer, site string) *Service {
	return &Service{core: core, mailer: mailer, site: site}
}

// Send sends one mail. It may be called only where On.
func (s *Service) Send(ctx context.Context, m storage.Mail) error { return s.mailer.Send(ctx, m) }
