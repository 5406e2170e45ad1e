package main

import (
	"errors"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

func TestWhoSaysNothingIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	s := newSilent()
	s.now = func() time.Time { return now }
	var far [3]net.Conn
	var near [3]net.Conn
	for i := range far {
		near[i], far[i] = net.Pipe()
		s.watch(near[i], http.StateNew)
		defer far[i].Close()
	}
	s.watch(near[1], http.StateActive)
	now = now.Add(silentFor / 2)
	if !s.hangUp() {
		t.Error("nobody is left, want those who have just come")
	}
	now = now.Add(silentFor)
	s.watch(near[2], http.StateNew)
	if !s.hangUp() {
		t.Error("nobody is left, want the one who has just come")
	}
	for i, want := range []bool{true, false, false} {
		_ = far[i].SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, err := far[i].Read(make([]byte, 1))
		if closed := !errors.Is(err, os.ErrDeadlineExceeded); closed != want {
			t.Errorf("connection %d: closed %t (%v), want %t", i, closed, err, want)
		}
	}
}
