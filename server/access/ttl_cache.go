package access

import (
	"sync"
	"time"
)

// beliefs keeps what was read from the store for a moment, so that a program that asks a hundred
// times a second does not read the same rows as often. What is decided with it is right but for
// that moment; only what was found is kept, never that there was nothing.
type ttlCache[T any] struct {
	mu   sync.Mutex
	seen map[string]ttlEntry[T]
}

type ttlEntry[T any] struct {
	what T
	at   time.Time // when it was asked for
}

// maxEntries bounds them; when there are as many, all are dropped, which costs a few queries.
const maxEntries = 4096

// get gives what is not older than keep.
func (b *ttlCache[T]) get(id string, now time.Time, keep time.Duration) (T, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.seen[id]
	if !ok || now.Sub(s.at) >= keep {
		var none T
		return none, false
	}
	return s.what, true
}

// put keeps what was asked for at a moment, which lies before the answer.
func (b *ttlCache[T]) put(id string, what T, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil || len(b.seen) >= maxEntries {
		b.seen = make(map[string]ttlEntry[T])
	}
	b.seen[id] = ttlEntry[T]{what: what, at: at}
}

// forget drops all of this process at once.
func (b *ttlCache[T]) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = nil
}
