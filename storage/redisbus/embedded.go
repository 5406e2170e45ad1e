package redisbus

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"meanwhile/storage"
)

// tickEvery is how exactly keys expire in the embedded Redis. asynq's leases and locks last seconds
// at least.
const tickEvery = 200 * time.Millisecond

// embedded is a Redis inside this process, on a loopback port and with a random password, so that
// other users of the machine cannot use it.
type embedded struct {
	server   *miniredis.Miniredis
	password string
	done     chan struct{}
	ticker   sync.WaitGroup
}

func startEmbedded() (*embedded, error) {
	e := &embedded{server: miniredis.NewMiniRedis(), password: storage.NewSecret(), done: make(chan struct{})}
	e.server.RequireAuth(e.password)
	if err := e.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start embedded redis: %w", err)
	}
	e.ticker.Go(e.tick)
	return e, nil
}

func (e *embedded) options() Options {
	return Options{Network: "tcp", Addr: e.server.Addr(), Password: e.password}
}

// tick advances the server's clock with the real one until stop. Without it no key ever expires.
func (e *embedded) tick() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-e.done:
			return
		case <-ticker.C:
			// not the tick's own time: ticks are dropped when the machine is busy or asleep
			now := time.Now()
			e.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// stop ends the clock, then the server.
func (e *embedded) stop() {
	close(e.done)
	e.ticker.Wait()
	e.server.Close()
}
