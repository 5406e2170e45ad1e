package server

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxLimited bounds how many keys a limiter remembers.
const maxLimited = 20_000

// limiter counts tries per key: a bucket that fills at a steady rate.
type limiter struct {
	mu    sync.Mutex
	seen  map[string]*rate.Limiter
	rate  rate.Limit
	burst int
}

func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{seen: make(map[string]*rate.Limiter), rate: rate.Limit(perSecond), burst: burst}
}

// allow takes one try of key, if there is one left at now.
func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.seen[key]
	if !ok {
		if len(l.seen) >= maxLimited {
			l.makeRoom(now)
		}
		b = rate.NewLimiter(l.rate, l.burst)
		l.seen[key] = b
	}
	return b.AllowN(now, 1)
}

// makeRoom forgets buckets that are full again, which changes nothing for their keys; else any one.
func (l *limiter) makeRoom(now time.Time) {
	for key, b := range l.seen {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.seen, key)
		}
	}
	for key := range l.seen {
		if len(l.seen) < maxLimited {
			return
		}
		delete(l.seen, key)
	}
}

// addressKey is whose tries count together: an IPv4 address, or the /64 that one IPv6 customer has.
func addressKey(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// gate bounds how many of one kind run at once per key.
type gate struct {
	mu      sync.Mutex
	running map[string]int
	most    int
}

func newGate(most int) *gate { return &gate{running: make(map[string]int), most: most} }

// enter takes a place and gives back how to leave it, or false when all are taken.
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

// holder is whom parallel work counts for: the account, or the address of a guest.
func (v *visit) holder() string {
	if v.actor.SignedIn() {
		return "user " + string(v.actor.UserID)
	}
	return "address " + addressKey(v.address)
}
