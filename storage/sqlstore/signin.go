package sqlstore

import (
	"context"
	"time"

	"meanwhile"
)

// VerifyEmail notes that the person's mail address is theirs; the first time counts. NotFound.
func (s *Store) VerifyEmail(ctx context.Context, id meanwhile.UserID, at time.Time) error {
	return s.change(ctx, "verify mail address", `UPDATE users SET verified_ms = COALESCE(verified_ms, $2) WHERE id = $1`, string(id), toMS(at))
}
