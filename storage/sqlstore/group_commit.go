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

// Bounds of one batch: how many callers share a commit, and how old a batch may be that takes one
// more.
const (
	maxBatch    = 64
	maxBatchAge = 10 * time.Millisecond
)

// group is SQLite's one writer. Callers take turns on its connection, first come, first served;
// those who stand in line when a turn ends go on in the same transaction, each in a savepoint of
// its own, and the last one commits for all: one sync of the disk for as many as came meanwhile.
// Nobody is answered before that commit. A caller that fails takes back its own writes and nobody
// else's.
type group struct {
	db  *sql.DB
	age time.Duration // how old a batch may be that takes one more

	mu   sync.Mutex
	busy bool          // somebody has the turn
	line []chan *batch // who waits for it; sent is the batch that is open, or nil

	// Only the one who has the turn may touch these: the connection, kept for its prepared
	// statements, and nil after an error.
	conn  *sql.Conn
	ready *prepared
	words map[string]*sql.Stmt
}

// What a batch is made of. They are prepared with the connection and take no context: half a batch
// must not be left behind.
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
	members int           // who wrote something that is to stay
	lost    bool          // SQLite gave all of it up by itself
	done    chan struct{} // closed when err is there
	err     error
}

// errLost is what callers get whose batch came to nothing, perhaps through no fault of theirs: they
// run again, alone.
var errLost = errors.New("the shared transaction was given up")

// writerError is an error of the writer itself, not of what ran in it.
type writerError struct {
	what string
	err  error
}

func (e *writerError) Error() string { return e.what + ": " + e.err.Error() }
func (e *writerError) Unwrap() error { return e.err }

// write runs fn in a transaction and returns when it is durable. fn's error comes back as it is,
// any other as a writerError; a panic in fn passes through. Where the batch was given up, fn runs
// once more, in a transaction that it shares with nobody.
func (g *group) write(ctx context.Context, fn func(querier) error) error {
	err := g.join(ctx, false, fn)
	if own := (*writerError)(nil); errors.As(err, &own) && errors.Is(own.err, errLost) {
		return g.join(ctx, true, fn)
	}
	return err
}

// join runs fn as one of a batch, or alone.
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
	<-b.done // also after an error: it may come of what others wrote, and they are not through yet
	if b.err != nil && (err == nil || !alone && errors.Is(b.err, errLost)) {
		return b.err
	}
	return err
}

// member runs fn in b, takes back what it wrote unless it returns nil, and passes the turn on.
func (g *group) member(ctx context.Context, b *batch, alone bool, fn func(querier) error) (err error) {
	through := false // neither by a panic nor by runtime.Goexit
	defer func() {
		if !through || err != nil {
			// no savepoint: all was rolled back, for a full disk perhaps
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

// end commits b and answers everybody in it.
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

// syncFailed reports that the disk did not take what was committed. That is never tried again: a
// second sync may lie about the first.
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
	// By the caller's context: another process may hold the lock for seconds.
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

// drop closes a connection whose state is not certain.
func (g *group) drop() {
	g.ready.close()
	// which the pool takes for the connection's end
	_ = g.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = g.conn.Close()
	g.conn, g.ready, g.words = nil, nil, nil
}

// turn takes the turn, and with it the batch that is open, or leaves the line when ctx ends.
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
	if !g.leave(place) { // the turn came at the same moment: somebody else shall have it
		if b := <-place; b == nil || !g.pass(b) {
			if b != nil {
				g.end(b)
			}
			g.pass(nil)
		}
	}
	return nil, &writerError{"begin transaction", context.Cause(ctx)}
}

// enter gets into the line. The place answers at once where nobody has the turn.
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

// leave gets out of the line; false when the turn has come.
func (g *group) leave(place chan *batch) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.line, place)
	if i >= 0 {
		g.line = slices.Delete(g.line, i, i+1)
	}
	return i >= 0
}

// pass gives the turn, and with it the batch that is open, to who is first in line. Where nobody
// waits, the turn is free; but not as long as there is a batch that has to be ended first: false.
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

// outside runs fn while nobody writes and the connection is given back, for what needs one and no
// transaction.
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

// close waits for whoever writes and closes the connection.
func (g *group) close() {
	g.giveBack(<-g.enter())
	g.pass(nil)
}
