package storage

import (
	"context"
)

// Mail is one message to one person, as plain text.
type Mail struct {
	To      string // one mail address
	Subject string
	Text    string
}

// Mailer sends mail. It may wait for the server that takes it; an error says that nobody has.
type Mailer interface {
	// Send hands m to a mail server. Unavailable when that is away, Invalid when it refuses the
	// address.
	Send(ctx context.Context, m Mail) error
}
