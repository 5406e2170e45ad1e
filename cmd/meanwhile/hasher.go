package main

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"

	"meanwhile/storage"
)

// hashersAtOnce bounds the memory of parallel password hashing: 19 MiB each.
const hashersAtOnce = 4

// hashWithin is how long a password waits for its turn. In a crowd, an answer that says when to
// come back is better than none.
const hashWithin = 4 * time.Second

var errCrowd = storage.E(
	storage.Unavailable, "Many people sign in at this moment. Wait a few seconds, then try again.", nil)

// hasher is storage.Hasher by argon2id, with the parameters that OWASP's password storage sheet
// names first.
type hasher struct {
	slots  chan struct{}
	within time.Duration
	params argon2id.Params
}

func newHasher() *hasher {
	return &hasher{
		slots:  make(chan struct{}, hashersAtOnce),
		within: hashWithin,
		params: argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	}
}

// take waits for a slot. Unavailable if none comes in time.
func (h *hasher) take(ctx context.Context) (release func(), err error) {
	patience := time.NewTimer(h.within)
	defer patience.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-patience.C:
		return nil, errCrowd
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Hash returns a new hash of password.
func (h *hasher) Hash(ctx context.Context, password string) (string, error) {
	release, err := h.take(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(password, &h.params)
}

// Verify reports whether password made hash.
func (h *hasher) Verify(ctx context.Context, password, hash string) (bool, error) {
	release, err := h.take(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok, nil
}
