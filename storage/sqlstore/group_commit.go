package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Bounds of one batch: how many callers share a commit, and how old a batch may be that accepts one
// more.
const (
	maxBatch    = 64
	maxBatchAge = 10 * time.Millisecond
)

// group is SQLite's one writer. Callers take turns on its connection, first come, first served.
// Those that wait when a turn ends go on in the same transaction, each in its own savepoint, and
// the last one commits for all: one sync of the disk for all that came meanwhile. No caller gets a
// result before that commit. A caller that fails rolls back its own writes and no others.
type group struct {
	db  *sql.DB
	age time.Duration // how old a batch may be that accepts one more

	mu   sync.Mutex
	busy bool          // somebody has the turn
	line []chan *batch // who waits for the turn; it receives the open batch, or nil

	// Only the caller that has the turn may use these: the connection, kept for its prepared
	// statements; nil after an error.
	conn  *sql.Conn
	ready *prepared
	words map[string]*sql.Stmt
}

// The statements of a batch. They are prepared with the connection and take no context, so that no
// batch is left half done.
const (
	wordSavepoint = "SAVEPOINT member"
	wordRelease   = "RELEASE member"
	wordUndo      = "ROLLBACK TO member"
	wordCommit    = "COMMIT"
	wordRollback  = "ROLLBACK"
)

// batch is one transaction.
type batch struct {
	began   time.Time
	members int           // callers whose writes are to stay
	lost    bool          // SQLite rolled all of it back by itself
	done    chan struct{} // closed when err is set
	err     error
}

// errLost is for callers whose batch was rolled back, perhaps through no fault of theirs: they run
// again, alone.
var errLost = errors.New("the shared transaction was given up")

// writerError is an error of the writer itself, not of what it ran.
type writerError struct {
	what string
	err  error
}

func (e *writerError) Error() string { return e.what + ": " + e.err.Error() }
func (e *writerError) Unwrap() error { return e.err }

// write runs fn in a transaction and returns when it is durable. It returns fn's error unchanged,
// any other as a writerError; a panic in fn passes through. If the batch was rolled back, fn runs
// once more, in a transaction of its own.
func (g *group) write(ctx context.Context, fn func(querier) error) error {
	err := g.join(ctx, false, fn)
	if own := (*writerError)(nil); errors.As(err, &own) && errors.Is(own.err, errLost) {
		return g.join(ctx, true, fn)
	}
	return err
}

// join runs fn as a member of a batch, or alone.
func (g *group) join(ctx context.Context, alone bool, fn func(querier) error) error {
	b, err := g.turn(ctx)
	if err != nil {
		return err
	}
	if b != nil && alone {
		g.end(b)
		b = nil
	}
	if b == nil {
		if b, err = g.begin(ctx); err != nil {
			g.pass(nil)
			return err
		}
	}
	err = g.member(ctx, b, alone, fn)
	<-b.done // also after an error: others' writes may have caused it, and they are not done yet
	if b.err != nil && (err == nil || !alone && errors.Is(b.err, errLost)) {
		return b.err
	}
	return err
}

// member runs fn in b and passes the turn on. It rolls back fn's writes unless fn returns nil.
func (g *group) member(ctx context.Context, b *batch, alone bool, fn func(querier) error) (err error) {
	through := false // false after a panic or runtime.Goexit
	defer func() {
		if !through || err != nil {
			// no savepoint: all was rolled back, perhaps because the disk is full
			b.lost = g.do(wordUndo) != nil || g.do(wordRelease) != nil
		}
		if b.lost || alone || b.members >= maxBatch || time.Since(b.began) >= g.age || !g.pass(b) {
			g.end(b)
			g.pass(nil)
		}
	}()
	if err = g.do(wordSavepoint); err != nil {
		through = true
		return &writerError{"begin transaction", err}
	}
	err = fn(g.ready)
	through = true
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &writerError{"commit transaction", context.Cause(ctx)}
	}
	if err := g.do(wordRelease); err != nil {
		return &writerError{"commit transaction", err}
	}
	b.members++
	return nil
}

// end commits b and gives all its callers the result.
func (g *group) end(b *batch) {
	defer close(b.done)
	word := wordCommit
	if b.lost {
		word = wordRollback
	}
	err := g.do(word)
	switch {
	case b.lost:
		b.err = &writerError{"commit transaction", errLost}
	case err != nil && b.members > 1 && !syncFailed(err):
		b.err = &writerError{"commit transaction", fmt.Errorf("%w: %w", errLost, err)}
	case err != nil:
		b.err = &writerError{"commit transaction", err}
	}
	if err != nil {
		g.drop()
	}
}

// syncFailed reports that the disk did not accept a commit. That is never retried: a second sync
// may lie about the first.
func syncFailed(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_IOERR
}

// begin opens a batch.
func (g *group) begin(ctx context.Context) (*batch, error) {
	if g.conn == nil {
		if err := g.connect(ctx); err != nil {
			return nil, &writerError{"begin transaction", err}
		}
	}
	// With the caller's context: another process may hold the lock for seconds.
	if _, err := g.ready.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		g.drop()
		return nil, &writerError{"begin transaction", err}
	}
	return &batch{began: time.Now(), done: make(chan struct{})}, nil
}

func (g *group) connect(ctx context.Context) error {
	conn, err := g.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reach the writer: %w", err)
	}
	g.conn, g.ready, g.words = conn, newPrepared(conn), map[string]*sql.Stmt{}
	for _, word := range []string{wordSavepoint, wordRelease, wordUndo, wordCommit, wordRollback} {
		if g.words[word], err = g.ready.stmt(ctx, word); err != nil {
			g.drop()
			return fmt.Errorf("prepare the writer: %w", err)
		}
	}
	return nil
}

func (g *group) do(word string) error {
	//nolint:noctx // who went away half-way would leave a connection whose state is not certain
	_, err := g.words[word].Exec()
	return err
}

// drop closes a connection whose state is uncertain.
func (g *group) drop() {
	g.ready.close()
	// the pool takes this for the end of the connection
	_ = g.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = g.conn.Close()
	g.conn, g.ready, g.words = nil, nil, nil
}

// turn waits for the turn and returns the open batch, if any. It leaves the line when ctx ends.
func (g *group) turn(ctx context.Context) (*batch, error) {
	if ctx.Err() != nil {
		return nil, &writerError{"begin transaction", context.Cause(ctx)}
	}
	place := g.enter()
	select {
	case b := <-place:
		return b, nil
	case <-ctx.Done():
	}
	if !g.leave(place) { // the turn came at the same moment: pass it on
		if b := <-place; b == nil || !g.pass(b) {
			if b != nil {
				g.end(b)
			}
			g.pass(nil)
		}
	}
	return nil, &writerError{"begin transaction", context.Cause(ctx)}
}

// enter joins the line. If nobody has the turn, the place gets it at once.
func (g *group) enter() chan *batch {
	place := make(chan *batch, 1)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy {
		g.line = append(g.line, place)
	} else {
		g.busy = true
		place <- nil
	}
	return place
}

// leave leaves the line. It returns false if the turn has come.
func (g *group) leave(place chan *batch) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.line, place)
	if i >= 0 {
		g.line = slices.Delete(g.line, i, i+1)
	}
	return i >= 0
}

// pass gives the turn, with the open batch, to the first in line. If nobody waits, the turn becomes
// free, unless a batch must be ended first: then pass returns false.
func (g *group) pass(b *batch) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.line) == 0 {
		g.busy = b != nil
		return b == nil
	}
	g.line[0] <- b
	g.line = slices.Delete(g.line, 0, 1)
	return true
}

// outside runs fn while nobody writes and the writer's connection is back in the pool, for work
// that needs one and no transaction.
func (g *group) outside(ctx context.Context, fn func() error) error {
	b, err := g.turn(ctx)
	if err != nil {
		return err
	}
	defer g.pass(nil)
	g.giveBack(b)
	return fn()
}

func (g *group) giveBack(b *batch) {
	if b != nil {
		g.end(b)
	}
	if g.conn != nil {
		g.drop()
	}
}

// close waits for the current writer and closes the connection.
func (g *group) close() {
	g.giveBack(<-g.enter())
	g.pass(nil)
}
