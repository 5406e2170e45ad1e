package s3store_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"meanwhile/storage/s3store"
)

func TestConnectionsWaitWhileSomethingMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		gone := make(chan struct{})
		defer func() {
			near.Close()
			<-gone
		}()
		c := s3store.NewConn(near, time.Minute)
		answer := make(chan error, 1)
		go func() { // as net/http does: it reads from the start
			_, err := c.Read(make([]byte, 10))
			answer <- err
		}()
		go func() { // a slow line, with 64 KiB in 40 s
			defer close(gone)
			piece := make([]byte, 64<<10)
			for {
				if _, err := io.ReadFull(far, piece); err != nil {
					return
				}
				time.Sleep(40 * time.Second)
			}
		}()
		begin := time.Now()
		if n, err := c.Write(make([]byte, 1<<20)); n != 1<<20 || err != nil {
			t.Fatalf("Write() = %d, %v on a slow line", n, err)
		}
		sent := time.Since(begin)
		if sent < 5*time.Minute {
			t.Errorf("sent in %s: the line was not slow", sent)
		}
		if err := <-answer; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read() = %v of a silent server, want that its time is up", err)
		}
		if waited := time.Since(begin) - sent; waited != time.Minute {
			t.Errorf("waited %s for an answer, want a minute after the last bytes went", waited)
		}
	})
}

func TestConnectionsEndWhenNothingCanBeSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		begin := time.Now()
		_, err := s3store.NewConn(near, time.Minute).Write(make([]byte, 1<<20))
		if waited := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || waited != time.Minute {
			t.Errorf("Write() = %v after %s, want that its time is up after a minute", err, waited)
		}
	})
}
