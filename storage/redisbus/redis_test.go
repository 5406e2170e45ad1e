package redisbus_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"meanwhile"
	"meanwhile/storage/redisbus"
	"meanwhile/storage/storagetest"
)

func mustOpen(t testing.TB, address string) *redisbus.Redis {
	t.Helper()
	r, err := redisbus.Open(t.Context(), address, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestBusInOneProcess(t *testing.T) {
	storagetest.TestBus(t, func(t testing.TB) (one, other meanwhile.Bus) {
		r := mustOpen(t, "embedded:")
		return r, r
	})
}

func TestBusBetweenProcesses(t *testing.T) {
	storagetest.TestBus(t, func(t testing.TB) (one, other meanwhile.Bus) {
		first := mustOpen(t, "embedded:")
		o := first.Options()
		address := url.URL{Scheme: "redis", User: url.UserPassword(o.Username, o.Password), Host: o.Addr, Path: fmt.Sprint(o.DB)}
		return first, mustOpen(t, address.String())
	})
}

// client is another client of the same Redis, as the queue is one.
func client(t testing.TB, o redisbus.Options) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Network: o.Network, Addr: o.Addr, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLS})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// eventually asks again every 10 ms until ok, for 10 s at most.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not so after 10 s", what)
		}
	}
}

func TestEmbeddedClockTicks(t *testing.T) {
	r := mustOpen(t, "embedded:")
	c := client(t, r.Options())
	if err := c.Set(t.Context(), "brief", "x", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "long", "x", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key has expired", func() bool { return c.Exists(t.Context(), "brief").Val() == 0 })
	if c.Exists(t.Context(), "long").Val() != 1 {
		t.Error("a key of an hour has expired, too")
	}
}

func TestEmbeddedWantsItsPassword(t *testing.T) {
	o := mustOpen(t, "embedded:").Options()
	for _, password := range []string{"", "guess"} {
		o.Password = password
		if err := client(t, o).Set(t.Context(), "k", "v", 0).Err(); err == nil {
			t.Errorf("the password %q let a client in", password)
		}
	}
}

func TestOpenRefusesOtherAddresses(t *testing.T) {
	for _, address := range []string{"", "embedded", "localhost:6379", "http://localhost", "redis://host:port:1/x", "redis://localhost/notanumber"} {
		r, err := redisbus.Open(t.Context(), address, slog.New(slog.DiscardHandler))
		if meanwhile.KindOf(err) != meanwhile.Invalid || r != nil {
			t.Errorf("Open(%q) = %v, want the kind invalid", address, err)
		}
	}
}

func TestRedisAway(t *testing.T) {
	server := miniredis.RunT(t)
	r := mustOpen(t, "redis://"+server.Addr())
	events, err := r.Subscribe(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	for what, err := range map[string]error{
		"Ping": r.Ping(t.Context()), "Publish": r.Publish(t.Context(), "topic", "lost"), "Subscribe": second(r.Subscribe(t.Context(), "other")),
	} {
		if meanwhile.KindOf(err) != meanwhile.Unavailable {
			t.Errorf("%s without Redis = %v, want the kind unavailable", what, err)
		}
	}

	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old subscription hears again", func() bool {
		if err := r.Publish(t.Context(), "topic", "back"); err != nil {
			return false
		}
		select {
		case event := <-events:
			return event == "back"
		default:
			return false
		}
	})
	if _, err := r.Subscribe(t.Context(), "other"); err != nil {
		t.Errorf("Subscribe() after Redis came back: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCloseEndsSubscriptions(t *testing.T) {
	r, err := redisbus.Open(t.Context(), "embedded:", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	events, err := r.Subscribe(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if event, open := <-events; open {
		t.Errorf("heard %q after Close, want a closed channel", event)
	}
	if _, err := r.Subscribe(t.Context(), "topic"); meanwhile.KindOf(err) != meanwhile.Unavailable {
		t.Errorf("Subscribe() after Close = %v, want the kind unavailable", err)
	}
}
