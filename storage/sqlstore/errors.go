package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"meanwhile/storage"
)

// sentences are what people read if no method has a better one.
var sentences = map[storage.Kind]string{
	storage.Invalid:     "This text cannot be stored.",
	storage.NotFound:    "This is not there.",
	storage.Conflict:    "Somebody else was first: this is already there, or it has changed.",
	storage.Fenced:      "Another worker holds the lease now.",
	storage.Unavailable: "The database cannot be reached just now. Please try again in a moment.",
	storage.Full:        "There is no room left on the disk.",
}

// sqliteKinds is keyed by SQLite's result code: the extended one first, then its low byte.
var sqliteKinds = map[int]storage.Kind{
	sqlite3.SQLITE_CONSTRAINT_UNIQUE:     storage.Conflict,
	sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: storage.Conflict,
	// what the new row belongs to is gone
	sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: storage.NotFound,
	sqlite3.SQLITE_BUSY:                  storage.Unavailable,
	sqlite3.SQLITE_LOCKED:                storage.Unavailable,
	sqlite3.SQLITE_CANTOPEN:              storage.Unavailable,
	sqlite3.SQLITE_IOERR:                 storage.Unavailable,
	sqlite3.SQLITE_READONLY:              storage.Unavailable,
	sqlite3.SQLITE_PROTOCOL:              storage.Unavailable,
	sqlite3.SQLITE_FULL:                  storage.Full,
}

// postgresKinds is keyed by SQLSTATE: the whole code first, then its class (two characters).
var postgresKinds = map[string]storage.Kind{
	"23505": storage.Conflict,
	"23503": storage.NotFound, // what the new row belongs to has gone
	"22021": storage.Invalid,  // a byte that no text may hold
	"25006": storage.Unavailable,
	"40001": storage.Unavailable,
	"40P01": storage.Unavailable,
	"53100": storage.Full,
	"08":    storage.Unavailable,
	"53":    storage.Unavailable,
	"55":    storage.Unavailable,
	"57":    storage.Unavailable,
}

// worthRetrying are the SQLSTATEs of a transaction that was given up only because of another one: a
// deadlock, or an impossible order.
var worthRetrying = map[string]bool{"40001": true, "40P01": true}

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && worthRetrying[pg.Code]
}

// fail classifies an error of the driver. op names the operation.
func (s *Store) fail(ctx context.Context, op string, err error) error {
	wrapped := fmt.Errorf("%s: %w", op, err)
	if ctx.Err() != nil {
		// the caller left; the driver's error for that varies
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	}
	kind := kindOf(err)
	if s.closed.Load() {
		kind = storage.Unavailable
	}
	if kind == storage.Internal {
		return wrapped
	}
	return storage.E(kind, sentences[kind], wrapped)
}

// failOpening classifies an error of the first connection, with the sentence that helps an
// operator.
func (s *Store) failOpening(ctx context.Context, err error) error {
	const op = "open database"
	if ctx.Err() != nil {
		return s.fail(ctx, op, err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && openSentences[pg.Code] != "" {
		return storage.E(storage.Unavailable, openSentences[pg.Code], fmt.Errorf("%s: %w", op, err))
	}
	return reword(s.fail(ctx, op, err), storage.Unavailable,
		"The database cannot be reached. Check that it runs and that its address is right.")
}

// none is the error of a statement that found no row.
func (s *Store) none(kind storage.Kind, op string) error {
	return storage.E(kind, sentences[kind], fmt.Errorf("%s: %w", op, sql.ErrNoRows))
}

// reword gives an error of the given kind a better sentence, and leaves every other one unchanged.
func reword(err error, kind storage.Kind, message string) error {
	if err != nil && storage.KindOf(err) == kind {
		return storage.E(kind, message, err)
	}
	return err
}

func kindOf(err error) storage.Kind {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		if kind, ok := sqliteKinds[lite.Code()]; ok {
			return kind
		}
		return sqliteKinds[lite.Code()&0xff]
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if kind, ok := postgresKinds[pg.Code]; ok {
			return kind
		}
		return postgresKinds[pg.Code[:min(2, len(pg.Code))]]
	}
	var refused *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &refused) ||
		errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) {
		return storage.Unavailable
	}
	return storage.Internal
}
