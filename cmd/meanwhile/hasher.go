package main

import (
	"context"
	"fmt"

	"github.com/alexedwards/argon2id"
)

// hashersAtOnce bounds the memory of parallel password hashing: 19 MiB each.
const hashersAtOnce = 4

// hasher is storage.Hasher by argon2id, with the parameters that OWASP's password storage sheet
// names first.
type hasher struct {
	slots  chan struct{}
	params argon2id.Params
}

func newHasher() *hasher {
	return &hasher{
		slots:  make(chan struct{}, hashersAtOnce),
		params: argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	}
}

func (h *hasher) take(ctx context.Context) (release func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
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
