package redisbus_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"meanwhile/storage"
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

// redisEnv names the Redis that tests use besides the embedded one.
const redisEnv = "MEANWHILE_TEST_REDIS_URL"

// mustServerAddress returns the address of the tests' Redis, with a database for this package only,
// which it empties first. A short run without it skips the test.
func mustServerAddress(t testing.TB) string {
	t.Helper()
	text := os.Getenv(redisEnv)
	if text == "" && testing.Short() {
		t.Skipf("%s is not set", redisEnv)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		t.Fatalf("%s is not the address of a Redis: run make test, or deploy/with-services.sh go test ./...", redisEnv)
	}
	u.Path = "/1"
	o, err := redisbus.Parse(u.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := client(t, o).FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return u.String()
}

func TestBusInOneProcess(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		storagetest.TestBus(t, func(t testing.TB) (one, other storage.Bus) {
			r := mustOpen(t, "embedded:")
			return r, r
		})
	})
	t.Run("server", func(t *testing.T) {
		address := mustServerAddress(t)
		storagetest.TestBus(t, func(t testing.TB) (one, other storage.Bus) {
			r := mustOpen(t, address)
			return r, r
		})
	})
}

func TestBusBetweenProcesses(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		storagetest.TestBus(t, func(t testing.TB) (one, other storage.Bus) {
			first := mustOpen(t, "embedded:")
			o := first.Options()
			address := url.URL{
				Scheme: "redis",
				User:   url.UserPassword(o.Username, o.Password),
				Host:   o.Addr,
				Path:   fmt.Sprint(o.DB),
			}
			return first, mustOpen(t, address.String())
		})
	})
	t.Run("server", func(t *testing.T) { testBusAt(t, mustServerAddress(t)) })
}

// testBusAt tests a bus between two processes that share the Redis at address.
func testBusAt(t *testing.T, address string) {
	t.Helper()
	storagetest.TestBus(
		t,
		func(t testing.TB) (one, other storage.Bus) { return mustOpen(t, address), mustOpen(t, address) },
	)
}

func TestLookTellsWhatTheServerIs(t *testing.T) {
	var number = regexp.MustCompile(`^[0-9]+\.[0-9]+\.`)
	facts, err := mustOpen(t, mustServerAddress(t)).Look(t.Context())
	if err != nil || !number.MatchString(facts.Version) || facts.AnswersIn <= 0 || facts.Evicts != "" {
		t.Errorf("Look() = %+v, %v, want a version, a time and nothing evicted", facts, err)
	}

	small := newServer(t, "maxmemory 50mb", "maxmemory-policy allkeys-lru")
	small.start()
	r := mustOpen(t, small.address())
	if facts, err := r.Look(t.Context()); facts.Evicts != "allkeys-lru" || err != nil {
		t.Errorf("Look() = %+v, %v, want to be told of allkeys-lru", facts, err)
	}

	// A replica answers PING but accepts no writes.
	if err := small.client().ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Look(t.Context()); storage.KindOf(err) != storage.Unavailable {
		t.Errorf("Look() at a replica = %v, want the kind unavailable", err)
	}
}

// client is another client of the same Redis, as the queue has one.
func client(t testing.TB, o redisbus.Options) *redis.Client {
	t.Helper()
	c := redis.NewClient(
		&redis.Options{
			Network:   o.Network,
			Addr:      o.Addr,
			Username:  o.Username,
			Password:  o.Password,
			DB:        o.DB,
			TLSConfig: o.TLS,
		},
	)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// eventually checks every 10 ms until ok, for at most 10 s.
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
	for _, address := range []string{
		"",
		"embedded",
		"localhost:6379",
		"http://localhost",
		"redis://host:port:1/x",
		"redis://localhost/notanumber",
		"redis+sentinel://localhost:26379",
		"redis+sentinel://localhost:26379/x?master_name=main",
		"redis+cluster://localhost:6379?addr=nonsense",
		"rediss+other://localhost",
	} {
		r, err := redisbus.Open(t.Context(), address, slog.New(slog.DiscardHandler))
		if storage.KindOf(err) != storage.Invalid || r != nil {
			t.Errorf("Open(%q) = %v, want the kind invalid", address, err)
		}
	}
}

func TestRedisAway(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		server := miniredis.RunT(t)
		testAway(t, "redis://"+server.Addr(), server.Close, func() {
			if err := server.Restart(); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("server", func(t *testing.T) {
		server := newServer(t)
		server.start()
		testAway(t, server.address(), server.kill, server.start)
	})
}

// testAway stops Redis under a process that listens, and starts it again.
func testAway(t *testing.T, address string, takeAway, giveBack func()) {
	t.Helper()
	r := mustOpen(t, address)
	events, err := r.Subscribe(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	takeAway()
	for what, err := range map[string]error{
		"Ping":      r.Ping(t.Context()),
		"Publish":   r.Publish(t.Context(), "topic", "lost"),
		"Subscribe": second(r.Subscribe(t.Context(), "other")),
	} {
		if storage.KindOf(err) != storage.Unavailable {
			t.Errorf("%s without Redis = %v, want the kind unavailable", what, err)
		}
	}
	giveBack()
	eventually(t, "the old subscription hears again", func() bool { return hears(t, r, events, "back") })
	if _, err := r.Subscribe(t.Context(), "other"); err != nil {
		t.Errorf("Subscribe() after Redis came back: %v", err)
	}
}

// hears publishes event and reports whether it was received.
func hears(t testing.TB, r *redisbus.Redis, events <-chan string, event string) bool {
	t.Helper()
	if err := r.Publish(t.Context(), "topic", event); err != nil {
		return false
	}
	select {
	case got := <-events:
		return got == event
	default:
		return false
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
	if _, err := r.Subscribe(t.Context(), "topic"); storage.KindOf(err) != storage.Unavailable {
		t.Errorf("Subscribe() after Close = %v, want the kind unavailable", err)
	}
}
