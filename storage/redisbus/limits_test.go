package redisbus_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"meanwhile/storage"
	"meanwhile/storage/redisbus"
)

func TestTriesAreCountedTogether(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		server := miniredis.RunT(t)
		testTries(t, "redis://"+server.Addr())
	})
	t.Run("server", func(t *testing.T) { testTries(t, mustServerAddress(t)) })
}

func testTries(t *testing.T, address string) {
	one, other := mustOpen(t, address), mustOpen(t, address)
	allow := func(r *redisbus.Redis, key string, most int, period time.Duration) bool {
		t.Helper()
		ok, err := r.Allow(t.Context(), key, most, period)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	const ada = "log-in 192.0.2.1 ada@example.com"
	for i, r := range []*redisbus.Redis{one, other, one} {
		if !allow(r, ada, 3, time.Hour) {
			t.Errorf("try %d of 3 was refused", i+1)
		}
	}
	if allow(one, ada, 3, time.Hour) || allow(other, ada, 3, time.Hour) {
		t.Error("a fourth try was allowed in one of the processes")
	}
	if !allow(other, "log-in 192.0.2.2 ada@example.com", 3, time.Hour) {
		t.Error("another address pays for the first one's tries")
	}

	if !allow(one, "short", 1, 200*time.Millisecond) || allow(other, "short", 1, 200*time.Millisecond) {
		t.Error("a limit of 1 did not allow one and refuse the next")
	}
	eventually(t, "a try has come back", func() bool { return allow(other, "short", 1, 200*time.Millisecond) })
}

func TestCountsTellNoSecrets(t *testing.T) {
	server := miniredis.RunT(t)
	r := mustOpen(t, "redis://"+server.Addr())
	if _, err := r.Allow(t.Context(), "log-in 192.0.2.1 ada@example.com", 3, time.Hour); err != nil {
		t.Fatal(err)
	}
	keys := server.Keys()
	if len(keys) != 1 || strings.Contains(keys[0], "ada") || strings.Contains(keys[0], "192") {
		t.Errorf("Redis holds %q, want one key that names nobody", keys)
	}
	if ttl := server.TTL(keys[0]); ttl <= 0 || ttl > time.Hour {
		t.Errorf("it ends after %s, want within the hour", ttl)
	}
}

func TestCountWithoutRedis(t *testing.T) {
	server := miniredis.RunT(t)
	address := (&url.URL{Scheme: "redis", Host: server.Addr()}).String()
	r := mustOpen(t, address)
	server.Close()
	if ok, err := r.Allow(t.Context(), "key", 1, time.Hour); ok || storage.KindOf(err) != storage.Unavailable {
		t.Errorf("Allow() = %t, %v, want the kind unavailable", ok, err)
	}
}
