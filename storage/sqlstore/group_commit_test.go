package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

func mustGroup(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "m.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.group.age = time.Hour // on a slow machine a batch would end between two writers
	if _, err := s.exec(t.Context(), "make table", `CREATE TABLE said (n BIGINT NOT NULL PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	return s
}

func (g *group) waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.line)
}

// mustLine holds the writer until all fns wait in line, and returns their results.
func mustLine(t *testing.T, s *Store, fns ...func(querier) error) []error {
	t.Helper()
	errs := make([]error, len(fns))
	var through sync.WaitGroup
	err := s.group.outside(t.Context(), func() error {
		for i, fn := range fns {
			through.Go(func() { errs[i] = s.group.write(t.Context(), fn) })
			for s.group.waiting() <= i {
				runtime.Gosched()
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	through.Wait()
	return errs
}

func say(ctx context.Context, n int) func(querier) error {
	return func(q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO said (n) VALUES ($1)`, n)
		return err
	}
}

func mustSaid(t *testing.T, s *Store) string {
	t.Helper()
	list, err := all(t.Context(), s, reading, "read", scanValue[int], `SELECT n FROM said ORDER BY n`)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(list)
}

func TestWritersInLineShareOneCommit(t *testing.T) {
	t.Parallel()
	s := mustGroup(t)
	seen := make([]string, 3)
	fns := make([]func(querier) error, 3)
	for i := range fns {
		fns[i] = func(q querier) error {
			seen[i] = mustSaid(t, s) // by another connection, which sees only commits
			return say(t.Context(), i)(q)
		}
	}
	if err := errors.Join(mustLine(t, s, fns...)...); err != nil {
		t.Fatal(err)
	}
	for i, was := range seen {
		if was != "[]" {
			t.Errorf("when writer %d began, %s was committed, want nothing before the last one is through", i, was)
		}
	}
	if got := mustSaid(t, s); got != "[0 1 2]" {
		t.Errorf("said = %s, want all three", got)
	}
}

// SQLite may roll a whole transaction back by itself, because the disk is full or memory is short.
// One caller's statement does the same here.
func TestWritersWhoseBatchIsLostRunAgainAlone(t *testing.T) {
	t.Parallel()
	s := mustGroup(t)
	reason := errors.New("no room")
	errs := mustLine(t, s, say(t.Context(), 1), func(q querier) error {
		if _, err := q.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			return err
		}
		return reason
	}, say(t.Context(), 3))
	if errs[0] != nil || errs[2] != nil || !errors.Is(errs[1], reason) {
		t.Errorf("answers = %v, want only the second to fail, with its own reason", errs)
	}
	if got := mustSaid(t, s); got != "[1 3]" {
		t.Errorf("said = %s, want what the others wrote, once", got)
	}
}

// A caller that ignores the error of a statement that ended the transaction must not be told that
// its writes are stored.
func TestWriterThatHidesTheEndOfItsTransactionIsToldOfIt(t *testing.T) {
	t.Parallel()
	s := mustGroup(t)
	errs := mustLine(t, s, func(q querier) error {
		_, err := q.ExecContext(t.Context(), "ROLLBACK")
		return err
	})
	if errs[0] == nil {
		t.Error("a transaction that was rolled back was answered as durable")
	}
	if err := s.group.write(t.Context(), say(t.Context(), 1)); err != nil {
		t.Errorf("the next one = %v, want it to work", err)
	}
}

func TestWriterThatLeavesTheLineHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s := mustGroup(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	err := s.group.outside(t.Context(), func() error {
		go func() { left <- s.group.write(ctx, say(ctx, 1)) }()
		for s.group.waiting() == 0 {
			runtime.Gosched()
		}
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left = %v, want context.Canceled", err)
		}
		return nil
	})
	if err := errors.Join(err, s.group.write(t.Context(), say(t.Context(), 2))); err != nil {
		t.Error(err)
	}
	if got := mustSaid(t, s); got != "[2]" {
		t.Errorf("said = %s, want only what came after", got)
	}
}
