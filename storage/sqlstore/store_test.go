package sqlstore_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
	"meanwhile/storage/sqlstore/sqlstoretest"
	"meanwhile/storage/storagetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		storagetest.TestStore(t, func(t testing.TB) storage.Store { return mustOpenAt(t, e.migrated(t)) })
	})
}

// mustOpen opens the SQLite file at path with its schema in place.
func mustOpen(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	return mustOpenAt(t, "sqlite:"+path)
}

// mustOpenAt opens the database at address with its schema in place. A missing SQLite file starts
// as a copy of a migrated one.
func mustOpenAt(t testing.TB, address string) *sqlstore.Store {
	t.Helper()
	if path, isFile := strings.CutPrefix(address, "sqlite:"); isFile {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			sqlstoretest.CopyTo(t, path)
		}
	}
	s := mustOpenBare(t, address)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// mustOpenBare opens the database at address as it is.
func mustOpenBare(t testing.TB, address string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), address, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustFile(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "meanwhile.db")
}
