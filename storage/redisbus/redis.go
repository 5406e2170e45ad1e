// Package redisbus opens Redis, or runs one inside this process, and carries meanwhile.Bus over it.
//
// Redis holds nothing that may not be lost: wake-ups, events and counters. Deleting all of it costs
// seconds.
package redisbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"meanwhile/storage"
)

var _ storage.Bus = (*Redis)(nil)

// answerWithin bounds every command: who asks is often a person's request, which goes on without
// Redis.
const answerWithin = 2 * time.Second

// Redis is a connection to a Redis, and the Redis itself where it is embedded. It is safe for
// concurrent use.
type Redis struct {
	options  Options
	client   redis.UniversalClient
	hub      *hub
	post     *post
	embedded *embedded // nil for one that runs elsewhere
}

// Open makes ready the Redis at address: embedded: runs one in this process that nobody else can
// use, every other form (see Parse) reaches another, which may be away for now; Ping tells. Invalid
// for an address that cannot be read. ctx bounds the opening only. The caller closes the Redis.
func Open(ctx context.Context, address string, log *slog.Logger) (*Redis, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open redis: %w", err)
	}
	if address == "embedded:" {
		return openEmbedded(ctx, log)
	}
	o, err := Parse(address)
	if err != nil {
		return nil, err
	}
	return connect(ctx, o, log), nil
}

func openEmbedded(ctx context.Context, log *slog.Logger) (*Redis, error) {
	e, err := startEmbedded()
	if err != nil {
		return nil, err
	}
	r := connect(ctx, e.options(), log)
	r.embedded = e
	return r, nil
}

func connect(ctx context.Context, o Options, log *slog.Logger) *Redis {
	client := o.client()
	return &Redis{options: o, client: client, hub: newHub(client.Subscribe(ctx), log), post: newPost(ctx, client)}
}

// Options tells how to reach the same Redis with another client.
func (r *Redis) Options() Options { return r.options }

// Ping answers whether Redis can be reached. Unavailable.
func (r *Redis) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return unavailable("ping redis", r.client.Ping(ctx).Err())
}

// Close ends every subscription, lets Redis go and, where it is embedded, stops it. Stop other
// clients of an embedded one first.
func (r *Redis) Close() error {
	r.post.close()
	err := errors.Join(r.hub.close(), r.client.Close())
	if r.embedded != nil {
		r.embedded.stop()
	}
	return err
}

func unavailable(op string, err error) error {
	if err == nil {
		return nil
	}
	return storage.E(storage.Unavailable, "Live updates are not to be had just now.", fmt.Errorf("%s: %w", op, err))
}
