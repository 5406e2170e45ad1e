package people

import (
	"context"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// SeesSite allows only people who look after the site itself. NotFound for all others, and for API
// keys.
func (s *Service) SeesSite(ctx context.Context, a access.Actor) error {
	err := s.core.May(ctx, a, access.SeeSite)
	if err == nil || storage.KindOf(err) == storage.Internal {
		return err
	}
	return storage.E(storage.NotFound, "There is nothing at this address.", err)
}
