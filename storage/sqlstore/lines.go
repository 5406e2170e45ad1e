package sqlstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lines groups callers on PostgreSQL that write to the same thing. A thing's lock is held until the
// commit has reached the disk, so its writers would each wait for a sync. Instead, those of this
// process that come meanwhile form a line, and the first one runs the others' statements in its own
// transaction. Each thing has its own line, because another process may hold one of them for long.
type lines struct {
	mu sync.Mutex
	by map[string][]*errand // who waits, by thing; a key exists while somebody is writing
}

// errand is the work of one writer.
type errand struct {
	//nolint:containedctx // of who waits for it; those who are taken along may leave each at their own time
	ctx        context.Context
	statements []statement
	read       func(pgx.BatchResults) error // reads the database's results of statements

	leads bool          // it has the turn
	turn  chan struct{} // closed when it leads
	done  chan error    // the result, if another one ran it
}

func newErrand(ctx context.Context, read func(pgx.BatchResults) error, statements []statement) *errand {
	return &errand{ctx: ctx, statements: statements, read: read, turn: make(chan struct{}), done: make(chan error, 1)}
}

// errRetryAlone is for writers that were refused together: it may be one's fault alone, and nothing
// was written. Each retries alone.
var errRetryAlone = errors.New("refused together")

// run calls send for me, alone or with others. It returns when me is done, or when its own context
// ends.
func (l *lines) run(key string, me *errand, send func(context.Context, []*errand) error) (err error) {
	if !l.enter(key, me) {
		select {
		case <-me.turn:
		case err := <-me.done:
			return err
		case <-me.ctx.Done():
			l.leave(key, me)
			return context.Cause(me.ctx)
		}
	}
	group := l.take(key, me)
	ctx, stop := whileWanted(group)
	err = errRetryAlone // it stays so after a panic
	defer func() {
		stop()
		l.pass(key)
		for _, e := range group[1:] {
			e.done <- err
		}
	}()
	if err = send(ctx, group); len(group) > 1 && refused(err) {
		err = errRetryAlone
	}
	return err
}

// enter reports whether me has the turn, because nobody is writing; else me waits.
func (l *lines) enter(key string, me *errand) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting, busy := l.by[key]
	if !busy {
		if l.by == nil {
			l.by = map[string][]*errand{}
		}
		l.by[key] = nil
		return true
	}
	l.by[key] = append(waiting, me)
	return false
}

// take returns me and those that go with it.
func (l *lines) take(key string, me *errand) []*errand {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.by[key]
	n := min(len(waiting), maxBatch-1)
	l.by[key] = waiting[n:]
	return append([]*errand{me}, waiting[:n]...)
}

// leave is for a writer that waits no longer. If its work was taken along, it is done or not, as
// with any abandoned request.
func (l *lines) leave(key string, me *errand) {
	l.mu.Lock()
	if i := slices.Index(l.by[key], me); i >= 0 {
		l.by[key] = slices.Delete(l.by[key], i, i+1)
	}
	leads := me.leads
	l.mu.Unlock()
	if leads {
		l.pass(key)
	}
}

// pass gives the turn to the first in line.
func (l *lines) pass(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.by[key]
	if len(waiting) == 0 {
		delete(l.by, key)
		return
	}
	waiting[0].leads = true
	close(waiting[0].turn)
	l.by[key] = waiting[1:]
}

// whileWanted returns a context that ends when all of group have left.
func whileWanted(group []*errand) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(group[0].ctx))
	stops := []func() bool{}
	var left atomic.Int64
	for _, e := range group {
		stops = append(stops, context.AfterFunc(e.ctx, func() {
			if left.Add(1) == int64(len(group)) {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}

// refused reports that the database rejected a transaction, so nothing of it is stored. After a
// lost connection nobody knows.
func refused(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR"
}
