package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// silentFor is how long a new connection may send nothing before nobody waits for it.
// http.Server.Shutdown would give each 5 s, and browsers open some that they never use.
const silentFor = time.Second

// silent are the connections without a request so far.
type silent struct {
	now func() time.Time

	mu    sync.Mutex
	since map[net.Conn]time.Time
}

func newSilent() *silent { return &silent{now: time.Now, since: map[net.Conn]time.Time{}} }

// watch is an http.Server's ConnState.
func (s *silent) watch(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.since[c] = s.now()
		return
	}
	delete(s.since, c)
}

// hangUp closes those that have been silent for long and reports whether others are left.
func (s *silent) hangUp() (left bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, since := range s.since {
		if s.now().Sub(since) < silentFor {
			left = true
			continue
		}
		_ = c.Close() // the server notices it
		delete(s.since, c)
	}
	return left
}

// drain closes connections that stay silent until done is closed.
func (s *silent) drain(done <-chan struct{}) {
	look := time.NewTicker(silentFor / 4)
	defer look.Stop()
	for s.hangUp() {
		select {
		case <-done:
			return
		case <-look.C:
		}
	}
}
