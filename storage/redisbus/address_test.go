package redisbus_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage/redisbus"
)

func TestParseReadsEveryForm(t *testing.T) {
	type options struct { // Options without the fields that cannot be compared
		Addr, Username, Password, Master, SentinelUsername, SentinelPassword string
		Sentinels, Cluster                                                   []string
		DB                                                                   int
		TLS                                                                  bool
		ServerName                                                           string
	}
	for _, tc := range []struct {
		name, address string
		want          options
	}{
		{"one server", "redis://ada:pass%20word@redis.example:6380/3",
			options{Addr: "redis.example:6380", Username: "ada", Password: "pass word", DB: 3}},
		{"one server and nothing else", "redis://redis.example", options{Addr: "redis.example:6379"}},
		{"the database as a parameter", "redis://redis.example?db=2", options{Addr: "redis.example:6379", DB: 2}},
		{"TLS checks the server's name", "rediss://:secret@redis.example",
			options{Addr: "redis.example:6379", Password: "secret", TLS: true, ServerName: "redis.example"}},
		{
			"sentinels",
			"redis+sentinel://watch:dog@a:26379/2?master_name=main&addr=b:26379" +
				"&addr=c:26380&username=ada&password=secret",
			options{
				Master:           "main",
				Sentinels:        []string{"a:26379", "b:26379", "c:26380"},
				SentinelUsername: "watch",
				SentinelPassword: "dog",
				Username:         "ada",
				Password:         "secret",
				DB:               2,
			},
		},
		{
			"sentinels behind TLS",
			"rediss+sentinel://a?master_name=main",
			options{Master: "main", Sentinels: []string{"a:26379"}, TLS: true},
		},
		{"a cluster", "redis+cluster://ada:secret@a:6379?addr=b:6380",
			options{Cluster: []string{"a:6379", "b:6380"}, Username: "ada", Password: "secret"}},
		{"a cluster behind TLS", "rediss+cluster://a", options{Cluster: []string{"a:6379"}, TLS: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, err := redisbus.Parse(tc.address)
			if err != nil {
				t.Fatal(err)
			}
			got := options{
				Addr:             o.Addr,
				Username:         o.Username,
				Password:         o.Password,
				Master:           o.Master,
				SentinelUsername: o.SentinelUsername,
				SentinelPassword: o.SentinelPassword,
				Sentinels:        o.Sentinels,
				Cluster:          o.Cluster,
				DB:               o.DB,
				TLS:              o.TLS != nil,
			}
			if o.TLS != nil {
				got.ServerName = o.TLS.ServerName
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Parse() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBusOverSentinels(t *testing.T) {
	master := newServer(t)
	replica := newServer(t, "replicaof 127.0.0.1 "+master.port)
	sentinel := newSentinel(t, master.port)
	master.start()
	replica.start()
	sentinel.start()
	address := fmt.Sprintf(
		"redis+sentinel://:pass%%20word@127.0.0.1:%s?master_name=main&password=pass%%20word",
		sentinel.port,
	)
	testBusAt(t, address)

	// The master goes and the replica takes its place. Listeners are not told, but receive events
	// again.
	r := mustOpen(t, address)
	events, err := r.Subscribe(t.Context(), "topic")
	if err != nil {
		t.Fatal(err)
	}
	watch := sentinel.client()
	eventually(
		t,
		"the sentinel is willing to change over",
		func() bool { return watch.Do(t.Context(), "SENTINEL", "FAILOVER", "main").Err() == nil },
	)
	eventually(t, "the replica has taken over", func() bool {
		now, err := watch.Do(t.Context(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main").StringSlice()
		return err == nil && len(now) == 2 && now[1] == replica.port
	})
	master.kill()
	eventually(t, "the old subscription hears again", func() bool { return hears(t, r, events, "moved") })
}

func TestBusOverACluster(t *testing.T) {
	node := newServer(t, "cluster-enabled yes", "cluster-port "+freePort(t))
	node.start()
	c := node.client()
	if err := c.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is whole", func() bool {
		info, err := c.ClusterInfo(t.Context()).Result()
		return err == nil && len(info) > 16 && info[:16] == "cluster_state:ok"
	})
	address := fmt.Sprintf("redis+cluster://:pass%%20word@127.0.0.1:%s", node.port)
	testBusAt(t, address)
	if facts, err := mustOpen(t, address).Look(t.Context()); facts.Version == "" || err != nil {
		t.Errorf("Look() = %+v, %v, want a version", facts, err)
	}
}

func mustWrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
