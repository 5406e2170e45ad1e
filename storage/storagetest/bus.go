package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"meanwhile/storage"
)

// OpenBus returns two ends of one bus, as two processes have, and cleans up with t.Cleanup.
type OpenBus func(t testing.TB) (one, other storage.Bus)

// TestBus tests every promise of storage.Bus.
func TestBus(t *testing.T, open OpenBus) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, one, other storage.Bus)
	}{
		{"every subscriber of a topic hears an event, on both ends", testBusFanOut},
		{"topics do not mix", testBusTopics},
		{"a subscription ends with its context and leaves the others alone", testBusEnds},
		{"a topic can be subscribed to again", testBusAgain},
		{"a slow reader loses events and blocks nobody", testBusSlowReader},
		{"what many publish at once is all heard", testBusCrowd},
		{"an event without a reader is no error", func(t *testing.T, one, _ storage.Bus) {
			must(t, one.Publish(t.Context(), "nobody", "event"))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			one, other := open(t)
			tc.run(t, one, other)
		})
	}
}

// wantEvent fails unless the next event is want, within 10 s.
func wantEvent(t testing.TB, who string, events <-chan string, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case got, open := <-events:
		if got != want || !open {
			t.Errorf("%s heard %q (open: %t), want %q", who, got, open, want)
		}
	case <-ctx.Done():
		t.Errorf("%s heard nothing in 10 s, want %q", who, want)
	}
}

// wantClosed fails unless the channel closes within 10 s.
func wantClosed(t testing.TB, events <-chan string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		select {
		case _, open := <-events:
			if !open {
				return
			}
		case <-ctx.Done():
			t.Error("the channel is open after 10 s")
			return
		}
	}
}

func testBusFanOut(t *testing.T, one, other storage.Bus) {
	listeners := map[string]<-chan string{
		"the first here":  mustGet(one.Subscribe(t.Context(), "video:a"))(t),
		"the second here": mustGet(one.Subscribe(t.Context(), "video:a"))(t),
		"the one there":   mustGet(other.Subscribe(t.Context(), "video:a"))(t),
	}
	for _, event := range []string{"video", "comment", "naïve ☃\x00 bytes"} {
		must(t, one.Publish(t.Context(), "video:a", event))
		for who, events := range listeners {
			wantEvent(t, who, events, event)
		}
	}
}

func testBusTopics(t *testing.T, one, other storage.Bus) {
	a := mustGet(one.Subscribe(t.Context(), "video:a"))(t)
	b := mustGet(one.Subscribe(t.Context(), "video:b*"))(t)
	must(t, other.Publish(t.Context(), "video:b", "for nobody"))
	must(t, other.Publish(t.Context(), "video:bc", "for nobody"))
	must(t, other.Publish(t.Context(), "video:b*", "for b"))
	must(t, other.Publish(t.Context(), "video:a", "for a"))
	wantEvent(t, "a", a, "for a")
	wantEvent(t, "b", b, "for b")
}

func testBusEnds(t *testing.T, one, other storage.Bus) {
	ctx, cancel := context.WithCancel(t.Context())
	short := mustGet(one.Subscribe(ctx, "topic"))(t)
	long := mustGet(one.Subscribe(t.Context(), "topic"))(t)
	cancel()
	wantClosed(t, short)
	must(t, other.Publish(t.Context(), "topic", "still here"))
	wantEvent(t, "the other reader", long, "still here")

	if _, err := one.Subscribe(ctx, "topic"); err == nil {
		t.Error("Subscribe() with an ended context gave no error")
	}
}

func testBusAgain(t *testing.T, one, other storage.Bus) {
	for i := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		events := mustGet(one.Subscribe(ctx, "topic"))(t)
		event := fmt.Sprintf("event %d", i)
		must(t, other.Publish(t.Context(), "topic", event))
		wantEvent(t, "the reader", events, event)
		cancel()
		wantClosed(t, events)
	}
}

func testBusSlowReader(t *testing.T, one, other storage.Bus) {
	const burst = 500
	slow := mustGet(one.Subscribe(t.Context(), "busy"))(t)
	quick := mustGet(one.Subscribe(t.Context(), "quiet"))(t)
	for i := range burst {
		must(t, other.Publish(t.Context(), "busy", fmt.Sprint(i)))
	}
	must(t, other.Publish(t.Context(), "quiet", "through"))
	wantEvent(t, "the quick reader", quick, "through")
	if n := len(slow); n == 0 || n >= burst {
		t.Errorf("%d of %d events wait for the slow reader, want some and not all", n, burst)
	}
}

func testBusCrowd(t *testing.T, one, other storage.Bus) {
	const publishers = 12 // no more than fit a slow reader's buffer
	topics := make([]<-chan string, publishers)
	for i := range topics {
		topics[i] = mustGet(other.Subscribe(t.Context(), fmt.Sprint("crowd ", i)))(t)
	}
	together := mustGet(other.Subscribe(t.Context(), "crowd"))(t)
	var group sync.WaitGroup
	for i := range publishers {
		group.Go(func() {
			for _, topic := range []string{fmt.Sprint("crowd ", i), "crowd"} {
				if err := one.Publish(t.Context(), topic, fmt.Sprint(i)); err != nil {
					t.Errorf("Publish() = %v", err)
				}
			}
		})
	}
	group.Wait()
	for i, events := range topics {
		wantEvent(t, fmt.Sprint("listener ", i), events, fmt.Sprint(i))
	}
	heard := map[string]bool{}
	eventually(t, "every publisher to be heard", func() bool {
		select {
		case event := <-together:
			heard[event] = true
		default:
		}
		return len(heard) == publishers
	})
}
