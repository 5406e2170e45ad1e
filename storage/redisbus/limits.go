package redisbus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// countWithin bounds one count. Who waits for it is at a log-in form, and whoever asks has a count
// of its own.
const countWithin = 500 * time.Millisecond

// countPrefix keeps our counts apart from what else lies in a shared Redis. redis_rate puts "rate:"
// before it.
const countPrefix = "meanwhile:"

// Allow takes one try of key, of which there are most in each period, and reports whether there was
// one left. Tries come back one by one in the course of the period. All processes that share this
// Redis take from the same. Only a hash of key is sent: it may hold a mail address. Unavailable
// within half a second when Redis is away: the caller goes by a count of its own then.
func (r *Redis) Allow(ctx context.Context, key string, most int, period time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, countWithin)
	defer cancel()
	sum := sha256.Sum256([]byte(key))
	name := countPrefix + hex.EncodeToString(sum[:16])
	left, err := redis_rate.NewLimiter(r.client).
		Allow(ctx, name, redis_rate.Limit{Rate: most, Burst: most, Period: period})
	if err != nil {
		return false, unavailable("count a try", err)
	}
	return left.Allowed > 0, nil
}
