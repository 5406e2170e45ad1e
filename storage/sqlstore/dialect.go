package sqlstore

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// clockMS stands in SQL text for the database's own clock, in milliseconds since 1970, UTC. It is
// the only part of our SQL that differs between the engines.
const clockMS = "CLOCK_MS"

// dialect holds the differences between the engines.
type dialect struct {
	clock string // the SQL expression for clockMS
	open  func(address string) (pools, error)
	goose goose.Dialect
	// stops two processes from migrating at once; nil if one process owns the file
	locker func() (lock.SessionLocker, error)
	// the database is a file: its version is checked, and it is copied before a migration
	isSQLite bool
	// alone is a statement that makes a transaction wait for every other that runs it. Empty if
	// transactions run one after another anyway.
	alone string
	// version is a query for the server's version in words.
	version string
}

// pools are the connections of one database. path is the SQLite file.
type pools struct {
	write, read *sql.DB
	path        string
}

// dialects maps the scheme of a database address to a dialect.
var dialects = map[string]dialect{
	"sqlite":     sqliteDialect,
	"postgres":   postgresDialect,
	"postgresql": postgresDialect,
}

var sqliteDialect = dialect{
	// 'subsec' gives thousandths as a fraction; rounding keeps 0.123 from becoming 122.
	clock:    "CAST(ROUND(unixepoch('now', 'subsec') * 1000) AS BIGINT)",
	open:     openSQLite,
	goose:    goose.DialectSQLite3,
	isSQLite: true,
	version:  "SELECT 'SQLite ' || sqlite_version()",
}

var postgresDialect = dialect{
	// clock_timestamp goes on inside a transaction, as SQLite's clock does; now() would not.
	clock: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
	open:  openPostgres,
	goose: goose.DialectPostgres,
	// Tries every second for five minutes: several servers may start at once, and all but one wait
	// here.
	locker: func() (lock.SessionLocker, error) { return lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) },
	// The strongest mode that does not block readers, or rows that only refer to a workspace.
	alone:   "LOCK TABLE workspaces IN SHARE ROW EXCLUSIVE MODE",
	version: "SELECT 'PostgreSQL ' || current_setting('server_version')",
}

// openSQLite opens the file at the address sqlite:<path>. It has one connection that writes, since
// SQLite has one writer in any case, and a pool that reads at the same time (WAL).
func openSQLite(address string) (pools, error) {
	path, err := filepath.Abs(address[len("sqlite:"):])
	if err != nil {
		return pools{}, fmt.Errorf("resolve database path: %w", err)
	}
	if err := createPrivately(path); err != nil {
		return pools{}, err
	}

	shared := url.Values{"_txlock": {"immediate"}, "_time_format": {"sqlite"}}
	write, err := sql.Open("sqlite", sqliteDSN(path, shared,
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"))
	if err != nil {
		return pools{}, fmt.Errorf("open database writer: %w", err)
	}
	write.SetMaxOpenConns(1)

	read, err := sql.Open("sqlite", sqliteDSN(path, shared, "busy_timeout(10000)", "query_only(1)"))
	if err != nil {
		return pools{}, fmt.Errorf("open database readers: %w", err)
	}
	readers := max(4, runtime.NumCPU())
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return pools{write: write, read: read, path: path}, nil
}

// sqliteDSN returns the driver's address of path with the given pragmas.
func sqliteDSN(path string, shared url.Values, pragmas ...string) string {
	query := url.Values{"_pragma": pragmas}
	for name, values := range shared {
		query[name] = values
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

// createPrivately makes an empty database file that only its owner can read, and makes its name
// durable. SQLite's own file would be open to all, and its WAL file gets the same mode.
func createPrivately(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("create database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("create database file: %w", err)
	}
	return syncFile(filepath.Dir(path))
}

// syncFile makes the content of a file, or the names in a folder, survive a power cut.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open for sync: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}
