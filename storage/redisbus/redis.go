// Package redisbus opens Redis, or runs one inside this process, and carries meanwhile.Bus over it.
//
// Redis holds nothing that may not be lost: wake-ups, events and counters. Deleting all of it costs seconds.
package redisbus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"meanwhile"
)

var _ meanwhile.Bus = (*Redis)(nil)

// answerWithin bounds every command: who asks is often a person's request, which goes on without Redis.
const answerWithin = 2 * time.Second

// Redis is a connection to a Redis, and the Redis itself where it is embedded. It is safe for concurrent use.
type Redis struct {
	options  Options
	client   *redis.Client
	hub      *hub
	embedded *embedded // nil for one that runs elsewhere
}

// Options are what another client needs to reach the same Redis. They hold a password: keep them out of logs.
type Options struct {
	Network  string // tcp or unix
	Addr     string
	Username string
	Password string
	DB       int
	TLS      *tls.Config // nil for a plain connection
}

// Open makes ready the Redis at address: embedded: runs one in this process that nobody else can use, redis:// and rediss:// (with TLS)
// reach another, which may be away for now; Ping tells. Invalid for an address that cannot be read. ctx bounds the opening only. The
// caller closes the Redis.
func Open(ctx context.Context, address string, log *slog.Logger) (*Redis, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open redis: %w", err)
	}
	if address == "embedded:" {
		return openEmbedded(ctx, log)
	}
	if !strings.HasPrefix(address, "redis://") && !strings.HasPrefix(address, "rediss://") {
		return nil, meanwhile.E(meanwhile.Invalid, "The Redis address is embedded:, or begins with redis:// or rediss://.", nil)
	}
	parsed, err := redis.ParseURL(address)
	if err != nil {
		// The parser's error repeats parts of the address, and so perhaps the password.
		return nil, meanwhile.E(meanwhile.Invalid, "The Redis address cannot be read: it looks like redis://user:password@host:6379/0.", nil)
	}
	return connect(ctx, Options{
		Network: parsed.Network, Addr: parsed.Addr, Username: parsed.Username, Password: parsed.Password, DB: parsed.DB, TLS: parsed.TLSConfig,
	}, log), nil
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
	client := redis.NewClient(&redis.Options{
		Network: o.Network, Addr: o.Addr, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLS,
		DialTimeout: answerWithin, ReadTimeout: answerWithin, WriteTimeout: answerWithin, PoolTimeout: answerWithin,
		DialerRetries: 1, MaxRetries: 1, ContextTimeoutEnabled: true,
		// Both are extra commands at every connection, which not every Redis knows and nothing here needs.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return &Redis{options: o, client: client, hub: newHub(client.Subscribe(ctx), log)}
}

// Options tells how to reach the same Redis with another client.
func (r *Redis) Options() Options { return r.options }

// Ping answers whether Redis can be reached. Unavailable.
func (r *Redis) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return unavailable("ping redis", r.client.Ping(ctx).Err())
}

// Close ends every subscription, lets Redis go and, where it is embedded, stops it. Stop other clients of an embedded one first.
func (r *Redis) Close() error {
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
	return meanwhile.E(meanwhile.Unavailable, "Live updates are not to be had just now.", fmt.Errorf("%s: %w", op, err))
}
