package signin

import (
	"context"
	"fmt"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// CeremonyFor is how long the second half of a log-in is waited for.
const CeremonyFor = 10 * time.Minute

// BeginCeremony keeps what the second half of a log-in is checked against and returns the secret
// that the browser brings back with it.
func (s *Service) BeginCeremony(
	ctx context.Context,
	a access.Actor,
	kind storage.CeremonyKind,
	state string,
) (secret string, err error) {
	if err := s.mayHold(ctx, a, kind); err != nil {
		return "", err
	}
	secret, now := storage.NewSecret(), s.core.Now()
	c := storage.Ceremony{Hash: storage.SecretHash(secret), Kind: kind, State: state, ExpiresAt: now.Add(CeremonyFor)}
	if kind == storage.CeremonyNewPasskey {
		c.UserID = a.UserID
	}
	if err := s.core.Store.CreateCeremony(ctx, c, now); err != nil {
		return "", fmt.Errorf("create ceremony: %w", err)
	}
	return secret, nil
}

// TakeCeremony gives what BeginCeremony kept, once. Gone when it is over, was taken already, or is
// somebody else's.
func (s *Service) TakeCeremony(
	ctx context.Context,
	a access.Actor,
	kind storage.CeremonyKind,
	secret string,
) (state string, err error) {
	if err := s.mayHold(ctx, a, kind); err != nil {
		return "", err
	}
	c, err := s.core.Store.TakeCeremony(ctx, storage.SecretHash(secret), kind, s.core.Now())
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return "", fmt.Errorf("take ceremony: %w", err)
	}
	if err != nil || c.UserID != "" && c.UserID != a.UserID {
		return "", storage.E(storage.Gone, "This took too long, or was tried already. Begin again.", err)
	}
	return c.State, nil
}

// mayHold answers whether a may begin or end a ceremony of that kind: anyone may sign in.
func (s *Service) mayHold(ctx context.Context, a access.Actor, kind storage.CeremonyKind) error {
	if kind != storage.CeremonyNewPasskey {
		return nil
	}
	return s.core.May(ctx, a, access.ManageCredentials)
}
