package redisbus

import (
	"context"
	"time"

	"meanwhile/storage"
)

// Facts are what an operator wants to know about a Redis.
type Facts struct {
	Version   string
	AnswersIn time.Duration // one round trip
	// Evicts is set if the server may drop keys that were not read for a while: wake-ups would be
	// late.
	Evicts string
}

// Look reads the server's facts and writes a key that expires, as the queue has to. Unavailable,
// also if the server accepts no writes.
func (r *Redis) Look(ctx context.Context) (Facts, error) {
	const op = "look at redis"
	ctx, cancel := context.WithTimeout(ctx, 2*answerWithin)
	defer cancel()
	if err := r.client.Set(ctx, "meanwhile:look:"+storage.NewRandomID(), "1", time.Second).Err(); err != nil {
		return Facts{}, unavailable(op, err)
	}
	facts := Facts{AnswersIn: time.Hour}
	for range 3 { // the best of three: other work on this machine does not count
		asked := time.Now()
		if err := r.client.Ping(ctx).Err(); err != nil {
			return Facts{}, unavailable(op, err)
		}
		facts.AnswersIn = min(facts.AnswersIn, time.Since(asked))
	}
	info, err := r.client.InfoMap(ctx, "server", "memory").Result()
	if err != nil {
		return Facts{}, unavailable(op, err)
	}
	facts.Version = info["Server"]["redis_version"]
	memory := info["Memory"]
	if policy := memory["maxmemory_policy"]; memory["maxmemory"] != "0" && policy != "noeviction" {
		facts.Evicts = policy
	}
	return facts, nil
}
