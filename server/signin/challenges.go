package signin

import (
	"context"
	"fmt"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// ChallengeFor is how long we wait for the second half of a log-in.
const ChallengeFor = 10 * time.Minute

// BeginChallenge stores the state that checks the second half of a log-in. It returns the secret
// that the browser sends back.
func (s *Service) BeginChallenge(
	ctx context.Context,
	a access.Actor,
	kind storage.ChallengeKind,
	state string,
) (secret string, err error) {
	if err := s.mayHold(ctx, a, kind); err != nil {
		return "", err
	}
	secret, now := storage.NewSecret(), s.core.Now()
	c := storage.Challenge{Hash: storage.SecretHash(secret), Kind: kind, State: state, ExpiresAt: now.Add(ChallengeFor)}
	if kind == storage.ChallengeNewPasskey {
		c.UserID = a.UserID
	}
	if err := s.core.Store.CreateChallenge(ctx, c, now); err != nil {
		return "", fmt.Errorf("create challenge: %w", err)
	}
	return secret, nil
}

// TakeChallenge returns what BeginChallenge stored, once. Gone if it has ended, was taken already,
// or is somebody else's.
func (s *Service) TakeChallenge(
	ctx context.Context,
	a access.Actor,
	kind storage.ChallengeKind,
	secret string,
) (state string, err error) {
	if err := s.mayHold(ctx, a, kind); err != nil {
		return "", err
	}
	c, err := s.core.Store.TakeChallenge(ctx, storage.SecretHash(secret), kind, s.core.Now())
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return "", fmt.Errorf("take challenge: %w", err)
	}
	if err != nil || c.UserID != "" && c.UserID != a.UserID {
		return "", storage.E(storage.Gone, "This took too long, or was tried already. Start again.", err)
	}
	return c.State, nil
}

// mayHold returns nil if a may begin or end a challenge of that kind. Anyone may sign in.
func (s *Service) mayHold(ctx context.Context, a access.Actor, kind storage.ChallengeKind) error {
	if kind != storage.ChallengeNewPasskey {
		return nil
	}
	return s.core.May(ctx, a, access.ManageCredentials)
}
