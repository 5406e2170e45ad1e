package server

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimited limits the keys that a limiter remembers of one period.
const maxLimited = 100_000

// Counter counts tries for all servers together. It allows most tries of one key in each period;
// they come back one by one.
type Counter interface {
	Allow(ctx context.Context, key string, most int, period time.Duration) (bool, error)
}

// limiter counts tries per key: a bucket that fills at a steady rate, here and, if there is a
// Counter, over all servers. Its own bucket always counts, so a failing Counter opens nothing.
type limiter struct {
	name   string
	burst  int
	period time.Duration // until an empty bucket is full
	shared Counter       // may be nil
	log    *slog.Logger

	mu sync.Mutex
	// The buckets that were used in this period, and those of the one before. An older bucket is
	// full again, so that forgetting it changes nothing. Forgetting costs the same for every number
	// of keys.
	fresh, old map[string]*rate.Limiter
	began      time.Time // this period
}

func newLimiter(name string, burst int, period time.Duration, d Deps) *limiter {
	return &limiter{
		name:   name,
		burst:  burst,
		period: period,
		shared: d.Counter,
		log:    d.Log,
		fresh:  make(map[string]*rate.Limiter),
	}
}

// allow uses one try of key, if one is left at now.
func (l *limiter) allow(ctx context.Context, key string, now time.Time) bool {
	if !l.allowHere(key, now) {
		return false
	}
	if l.shared == nil {
		return true
	}
	ok, err := l.shared.Allow(ctx, l.name+" "+key, l.burst, l.period)
	if err != nil {
		l.log.Warn("tries are counted by this server alone", "limit", l.name, "error", err)
		return true
	}
	return ok
}

func (l *limiter) allowHere(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.began) >= l.period || len(l.fresh) >= maxLimited {
		l.old, l.fresh, l.began = l.fresh, make(map[string]*rate.Limiter), now
	}
	b, ok := l.fresh[key]
	if !ok {
		if b, ok = l.old[key]; !ok {
			b = rate.NewLimiter(rate.Limit(float64(l.burst)/l.period.Seconds()), l.burst)
		}
		l.fresh[key] = b
	}
	return b.AllowN(now, 1)
}

// addressKey is the key for tries that count together: an IPv4 address, or the /64 that one IPv6
// customer has.
func addressKey(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// gate limits how many of one kind run at once per key.
type gate struct {
	mu      sync.Mutex
	running map[string]int
	most    int
}

func newGate(most int) *gate { return &gate{running: make(map[string]int), most: most} }

// enter takes a place and returns the function that frees it. False if no place is free.
func (g *gate) enter(key string) (leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[key] >= g.most {
		return nil, false
	}
	g.running[key]++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.running[key]--; g.running[key] <= 0 {
			delete(g.running, key)
		}
	}, true
}

// holder is the key for parallel work: the account, the recording whose token the visitor has, or
// the address of a guest. A whole office may record behind one address.
func (v *visit) holder() string {
	if v.actor.SignedIn() {
		return "user " + string(v.actor.UserID)
	}
	if id := v.actor.UploadID(); id != "" {
		return "upload " + string(id)
	}
	return "address " + addressKey(v.address)
}
