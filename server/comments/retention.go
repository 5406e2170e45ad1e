package comments

import (
	"context"
	"time"

	"meanwhile/storage"
)

// A guest of whom nothing is left is forgotten after the time for which browsers keep their token.
const (
	guestKeep   = 400 * 24 * time.Hour
	forgetEvery = time.Hour // it reads all guests
)

// ForgetGuests forgets guests who wrote nothing that is left and have not come for long. It does
// nothing for an hour after it has found none.
func (s *Service) ForgetGuests(ctx context.Context) (int, error) {
	now := s.core.Now()
	if last := s.forgotAt.Load(); last != nil && now.Sub(*last) < forgetEvery {
		return 0, nil
	}
	n, err := s.core.Store.ForgetGuests(ctx, now.Add(-guestKeep), now, storage.RetentionBatch)
	if err == nil && n < storage.RetentionBatch {
		s.forgotAt.Store(&now)
	}
	return n, err
}
