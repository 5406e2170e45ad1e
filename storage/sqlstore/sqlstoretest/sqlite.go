// Package sqlstoretest gives tests databases with the schema in place. The migrations run once per
// process; every test gets a copy.
package sqlstoretest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"meanwhile/storage/sqlstore"
)

// Open opens a SQLite store for one test, with its schema in place. It closes with the test.
func Open(t testing.TB, log *slog.Logger) *sqlstore.Store {
	t.Helper()
	return OpenAt(t, filepath.Join(t.TempDir(), "meanwhile.db"), log)
}

// OpenAt is Open with a new file at path, for tests that read the rows directly.
func OpenAt(t testing.TB, path string, log *slog.Logger) *sqlstore.Store {
	t.Helper()
	CopyTo(t, path)
	s, err := sqlstore.Open(t.Context(), "sqlite:"+path, log)
	if err != nil {
		t.Fatalf("open a migrated database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return s
}

// CopyTo writes a SQLite file with the schema and no rows to path.
func CopyTo(t testing.TB, path string) {
	t.Helper()
	content, err := migrated()
	if err != nil {
		t.Fatalf("migrate a database to copy: %v", err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatalf("copy the migrated database: %v", err)
	}
}

// migrated is the content of a file after all migrations. A closed SQLite file is complete: the
// last connection folds the write-ahead log into it.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "meanwhile-schema-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	content, err := migrate(filepath.Join(dir, "meanwhile.db"))
	return content, errors.Join(err, os.RemoveAll(dir))
})

func migrate(path string) ([]byte, error) {
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, "sqlite:"+path, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.Migrate(ctx), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
