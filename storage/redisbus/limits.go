package redisbus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// countWithin bounds one count. A person waits for it at a log-in form, and the caller can use its
// own count instead.
const countWithin = 500 * time.Millisecond

// countPrefix keeps our counts apart from other keys in a shared Redis. redis_rate puts "rate:"
// before it.
const countPrefix = "meanwhile:"

// Allow takes one try of key and reports whether one was left. Each period has most tries, which
// come back one by one during the period. All processes on this Redis share them. Only a hash of
// key is sent, since key may hold a mail address. Unavailable within half a second if Redis cannot
// be reached: the caller then uses its own count.
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
