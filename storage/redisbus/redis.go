// Package redisbus opens Redis, or runs one inside this process, and implements storage.Bus on it.
//
// Redis holds only what may be lost: wake-ups, events and counters. Deleting all of it costs
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

// answerWithin bounds every command: a person's request often waits for it, and can go on without
// Redis.
const answerWithin = 2 * time.Second

// Redis is a connection to a Redis, and the Redis itself if it is embedded. It is safe for
// concurrent use.
type Redis struct {
	options  Options
	client   redis.UniversalClient
	hub      *hub
	post     *post
	embedded *embedded // nil if Redis runs elsewhere
}

// Open prepares the Redis at address. The address embedded: runs one in this process that nobody
// else can use. Every other form (see Parse) connects to another server, which may be down for now;
// Ping reports it. Invalid for an address that cannot be read. ctx bounds only the opening. The
// caller closes the Redis.
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

// Options returns what another client needs to reach the same Redis.
func (r *Redis) Options() Options { return r.options }

// Ping fails with Unavailable if Redis cannot be reached.
func (r *Redis) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return unavailable("ping redis", r.client.Ping(ctx).Err())
}

// Close ends every subscription, closes the connection and, if Redis is embedded, stops it. Stop
// other clients of an embedded one first.
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
	return storage.E(storage.Unavailable, "Live updates are not available just now.", fmt.Errorf("%s: %w", op, err))
}
