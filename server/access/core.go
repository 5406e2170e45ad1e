// Package access makes the one decision: who somebody is, and what they may do with a video, a
// workspace or an account. Nothing else decides, and its functions are the only ways to data.
package access

import (
	"log/slog"
	"time"

	"meanwhile/storage"
)

// Config configures a Core. Now, NewID and Log have defaults.
type Config struct {
	Store   storage.Store
	Objects storage.Objects
	Bus     storage.Bus
	Hasher  storage.Hasher
	Log     *slog.Logger
	// Secret is the key for the grants and the set-up link: 32 random bytes that stay the same over
	// restarts.
	Secret []byte

	Now   func() time.Time
	NewID func() string
}

// Core is the base of every subject: the decision, the store behind it, clock, ids and log. All
// methods may be called from many goroutines.
type Core struct {
	Store   storage.Store
	Objects storage.Objects
	Bus     storage.Bus
	Log     *slog.Logger
	Now     func() time.Time
	NewID   func() string

	hasher storage.Hasher
	secret []byte
	grants ttlCache[storage.Asset]
	keys   ttlCache[keyHolder]
}

// New makes a Core and fills in the defaults.
func New(c Config) *Core {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = storage.NewRandomID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Core{
		Store:   c.Store,
		Objects: c.Objects,
		Bus:     c.Bus,
		Log:     c.Log,
		Now:     c.Now,
		NewID:   c.NewID,
		hasher:  c.Hasher,
		secret:  c.Secret,
	}
}

// ForgetGrants makes this process read again what grants open.
func (c *Core) ForgetGrants() { c.grants.forget() }

// ForgetKeys makes this process read the rows of API keys again.
func (c *Core) ForgetKeys() { c.keys.forget() }
