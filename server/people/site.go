package people

import (
	"context"
	"fmt"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// SeesSite lets those by who look after the site itself: the owner and the admins of its first
// workspace, which the set-up made, wherever they are now. Anyone may make a workspace and own it,
// and that opens nothing of the machine below. NotFound for all others, and for API keys.
func (s *Service) SeesSite(ctx context.Context, a access.Actor) error {
	if err := s.core.May(a, access.SeeSite); err != nil {
		return noSite(err)
	}
	first, err := s.core.Store.FirstWorkspace(ctx)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return noSite(err)
	}
	if err != nil {
		return fmt.Errorf("find first workspace: %w", err)
	}
	m, err := s.core.Store.MemberByID(ctx, first.ID, a.UserID)
	if err != nil && storage.KindOf(err) == storage.NotFound {
		return noSite(err)
	}
	if err != nil {
		return fmt.Errorf("read member: %w", err)
	}
	if access.Outranks(storage.RoleAdmin, m.Role) {
		return noSite(nil)
	}
	return nil
}

func noSite(err error) error {
	return storage.E(storage.NotFound, "There is nothing at this address.", err)
}
