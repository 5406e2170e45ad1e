package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"

	"meanwhile/storage/redisbus"
)

func TestQueueReachesTheRedisThatTheBusDoes(t *testing.T) {
	t.Parallel()
	const within = queueAnswersWithin
	for _, tc := range []struct {
		name, address string
		want          asynq.RedisConnOpt
	}{
		{"one server", "redis://ada:secret@a:6380/3", asynq.RedisClientOpt{
			Addr:         "a:6380",
			Username:     "ada",
			Password:     "secret",
			DB:           3,
			Network:      "tcp",
			DialTimeout:  within,
			ReadTimeout:  within,
			WriteTimeout: within,
		}},
		{
			"sentinels",
			"redis+sentinel://watch:dog@a:26379/2?master_name=main&addr=b:26379&username=ada&password=secret",
			asynq.RedisFailoverClientOpt{
				MasterName:       "main",
				SentinelAddrs:    []string{"a:26379", "b:26379"},
				SentinelUsername: "watch",
				SentinelPassword: "dog",
				Username:         "ada",
				Password:         "secret",
				DB:               2,
				DialTimeout:      within,
				ReadTimeout:      within,
				WriteTimeout:     within,
			},
		},
		{"a cluster", "redis+cluster://ada:secret@a:6379?addr=b:6380", asynq.RedisClusterClientOpt{
			Addrs:        []string{"a:6379", "b:6380"},
			Username:     "ada",
			Password:     "secret",
			DialTimeout:  within,
			ReadTimeout:  within,
			WriteTimeout: within,
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o, err := redisbus.Parse(tc.address)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, asynqOptionsOf(o)); diff != "" {
				t.Errorf("asynqOptionsOf() (-want +got):\n%s", diff)
			}
		})
	}

	o, err := redisbus.Parse("rediss://a")
	if err != nil {
		t.Fatal(err)
	}
	if got, is := asynqOptionsOf(o).(asynq.RedisClientOpt); !is || got.TLSConfig == nil ||
		got.TLSConfig.ServerName != "a" {
		t.Errorf("asynqOptionsOf(rediss) = %+v, want TLS with the server's name", got)
	}
}
