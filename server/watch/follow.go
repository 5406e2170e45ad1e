package watch

import (
	"context"
	"slices"
	"sync"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// Follower tells one stream which of its links to look at again. All followers of a link in this
// process share one subscription and one reading of it. One goroutine at a time may use a Follower.
type Follower struct {
	s     *Service
	pause time.Duration
	feeds map[string]*feed // by the token of the link

	wake chan struct{} // has an element while there is news

	mu      sync.Mutex
	changed []string // tokens, each once
	over    bool
}

// NewFollower returns one that follows no link yet. The caller closes it. pause is the shortest
// time between two readings of a link.
func (s *Service) NewFollower(pause time.Duration) *Follower {
	return &Follower{s: s, pause: pause, feeds: map[string]*feed{}, wake: make(chan struct{}, 1)}
}

// Follow adds a link. It fails like Watch, and with Unavailable if no events can be had.
func (f *Follower) Follow(ctx context.Context, a access.Actor, token string) error {
	_, v, _, err := f.s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return err
	}
	if f.feeds[token] != nil {
		return nil
	}
	from, err := f.s.join(ctx, f, token, storage.VideoTopic(v.ID))
	if err != nil {
		return err
	}
	f.feeds[token] = from
	return nil
}

// Wake has an element when Changed has something to say.
func (f *Follower) Wake() <-chan struct{} { return f.wake }

// Changed returns the links that were read again since the last call. False when no more events
// come: the bus has closed.
func (f *Follower) Changed() (tokens []string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	tokens, f.changed = f.changed, nil
	return tokens, !f.over
}

// Look returns what the actor sees of a link that is followed. It decides by the actor's rights of
// this moment, on rows that were read after the last event, and at most age ago. If age is zero,
// they are read after the call. It fails like Watch.
func (f *Follower) Look(ctx context.Context, a access.Actor, token string, age time.Duration) (*Seen, error) {
	from := f.feeds[token]
	if from == nil {
		return nil, access.NotThere(nil)
	}
	r := from.recent(age)
	if r == nil {
		r = f.s.read(ctx, from)
	}
	if r.err != nil {
		return nil, r.err
	}
	who, v, link, err := f.s.core.ByFoundLink(ctx, a, r.found, access.ToView)
	if err != nil {
		return nil, err
	}
	return r.by(f.s.classOf(a, who, v, link, r.watch)), nil
}

// Leave stops following a link.
func (f *Follower) Leave(token string) {
	if from := f.feeds[token]; from != nil {
		delete(f.feeds, token)
		f.s.leave(f, from)
	}
}

// Close stops following all links.
func (f *Follower) Close() {
	for token := range f.feeds {
		f.Leave(token)
	}
}

// tell notes news of a link. An empty token says that no more news comes.
func (f *Follower) tell(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token == "" {
		f.over = true
	} else if !slices.Contains(f.changed, token) {
		f.changed = append(f.changed, token)
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Seen is what the readers of one class see of a link. Until the link is read again, all of them
// get the same Seen.
type Seen struct {
	Watch
	once     sync.Once
	rendered any
}

// Rendered returns what render makes of s. It runs once for all readers of the class, and always
// has to make the same.
func Rendered[T any](s *Seen, render func(Watch) T) T {
	s.once.Do(func() { s.rendered = render(s.Watch) })
	made, _ := s.rendered.(T)
	return made
}
