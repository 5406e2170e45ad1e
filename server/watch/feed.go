package watch

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// readWithin limits one reading of a link. It does not end with the stream that asked for it:
// others wait for the same one.
const readWithin = 10 * time.Second

// feeds are the links that somebody follows, by their tokens.
type feeds struct {
	mu sync.Mutex
	of map[string]*feed
}

// feed is a link that somebody follows: its one subscription, and what was read of it last.
type feed struct {
	token string
	start func() error // subscribes; the first follower's call does, the others wait for it
	stop  context.CancelFunc
	ended chan struct{} // closed when nothing of it runs

	reading sync.Mutex // held while the link is read

	mu        sync.Mutex
	followers map[*Follower]struct{}
	begun     int // readings that have begun
	last      *reading
}

// reading is a link as it was read once, and what each class of readers sees of it.
type reading struct {
	at    time.Time
	found access.FoundLink
	watch Watch // without a class
	err   error // for all readers

	mu   sync.Mutex
	seen map[Class]*Seen
}

func (r *reading) by(c Class) *Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seen[c]
	if s == nil {
		s = &Seen{Watch: r.watch}
		s.Class = c
		r.seen[c] = s
	}
	return s
}

// join adds f to the followers of a link. It returns when events are delivered.
func (s *Service) join(ctx context.Context, f *Follower, token, topic string) (*feed, error) {
	s.feeds.mu.Lock()
	from := s.feeds.of[token]
	if from == nil {
		from = s.newFeed(ctx, token, topic, f.pause)
		if s.feeds.of == nil {
			s.feeds.of = map[string]*feed{}
		}
		s.feeds.of[token] = from
	}
	from.mu.Lock()
	from.followers[f] = struct{}{}
	from.mu.Unlock()
	s.feeds.mu.Unlock()
	if err := from.start(); err != nil {
		s.leave(f, from)
		return nil, err
	}
	return from, nil
}

func (s *Service) newFeed(ctx context.Context, token, topic string, pause time.Duration) *feed {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it outlives its first follower
	from := &feed{token: token, stop: stop, ended: make(chan struct{}), followers: map[*Follower]struct{}{}}
	from.start = sync.OnceValue(func() error {
		events, err := s.core.Bus.Subscribe(ctx, topic)
		if err != nil {
			close(from.ended)
			return err
		}
		go func() {
			defer close(from.ended)
			defer func() {
				if p := recover(); p != nil { // no request is around it that would catch it
					s.core.Log.Error("panic in an event stream", "error", fmt.Errorf("%v\n%s", p, debug.Stack()))
				}
			}()
			s.run(ctx, from, events, pause)
		}()
		return nil
	})
	return from
}

// leave removes f. The last one ends the subscription and waits for that.
func (s *Service) leave(f *Follower, from *feed) {
	s.feeds.mu.Lock()
	from.mu.Lock()
	delete(from.followers, f)
	last := len(from.followers) == 0
	from.mu.Unlock()
	if last {
		s.forget(from)
	}
	s.feeds.mu.Unlock()
	if last {
		from.stop()
		<-from.ended
	}
}

// forget makes the next follower begin a new feed. s.feeds.mu is locked.
func (s *Service) forget(from *feed) {
	if s.feeds.of[from.token] == from {
		delete(s.feeds.of, from.token)
	}
}

// run reads the link again when an event comes, and tells all followers. Events during the pause
// after that count as one.
func (s *Service) run(ctx context.Context, from *feed, events <-chan string, pause time.Duration) {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rest.C:
		}
		if !next(events) {
			break
		}
		s.read(ctx, from)
		from.tell(from.token)
		rest.Reset(pause)
	}
	if ctx.Err() != nil {
		return // nobody follows
	}
	s.feeds.mu.Lock()
	s.forget(from)
	s.feeds.mu.Unlock()
	from.tell("")
}

// next waits for an event and takes those that wait behind it. False when the channel is closed.
func next(events <-chan string) bool {
	if _, ok := <-events; !ok {
		return false
	}
	for {
		select {
		case _, ok := <-events:
			if !ok {
				return false
			}
		default:
			return true
		}
	}
}

func (from *feed) tell(token string) {
	from.mu.Lock()
	defer from.mu.Unlock()
	for f := range from.followers {
		f.tell(token)
	}
}

// recent is the last reading, if it is no older than age and no failure.
func (from *feed) recent(age time.Duration) *reading {
	from.mu.Lock()
	defer from.mu.Unlock()
	r := from.last
	if r == nil || time.Since(r.at) >= age || r.err != nil && storage.KindOf(r.err) != storage.NotFound {
		return nil
	}
	return r
}

// read returns a reading that began after the call. Everybody who asks while another reading runs
// gets the same next one.
func (s *Service) read(ctx context.Context, from *feed) *reading {
	from.mu.Lock()
	asked := from.begun
	from.mu.Unlock()

	from.reading.Lock()
	defer from.reading.Unlock()
	from.mu.Lock()
	if from.begun > asked {
		defer from.mu.Unlock()
		return from.last
	}
	from.begun++
	from.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
	defer cancel()
	r := &reading{at: time.Now(), seen: map[Class]*Seen{}}
	if r.found, r.err = s.core.FindLink(ctx, from.token); r.err == nil {
		v, link := r.found.Rows()
		r.watch, _, r.err = s.show(ctx, v, link)
	}
	from.mu.Lock()
	from.last = r
	from.mu.Unlock()
	return r
}
