// Package sqlstore stores everything that must not be lost, in SQLite or PostgreSQL, with one SQL
// text for both.
//
// The database is the only truth. Leases use its clock. Every promise of storage.Store about two
// callers at once is kept by a condition in a statement, never by a lock in this process.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite"

	"meanwhile/storage"
)

var _ storage.Store = (*Store)(nil)

// Store is storage.Store on one database. It is safe for concurrent use.
type Store struct {
	dialect dialect
	pools   pools
	log     *slog.Logger
	closed  *atomic.Bool
	group   *group  // SQLite's writer; nil if the server orders writers
	lines   *lines  // of PostgreSQL's writers
	reads   querier // for reads outside a transaction
	tx      querier // set in the stores that InTx gives to fn
}

// Open connects to the database at address (sqlite:<path>, or postgres://… as pgx reads it) without
// changing it: call Migrate next. Errors: Invalid for an address or a library that cannot be used,
// Unavailable if the database cannot be reached. The caller closes the store.
func Open(ctx context.Context, address string, log *slog.Logger) (*Store, error) {
	scheme, _, found := strings.Cut(address, ":")
	d, known := dialects[scheme]
	if !found || !known {
		return nil, storage.E(storage.Invalid, "The database address begins with sqlite: or postgres://.", nil)
	}
	p, err := d.open(address)
	if storage.KindOf(err) == storage.Invalid {
		return nil, err
	}
	if err != nil {
		return nil, storage.E(storage.Unavailable, "The database cannot be opened.", err)
	}
	s := &Store{dialect: d, pools: p, log: log, closed: new(atomic.Bool), lines: new(lines), reads: p.read}
	if d.isSQLite {
		s.group, s.reads = &group{db: p.write, age: maxBatchAge}, newPrepared(p.read)
	}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// check connects with both pools and refuses a library that loses data.
func (s *Store) check(ctx context.Context) error {
	for _, db := range []*sql.DB{s.pools.write, s.pools.read} {
		if err := db.PingContext(ctx); err != nil {
			return s.failOpening(ctx, err)
		}
	}
	if !s.dialect.isSQLite {
		return s.checkPostgres(ctx)
	}
	version, err := one(ctx, s, reading, "read SQLite version", scanValue[string], "SELECT sqlite_version()")
	if err != nil {
		return err
	}
	return checkSQLite(version)
}

// leastSQLite is the first version whose WAL reset does not corrupt the database.
var leastSQLite = [3]int{3, 51, 3}

func checkSQLite(version string) error {
	var have [3]int
	for i, field := range strings.SplitN(version, ".", 3) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return fmt.Errorf("read SQLite version %q: %w", version, err)
		}
		have[i] = n
	}
	for i := range have {
		if have[i] > leastSQLite[i] {
			return nil
		}
		if have[i] < leastSQLite[i] {
			return storage.E(
				storage.Invalid,
				"This program was built with SQLite "+version+", which can corrupt databases; 3.51.3 is the least.",
				nil,
			)
		}
	}
	return nil
}

// Close waits for running queries and closes the database.
func (s *Store) Close() error {
	s.closed.Store(true)
	if s.group != nil {
		s.group.close()
	}
	err := s.pools.read.Close()
	if s.pools.write != s.pools.read {
		err = errors.Join(err, s.pools.write.Close())
	}
	return err
}

// Version returns the engine and its version, such as "PostgreSQL 15.18".
func (s *Store) Version(ctx context.Context) (string, error) {
	return one(ctx, s, reading, "read database version", scanValue[string], s.dialect.version)
}

// Clock returns the time of the database's clock, which leases use.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	ms, err := one(ctx, s, reading, "read database clock", scanValue[int64], "SELECT "+clockMS)
	return time.UnixMilli(ms).UTC(), err
}

// Ping reports whether the database can be reached and written. It takes the write lock and changes
// nothing.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.exec(ctx, "ping database", "UPDATE workspaces SET name = name WHERE id = ''")
	return err
}

// triesInTx is how often a transaction is tried while it conflicts with others. Each time at least
// one of them succeeds.
const triesInTx = 8

// InTx runs fn in one transaction; see storage.Store. fn runs again, from the start and in a new
// transaction, if PostgreSQL gave the first one up because of another (a deadlock), or SQLite gave
// up a shared one. Outside the store, fn may change only what it would set again.
func (s *Store) InTx(ctx context.Context, fn func(storage.Store) error) error {
	return s.inTx(ctx, func(t *Store) error { return fn(t) })
}

func (s *Store) inTx(ctx context.Context, fn func(*Store) error) error {
	if s.tx != nil {
		return fn(s)
	}
	return s.again(ctx, func() error { return s.tryTx(ctx, fn) })
}

// again retries what was given up only because of others, until it succeeds.
func (s *Store) again(ctx context.Context, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		if n == triesInTx || !retryable(err) {
			return err
		}
		s.log.DebugContext(ctx, "transaction runs again", "try", n, "error", err)
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// pause keeps transactions that conflicted from meeting again at once: about 10 ms per try.
func pause(ctx context.Context, try int) error {
	wait := time.NewTimer(time.Duration(try) * (5*time.Millisecond + rand.N(10*time.Millisecond)))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("begin transaction again: %w", context.Cause(ctx))
	}
}

// tryTx runs fn in one transaction. On SQLite it may share it with others who write at the same
// time.
func (s *Store) tryTx(ctx context.Context, fn func(*Store) error) error {
	inner := *s
	if s.group != nil {
		err := s.group.write(ctx, func(tx querier) error {
			inner.tx = tx
			return fn(&inner)
		})
		//nolint:errorlint // fn's own errors come back unchanged, whatever they wrap
		if own, ok := err.(*writerError); ok {
			return s.fail(ctx, own.what, own.err)
		}
		return err
	}
	tx, err := s.pools.write.BeginTx(ctx, nil)
	if err != nil {
		return s.fail(ctx, "begin transaction", err)
	}
	// After a commit this does nothing; after an error or a panic in fn it releases the connection.
	defer func() { _ = tx.Rollback() }()

	inner.tx = tx
	if err := fn(&inner); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return s.fail(ctx, "commit transaction", err)
	}
	return nil
}

// lockSetup makes this transaction wait for all others that decide by what does not exist yet, so
// that it sees what they made. Outside a transaction it does nothing.
func (s *Store) lockSetup(ctx context.Context) error {
	if s.tx == nil || s.dialect.alone == "" {
		return nil
	}
	_, err := s.exec(ctx, "wait for other transactions", s.dialect.alone)
	return err
}
