package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"meanwhile/server"
	"meanwhile/storage"
	"meanwhile/storage/fsstore"
	"meanwhile/storage/redisbus"
	"meanwhile/storage/s3store"
	"meanwhile/storage/sqlstore"
	"meanwhile/worker/queue"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// role is which parts of the program run in this process.
type role int

const (
	roleAll    role = iota // server and worker
	roleServer             // HTTP only
	roleWorker             // stages only
	roleTool               // a command that ends: it neither listens nor works
)

// parts is everything in this process.
type parts struct {
	services *server.Services
	source   *source.Opener
	stages   *stages.Outbox
	store    *sqlstore.Store
	objects  storage.Objects
	redis    *redisbus.Redis
	counter  server.Counter // nil if this process alone counts tries
	queue    *queue.Client
	reserve  reserve
	log      *slog.Logger
	// removes what an interrupted Put left behind; may be nil
	sweep func(context.Context, time.Duration) (int, error)
	close []func() error // in the order of opening
}

// wire opens what the configuration names. The caller calls Close, also after an error.
func wire(ctx context.Context, c *Config, role role, log *slog.Logger) (*parts, error) {
	p := &parts{log: log}
	if local(c) && role != roleTool {
		unlock, err := lockData(c.Data)
		if err != nil {
			return p, err
		}
		p.close = append(p.close, unlock)
	}
	secret, err := secretKey(c.SecretKey, c.Data)
	if err != nil {
		return p, err
	}
	if err := p.connectStore(ctx, c); err != nil {
		return p, err
	}
	if err := p.store.Migrate(ctx); err != nil {
		return p, fmt.Errorf("bring the schema up: %w", err)
	}
	if err := p.openObjects(ctx, c); err != nil {
		return p, err
	}
	p.reserve = newReserve(c)
	behind := ports{secret: secret, reserve: p.reserve}
	if c.SMTPURL != "" {
		if behind.mailer, err = newMailer(c.SMTPURL); err != nil {
			return p, fmt.Errorf("read MEANWHILE_SMTP_URL: %w", err)
		}
	}
	if strings.HasPrefix(c.ObjectsURL, "file:") {
		behind.diskUsed = diskUsed(strings.TrimPrefix(c.ObjectsURL, "file:"))
	}
	if role != roleTool {
		if err := p.openRedis(ctx, c); err != nil {
			return p, err
		}
		behind.queue, behind.bus = p.queue, p.redis
	}
	p.introduce(c, behind)
	p.close = append(p.close, func() error {
		p.services.Notify.Drain() // before the things it uses close
		return nil
	})
	return p, nil
}

// mediaOrigin returns where browsers are sent for media, taken from an address that the storage
// signs; empty if the operator does not want that, or the storage cannot sign.
func (p *parts) mediaOrigin(ctx context.Context, c *Config) (string, error) {
	if c.MediaDelivery != "redirect" {
		return "", nil
	}
	address, err := p.objects.SignURL(ctx, "origin", time.Minute)
	if err != nil && storage.KindOf(err) == storage.Invalid {
		p.log.Warn(
			"media goes through this server: the object storage signs no addresses; set MEANWHILE_MEDIA_DELIVERY=proxy",
		)
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("sign an address: %w", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read a signed address: %w", err)
	}
	return u.Scheme + "://" + u.Host, nil
}

func limits(c *Config) storage.Limits {
	l := storage.DefaultLimits()
	l.MaxDuration, l.MaxUploadBytes, l.MaxCPU = c.MaxDuration, c.MaxUploadBytes, c.MaxCPU
	return l
}

// local reports whether the data folder belongs to this process alone.
func local(c *Config) bool { return strings.HasPrefix(c.DatabaseURL, "sqlite:") }

func (p *parts) connectStore(ctx context.Context, c *Config) error {
	scheme, _, _ := strings.Cut(c.DatabaseURL, ":")
	switch scheme {
	case "sqlite", "postgres", "postgresql":
		store, err := sqlstore.Open(ctx, c.DatabaseURL, p.log)
		if err != nil {
			return fmt.Errorf("open database: %w", err)
		}
		p.store = store
		p.close = append(p.close, store.Close)
		return nil
	}
	return fmt.Errorf("MEANWHILE_DATABASE_URL begins with %q: it can be sqlite: or postgres://", scheme)
}

func (p *parts) openObjects(ctx context.Context, c *Config) error {
	scheme, rest, _ := strings.Cut(c.ObjectsURL, ":")
	switch scheme {
	case "file":
		dir, err := filepath.Abs(rest)
		if err != nil {
			return fmt.Errorf("find object folder: %w", err)
		}
		store, err := fsstore.New(dir)
		if err != nil {
			return fmt.Errorf("open object folder: %w", err)
		}
		p.objects, p.sweep = store, store.Sweep
		p.close = append(p.close, store.Close)
		return nil
	case "s3":
		store, err := s3store.Open(ctx, c.ObjectsURL, p.log)
		if err != nil {
			return fmt.Errorf("open object storage: %w", err)
		}
		p.objects, p.sweep = store, store.Sweep
		p.close = append(p.close, store.Close)
		return nil
	}
	return fmt.Errorf("MEANWHILE_OBJECTS_URL begins with %q: it can be file: or s3://", scheme)
}

func (p *parts) openRedis(ctx context.Context, c *Config) error {
	scheme, _, _ := strings.Cut(c.RedisURL, ":")
	switch scheme {
	case "embedded", "redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster":
		r, err := redisbus.Open(ctx, c.RedisURL, p.log)
		if err != nil {
			return fmt.Errorf("open redis: %w", err)
		}
		p.redis = r
		if scheme != "embedded" {
			p.counter = r // otherwise this process counts alone, and its own count is the whole one
		}
		p.close = append(p.close, r.Close)
		p.queue = queue.NewClient(p.asynqOptions())
		p.close = append(p.close, p.queue.Close)
		return nil
	}
	return fmt.Errorf(
		"MEANWHILE_REDIS_URL begins with %q: it can be embedded:, redis://, redis+sentinel:// or redis+cluster://, "+
			"or rediss for redis where there is TLS",
		scheme,
	)
}

// queueAnswersWithin bounds a command of the queue: a person's request often waits for it, and the
// row of the job is stored anyway.
const queueAnswersWithin = 2 * time.Second

// asynqOptions returns asynq's options for the Redis that redisbus opened.
func (p *parts) asynqOptions() asynq.RedisConnOpt { return asynqOptionsOf(p.redis.Options()) }

func asynqOptionsOf(o redisbus.Options) asynq.RedisConnOpt {
	const within = queueAnswersWithin
	switch {
	case o.Master != "":
		return asynq.RedisFailoverClientOpt{
			MasterName:       o.Master,
			SentinelAddrs:    o.Sentinels,
			SentinelUsername: o.SentinelUsername,
			SentinelPassword: o.SentinelPassword,
			Username:         o.Username,
			Password:         o.Password,
			DB:               o.DB,
			TLSConfig:        o.TLS,
			DialTimeout:      within,
			ReadTimeout:      within,
			WriteTimeout:     within,
		}
	case len(o.Cluster) > 0:
		return asynq.RedisClusterClientOpt{
			Addrs: o.Cluster, Username: o.Username, Password: o.Password, TLSConfig: o.TLS,
			DialTimeout: within, ReadTimeout: within, WriteTimeout: within,
		}
	}
	return asynq.RedisClientOpt{
		Network: o.Network, Addr: o.Addr, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLS,
		DialTimeout: within, ReadTimeout: within, WriteTimeout: within,
	}
}

// sparing are asynq's options for a worker, which asks for work all the time.
type sparing struct{ asynq.RedisConnOpt }

// MakeRedisClient implements asynq's interface.
func (s sparing) MakeRedisClient() any { return redisbus.Spare(s.RedisConnOpt.MakeRedisClient()) }

// Close closes everything, last opened first.
func (p *parts) Close() error {
	var errs []error
	for i := len(p.close) - 1; i >= 0; i-- {
		errs = append(errs, p.close[i]())
	}
	p.close = nil
	return errors.Join(errs...)
}
