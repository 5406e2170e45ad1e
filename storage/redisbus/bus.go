package redisbus

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/redis/go-redis/v9"
)

// channelPrefix keeps our topics apart from other messages on a shared Redis.
const channelPrefix = "meanwhile:bus:"

// listenerBuffer is how many events wait for a reader. "Look again" need not be sent more often.
const listenerBuffer = 16

// Publish sends event to the topic's subscribers in all processes. Unavailable within two seconds
// if Redis cannot be reached.
func (r *Redis) Publish(ctx context.Context, topic, event string) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return unavailable("publish event", r.post.send(ctx, channelPrefix+topic, event))
}

// Subscribe delivers the topic's events until ctx ends or the Redis is closed, then closes the
// channel. It delivers what is published after it has returned. Unavailable within two seconds if
// Redis cannot be reached. If Redis goes away later, the subscription returns with it.
func (r *Redis) Subscribe(ctx context.Context, topic string) (<-chan string, error) {
	return r.hub.subscribe(ctx, channelPrefix+topic)
}

// hub shares one connection between all subscriptions of the process.
type hub struct {
	conn *redis.PubSub
	log  *slog.Logger

	// wire keeps SUBSCRIBE and UNSUBSCRIBE in the order of the changes to topics. It is locked
	// before mu, and held during network calls.
	wire sync.Mutex

	mu     sync.Mutex
	topics map[string]*topic // by channel
	closed bool

	running sync.WaitGroup // the reader of conn, and listeners that are leaving
}

// topic is a channel with listeners in this process.
type topic struct {
	listeners map[*listener]struct{}
	confirmed chan struct{} // closed when Redis has confirmed the subscription
	once      sync.Once
}

type listener struct {
	events chan string
	// stops the end of its context from removing it; from context.AfterFunc
	stop func() bool
}

func newHub(conn *redis.PubSub, log *slog.Logger) *hub {
	h := &hub{conn: conn, log: log, topics: map[string]*topic{}}
	h.running.Go(func() { h.read(conn.ChannelWithSubscriptions()) })
	return h
}

// read passes on what the connection receives, until it is closed.
func (h *hub) read(heard <-chan any) {
	for message := range heard {
		switch m := message.(type) {
		case *redis.Message:
			h.deliver(m.Channel, m.Payload)
		case *redis.Subscription:
			if m.Kind == "subscribe" {
				h.confirm(m.Channel)
			}
		}
	}
}

func (h *hub) deliver(channel, event string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[channel]
	if t == nil {
		return // its last listener has just left
	}
	for l := range t.listeners {
		select {
		case l.events <- event:
		default: // a slow reader loses events, never blocks others
		}
	}
}

func (h *hub) confirm(channel string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[channel]; t != nil {
		t.once.Do(func() { close(t.confirmed) })
	}
}

func (h *hub) subscribe(ctx context.Context, channel string) (<-chan string, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	l := &listener{events: make(chan string, listenerBuffer)}
	t, err := h.join(ctx, channel, l)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	select {
	case <-t.confirmed:
		return l.events, nil
	case <-waiting.Done():
		h.leaveNow(ctx, channel, l)
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("subscribe: %w", err)
		}
		return nil, unavailable("subscribe", waiting.Err())
	}
}

// join adds l to the channel until ctx ends. For the first listener it subscribes the connection.
func (h *hub) join(ctx context.Context, channel string, l *listener) (*topic, error) {
	h.wire.Lock()
	t, first := h.enter(ctx, channel, l)
	var err error
	if first {
		// Not with the caller's context: if that ended in the middle of a command, everybody would
		// lose the connection.
		command, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
		err = h.conn.Subscribe(command, channel)
		cancel()
	}
	h.wire.Unlock()

	if t == nil {
		return nil, unavailable("subscribe", redis.ErrClosed)
	}
	if err != nil {
		h.leaveNow(ctx, channel, l)
		return nil, unavailable("subscribe", err)
	}
	return t, nil
}

// enter registers l. first reports that it is the channel's only listener; t is nil if the hub is
// closed.
func (h *hub) enter(ctx context.Context, channel string, l *listener) (t *topic, first bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false
	}
	t = h.topics[channel]
	if t == nil {
		t = &topic{listeners: map[*listener]struct{}{}, confirmed: make(chan struct{})}
		h.topics[channel] = t
		first = true
	}
	t.listeners[l] = struct{}{}
	h.running.Add(1)
	l.stop = context.AfterFunc(ctx, func() {
		defer h.running.Done()
		h.leave(ctx, channel, l)
	})
	return t, first
}

// leaveNow is leave for a listener whose context has not ended.
func (h *hub) leaveNow(ctx context.Context, channel string, l *listener) {
	if l.stop() {
		h.running.Done()
	}
	h.leave(ctx, channel, l)
}

// leave closes the listener's channel and, after the last one, ends the subscription. A second call
// does nothing.
func (h *hub) leave(ctx context.Context, channel string, l *listener) {
	h.wire.Lock()
	defer h.wire.Unlock()
	if !h.exit(channel, l) {
		return
	}
	command, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	if err := h.conn.Unsubscribe(command, channel); err != nil {
		// The connection is broken, and the next one does not subscribe to this channel again.
		h.log.Debug("unsubscribe not sent", "error", err)
	}
}

// exit removes l and reports whether it was the last listener of its channel.
func (h *hub) exit(channel string, l *listener) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[channel]
	if t == nil {
		return false
	}
	if _, there := t.listeners[l]; !there {
		return false
	}
	delete(t.listeners, l)
	close(l.events)
	if len(t.listeners) > 0 {
		return false
	}
	delete(h.topics, channel)
	return true
}

// close ends every subscription and waits for the goroutines.
func (h *hub) close() error {
	h.mu.Lock()
	h.closed = true
	for _, t := range h.topics {
		for l := range t.listeners {
			close(l.events)
			if l.stop() {
				h.running.Done()
			}
		}
	}
	clear(h.topics)
	h.mu.Unlock()

	err := h.conn.Close()
	h.running.Wait()
	if err != nil {
		return fmt.Errorf("close subscriptions: %w", err)
	}
	return nil
}
