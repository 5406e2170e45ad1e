//go:build bench

package main_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// manyStreams is how many people have the page of one video open.
const manyStreams = 2000

// streams measures what one comment costs while many people have the page open, compared with a
// server that writes the same few bytes to as many streams.
func streams(b *bench) []row {
	s := newSubject(b, "", "MEANWHILE_TRUSTED_PROXIES=127.0.0.1")
	up := s.ready(b.tinyClip())
	peer := newBareServer(b, b.folder())
	ours := b.openStreams(s.base+"/api/v1/shares/"+up.token+"/events", "event: comment")
	bare := b.openStreams(peer.base+"/stream", "event: comment")
	say := func() {
		b.Helper()
		if err := s.say(b.Context(), http.DefaultClient, up.token, s.asOwner); err != nil {
			b.Fatal(err)
		}
	}
	shout := func() {
		b.Helper()
		if err := fetch(b.Context(), http.DefaultClient, peer.base+"/shout", nil, http.StatusOK); err != nil {
			b.Fatal(err)
		}
	}
	var ourCPU, bareCPU, ourTime, bareTime sample
	for range b.times(5) {
		took, cpu := ours.hear(b, say, s.cmd.Process.Pid)
		ourTime.addSeconds(took)
		ourCPU.addSeconds(cpu)
		took, cpu = bare.hear(b, shout, peer.pid)
		bareTime.addSeconds(took)
		bareCPU.addSeconds(cpu)
	}
	name := fmt.Sprintf("%d event streams on one link, one comment / the ready bytes, ", manyStreams)
	cpu := compared(name+"CPU of the server", ourCPU, bareCPU, "s", 0)
	cpu.Hold, cpu.Held = atMost(ourCPU.median(), 0.5, "s")
	last := compared(name+"until the last has it", ourTime, bareTime, "s", 0)
	last.Hold, last.Held = atMost(ourTime.median(), 2, "s")
	return []row{cpu, last}
}

// streamSet is a number of open event streams.
type streamSet struct{ heard chan error }

// openStreams opens the streams, each from an address of its own, and waits until each has had an
// event. After that, the channel gets an element for each stream and each line that is mark.
func (b *bench) openStreams(address, mark string) streamSet {
	b.Helper()
	to, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	c := streamSet{heard: make(chan error, manyStreams)}
	var readers sync.WaitGroup
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(func() {
		cancel()
		readers.Wait()
	})
	var opening errgroup.Group
	opening.SetLimit(32)
	for i := range manyStreams {
		opening.Go(func() error {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.Host)
			if err != nil {
				return err
			}
			context.AfterFunc(ctx, func() { conn.Close() })
			if _, err := fmt.Fprintf(
				conn,
				"GET %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: 10.0.%d.%d\r\n\r\n",
				to.Path,
				to.Host,
				i/250,
				i%250,
			); err != nil {
				return err
			}
			lines := bufio.NewScanner(conn)
			for lines.Scan() && !strings.HasPrefix(lines.Text(), "event: ") {
			}
			readers.Go(func() {
				for lines.Scan() {
					if lines.Text() == mark {
						c.heard <- nil
					}
				}
				c.heard <- fmt.Errorf("a stream ended: %w", lines.Err())
			})
			return nil
		})
	}
	if err := opening.Wait(); err != nil {
		b.Fatal(err)
	}
	return c
}

// hear makes something happen, and returns how long it takes until the last stream has it, and the
// CPU time of the server.
func (c streamSet) hear(b *bench, happen func(), pid int) (took, cpu time.Duration) {
	b.Helper()
	before, _ := statOf(b, pid)
	began := time.Now()
	happen()
	timeout := time.After(time.Minute)
	for range manyStreams {
		select {
		case err := <-c.heard:
			if err != nil {
				b.Fatal(err)
			}
		case <-timeout:
			b.Fatal("not every stream has heard of it after a minute")
		}
	}
	took = time.Since(began)
	after, _ := statOf(b, pid)
	return took, after - before
}

// audience is the bare server's streams: whoever asks gets what is said from then on.
type audience struct {
	mu    sync.Mutex
	heard chan struct{} // closed when something is said
}

func (a *audience) next() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.heard
}

func (a *audience) shout(http.ResponseWriter, *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.heard)
	a.heard = make(chan struct{})
}

func (a *audience) stream(w http.ResponseWriter, r *http.Request) {
	conn := http.NewResponseController(w)
	event := "event: video\n\n"
	for {
		heard := a.next()
		if _, err := w.Write([]byte(event)); err != nil || conn.Flush() != nil {
			return
		}
		event = "event: comment\ndata: {\"seq\":1,\"count\":1}\n\n"
		select {
		case <-r.Context().Done():
			return
		case <-heard:
		}
	}
}
