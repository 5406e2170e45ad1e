package main

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// drain is the time between the signal and the end of listening. During it, /readyz tells proxies
// that this server is stopping, so that they send new requests to another one.
type drain struct {
	told     <-chan struct{} // closed by the signal
	stopping chan struct{}   // closed delay later: event streams end, and no new work is accepted
	missing  func(context.Context) map[string]error
}

var errStopping = errors.New("this server is being stopped")

func newDrain(ctx context.Context, delay time.Duration, missing func(context.Context) map[string]error) *drain {
	d := &drain{told: ctx.Done(), stopping: make(chan struct{}), missing: missing}
	context.AfterFunc(ctx, func() { time.AfterFunc(delay, func() { close(d.stopping) }) })
	return d
}

func (d *drain) begun() bool {
	select {
	case <-d.told:
		return true
	default:
		return false
	}
}

// ready returns what /readyz reports.
func (d *drain) ready(ctx context.Context) map[string]error {
	missing := d.missing(ctx)
	if d.begun() {
		missing["server"] = errStopping
	}
	return missing
}

// goodbye closes connections with the answers sent after the signal, so that none waits for a next
// request when the server closes them.
func (d *drain) goodbye(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.begun() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
