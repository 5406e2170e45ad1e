package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
)

// startAdmin serves metrics and pprof on a separate address until ctx ends. If the port is taken,
// it logs a warning and the site still runs.
func startAdmin(ctx context.Context, c *Config, group *errgroup.Group, log *slog.Logger) {
	if c.AdminListen == "" {
		return
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", c.AdminListen)
	if err != nil {
		log.Warn(
			"no metrics: the admin address is taken; set MEANWHILE_ADMIN_LISTEN to another one, or to nothing",
			"address",
			c.AdminListen,
			"error",
			err,
		)
		return
	}
	srv := &http.Server{Handler: adminHandler(), ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Warn("admin listener ended", "error", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
}

func adminHandler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
