package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"meanwhile/server"
	"meanwhile/storage"
	"meanwhile/web"
	"meanwhile/worker"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/queue"
)

// drainFor is how long open requests may take to end after the signal.
const drainFor = 15 * time.Second

type serveCmd struct{}

// Run serves and works until the process is told to stop.
func (serveCmd) Run(ctx context.Context, c *Config, o out) error { return run(ctx, c, roleAll, o) }

type serverCmd struct{}

// Run serves until the process is told to stop.
func (serverCmd) Run(ctx context.Context, c *Config, o out) error { return run(ctx, c, roleServer, o) }

type workerCmd struct{}

// Run works until the process is told to stop.
func (workerCmd) Run(ctx context.Context, c *Config, o out) error { return run(ctx, c, roleWorker, o) }

// run starts a role and ends it in order: announce the end, stop listening, drain HTTP, hand the
// work back, close the stores.
func run(ctx context.Context, c *Config, role role, o out) (err error) {
	if err := c.finish(role); err != nil {
		return usageError{err}
	}
	log := c.logger(o.stderr)
	p, err := wire(ctx, c, role, log)
	defer func() { err = errors.Join(err, p.Close()) }()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if role != roleServer {
		stop, err := startWorker(ctx, c, p, group)
		if err != nil {
			return err
		}
		defer stop()
	}
	startAdmin(ctx, c, group, log)
	group.Go(func() error { return endWhenOvertaken(ctx, p.store.MayServe, p.promisedEvery()) })
	if role != roleWorker {
		if err := startServer(ctx, c, p, role, group, o); err != nil {
			group.Go(func() error { return err }) // ends what was already started
		}
	}
	return group.Wait()
}

// startServer listens, prints its address, and serves until ctx ends; then it drains.
func startServer(ctx context.Context, c *Config, p *parts, role role, group *errgroup.Group, o out) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (set MEANWHILE_LISTEN to another address)", c.Listen, err)
	}
	proxies, err := c.proxies()
	if err != nil {
		return err
	}
	media, err := p.mediaOrigin(ctx, c)
	if err != nil {
		return err
	}
	addr := ln.Addr().String()
	drain := newDrain(ctx, c.DrainDelay, p.ready)
	handler := server.New(server.Config{
		BaseURL:        c.BaseURL,
		TrustedProxies: proxies,
		Version:        version(),
		MediaOrigin:    media,
		MediaLife:      c.MediaAddressLife,
		Provider:       c.provider(),
	}, server.Deps{
		Services: p.services,
		UI:       web.Files(),
		Log:      p.log,
		Ready:    drain.ready,
		Checks:   siteChecks(c, p, role, addr),
		Counter:  p.counter,
		Done:     drain.stopping,
	})
	srv, silent := server.HTTPServer(drain.goodbye(handler), p.log), newSilent()
	srv.ConnState = silent.watch
	group.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-drain.stopping
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
		defer cancel()
		group.Go(func() error { silent.drain(within.Done()); return nil })
		if err := srv.Shutdown(within); err != nil {
			return errors.Join(fmt.Errorf("drain: %w", err), srv.Close())
		}
		return nil
	})
	return greet(ctx, c, p.services, addr, o)
}

// greet prints the site's address and, while there is no account, how to make the first.
func greet(ctx context.Context, c *Config, services *server.Services, addr string, o out) error {
	base := c.BaseURL
	if base == "" {
		base = "http://" + friendly(addr)
	}
	fmt.Fprintf(o.stdout, "Meanwhile is at %s\n", base)
	needed, err := services.SignIn.NeedsSetUp(ctx)
	if err != nil {
		return fmt.Errorf("look for accounts: %w", err)
	}
	if needed {
		fmt.Fprintf(o.stdout, "Make the first account here: %s/setup/%s\n", base, services.SignIn.SetUpToken())
	}
	fmt.Fprintln(o.stdout, "Press Ctrl-C to stop.")
	return nil
}

// friendly writes a loopback or unspecified address as localhost, which browsers treat as a secure
// context.
func friendly(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// ready returns what is missing, by name; empty if the process can serve.
func (p *parts) ready(ctx context.Context) map[string]error {
	missing := make(map[string]error)
	if err := p.store.Ping(ctx); err != nil {
		missing["database"] = err
	}
	if err := p.redis.Ping(ctx); err != nil {
		missing["redis"] = err
	}
	return missing
}

// startWorker starts to take work. stop hands running stages back and waits for them.
func startWorker(ctx context.Context, c *Config, p *parts, group *errgroup.Group) (stop func(), err error) {
	tools, err := ffmpeg.New(ctx, toolOptions(c, p.log))
	if err != nil {
		return nil, err
	}
	p.log.Info("media tools found", "ffmpeg", tools.Version(), "sandbox", tools.SandboxName())
	dir, unlock, err := ownFolder(c.Data, "scratch")
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, unlock)
	scratch, err := worker.NewScratch(dir)
	if err != nil {
		return nil, err
	}
	w := &worker.Worker{Stages: p.stages, Source: p.source, Tools: tools, Scratch: scratch, Owner: owner(c), Log: p.log}
	slots := map[storage.QueueName]int{
		storage.QueueInstant: 2, storage.QueueShort: 2, storage.QueueEncode: c.WorkerConcurrency,
		storage.QueueSound: 1, storage.QueueCamera: 1, storage.QueueLater: 1,
	}
	srv, err := queue.Start(sparing{p.asynqOptions()}, slots, w.Handle, p.log)
	if err != nil {
		return nil, errors.Join(err, scratch.Close())
	}
	group.Go(func() error { return w.Reconcile(ctx, local(c)) })
	chores := append(p.services.Chores(), server.Chore{What: "keep room for deleting", Do: p.reserve.keep})
	group.Go(func() error { return tidy(ctx, chores, p.lookEvery(), p.log) })
	group.Go(func() error { return sealSilent(ctx, p.services.Uploads.SealSilent, p.promisedEvery(), p.log) })
	group.Go(func() error { return p.sweepLeftovers(ctx) })
	return func() {
		srv.Stop()
		if err := scratch.Close(); err != nil {
			p.log.Warn("scratch folder not removed", "error", err)
		}
	}, nil
}

// leftoverAge is the age from which an unfinished object counts as left behind: no request takes
// that long.
const leftoverAge = 24 * time.Hour

// sweepLeftovers removes, once, what interrupted writes left in the object folder. Leftovers cost
// only disk, so failure is only logged.
func (p *parts) sweepLeftovers(ctx context.Context) error {
	if p.sweep == nil {
		return nil
	}
	n, err := p.sweep(ctx, leftoverAge)
	if err != nil && ctx.Err() == nil {
		p.log.Warn("unfinished objects not removed", "error", err)
	}
	if n > 0 {
		p.log.Info("unfinished objects removed", "objects", n)
	}
	return nil
}

func toolOptions(c *Config, log *slog.Logger) ffmpeg.Options {
	return ffmpeg.Options{FFmpeg: c.FFmpeg, FFprobe: c.FFprobe, Sandbox: c.Sandbox, Nice: 10, Log: log}
}

// owner names this worker in leases. The name survives restarts if the data folder is the worker's
// own.
func owner(c *Config) string {
	if local(c) {
		return "local"
	}
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	return host + "-" + storage.NewRandomID()
}
