package access

import (
	"sync"
	"time"
)

// ttlCache keeps rows for a moment, so that a program that asks a hundred times a second does not
// read them as often. A decision may be wrong for that moment. It caches what was found, never that
// there was nothing.
type ttlCache[T any] struct {
	mu   sync.Mutex
	seen map[string]ttlEntry[T]
}

type ttlEntry[T any] struct {
	what T
	at   time.Time // when it was read
}

// maxEntries limits the cache. When it is full, all entries are dropped, which costs a few queries.
const maxEntries = 4096

// get returns an entry that is not older than keep.
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

// put keeps what was read at a moment. That moment is before the read, not after it.
func (b *ttlCache[T]) put(id string, what T, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil || len(b.seen) >= maxEntries {
		b.seen = make(map[string]ttlEntry[T])
	}
	b.seen[id] = ttlEntry[T]{what: what, at: at}
}

// forget drops all entries of this process.
func (b *ttlCache[T]) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = nil
}
