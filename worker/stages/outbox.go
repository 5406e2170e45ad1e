// Package stages is the outbox of work and its leases: which work is due, who does it, and what
// happens to the result.
package stages

import (
	"context"
	"log/slog"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/source"
)

// Config is what an Outbox needs. Now, NewID, Log, Limits and Lease have defaults.
type Config struct {
	Store   storage.Store
	Objects storage.Objects
	Queue   storage.Queue
	Bus     storage.Bus
	Source  *source.Opener
	Log     *slog.Logger
	Limits  storage.Limits
	// Lease is how long a silent worker keeps its stage, storage.LeaseFor if zero. A live worker
	// renews its lease four times in that time.
	Lease time.Duration

	Now   func() time.Time
	NewID func() string
}

// Outbox holds the rows of work. Rows are written in the transaction of a state change, and sent
// right after the commit. All methods may be called from many goroutines.
type Outbox struct {
	store   storage.Store
	objects storage.Objects
	queue   storage.Queue
	bus     storage.Bus
	source  *source.Opener
	log     *slog.Logger
	limits  storage.Limits
	lease   time.Duration
	now     func() time.Time
	newID   func() string
}

// New makes an Outbox and fills in defaults.
func New(c Config) *Outbox {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = storage.NewRandomID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Limits == (storage.Limits{}) {
		c.Limits = storage.DefaultLimits()
	}
	if c.Lease == 0 {
		c.Lease = storage.LeaseFor
	}
	return &Outbox{
		store: c.Store, objects: c.Objects, queue: c.Queue, bus: c.Bus, source: c.Source,
		log: c.Log, limits: c.Limits, lease: c.Lease, now: c.Now, newID: c.NewID,
	}
}

// Limits are the maximum values for a video.
func (o *Outbox) Limits() storage.Limits { return o.limits }

// Lease is how long a silent worker keeps its stage.
func (o *Outbox) Lease() time.Duration { return o.lease }

// Discard deletes an object that PutDerived stored and that no row names.
func (o *Outbox) Discard(ctx context.Context, key string) error { return o.objects.Delete(ctx, key) }

func (o *Outbox) announce(ctx context.Context, v storage.Video, event string) {
	storage.Announce(ctx, o.bus, o.log, v, event)
}
