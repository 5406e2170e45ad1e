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

// Mailer sends mail. It may wait for a mail server to accept it; an error says that none did.
type Mailer interface {
	// Send hands m to a mail server. Unavailable if that cannot be reached, Invalid if it refuses
	// the address.
	Send(ctx context.Context, m Mail) error
}
