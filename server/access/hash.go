package access

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// HashPassword hashes a password. The caller checks that it is long enough. Invalid if it is too
// long to hash.
func (c *Core) HashPassword(ctx context.Context, password string) (string, error) {
	if len(password) > 1000 {
		return "", storage.E(storage.Invalid, "A password can have at most 1000 bytes.", nil)
	}
	hash, err := c.hasher.Hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// VerifyPassword reports whether a password matches the hash.
func (c *Core) VerifyPassword(ctx context.Context, password, hash string) (bool, error) {
	return c.hasher.Verify(ctx, password, hash)
}
