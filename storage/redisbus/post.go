package redisbus

import (
	"context"
	"errors"
	"sync"

	"github.com/redis/go-redis/v9"
)

// maxPost bounds how many messages are sent together.
const maxPost = 128

// errClosed is the error of a closed post.
var errClosed = errors.New("redis is closed")

// post sends messages to Redis. Those published while others are on their way are sent together, in
// one exchange.
type post struct {
	client   redis.UniversalClient
	messages chan message
	closed   chan struct{}
	running  sync.WaitGroup
}

type message struct {
	channel, event string
	answer         chan error // holds one without a reader
}

// newPost starts a post, which goes on after ctx ends.
func newPost(ctx context.Context, client redis.UniversalClient) *post {
	p := &post{client: client, messages: make(chan message, maxPost), closed: make(chan struct{})}
	p.running.Go(func() { p.run(context.WithoutCancel(ctx)) })
	return p
}

// send publishes and waits for the answer, or for the end of ctx.
func (p *post) send(ctx context.Context, channel, event string) error {
	m := message{channel: channel, event: event, answer: make(chan error, 1)}
	select {
	case p.messages <- m:
	case <-p.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-m.answer:
		return err
	case <-p.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *post) run(ctx context.Context) {
	for {
		select {
		case m := <-p.messages:
			p.carry(ctx, p.gather(m))
		case <-p.closed:
			return
		}
	}
}

// gather adds the messages that are already waiting.
func (p *post) gather(first message) []message {
	round := []message{first}
	for len(round) < maxPost {
		select {
		case m := <-p.messages:
			round = append(round, m)
		default:
			return round
		}
	}
	return round
}

// carry publishes each message of a round once: a repeat tells a listener nothing new.
func (p *post) carry(ctx context.Context, round []message) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	type content struct{ channel, event string }
	sent := make(map[content]*redis.IntCmd, len(round))
	pipe := p.client.Pipeline()
	for _, m := range round {
		if c := (content{m.channel, m.event}); sent[c] == nil {
			sent[c] = pipe.Publish(ctx, m.channel, m.event)
		}
	}
	_, _ = pipe.Exec(ctx) // each command has its own answer
	for _, m := range round {
		m.answer <- sent[content{m.channel, m.event}].Err()
	}
}

func (p *post) close() {
	close(p.closed)
	p.running.Wait()
}
