package meanwhile

import (
	"context"
	"time"
)

// SignInStore remembers what people sign in with beside a password.
type SignInStore interface {
	// VerifyEmail notes that the person's mail address is theirs; the first time counts. NotFound.
	VerifyEmail(ctx context.Context, id UserID, at time.Time) error
}
