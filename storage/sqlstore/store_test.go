package sqlstore_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"meanwhile"
	"meanwhile/storage/sqlstore"
	"meanwhile/storage/storagetest"
)

func TestStore(t *testing.T) {
	onBoth(t, func(t *testing.T, e engine) {
		beside := e.address(t)
		storagetest.TestStore(t, func(t testing.TB) meanwhile.Store { return mustOpenAt(t, e.another(t, beside)) })
	})
}

// mustOpen opens the SQLite file at path with its schema in place.
func mustOpen(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	return mustOpenAt(t, "sqlite:"+path)
}

// mustOpenAt opens the database at address with its schema in place.
func mustOpenAt(t testing.TB, address string) *sqlstore.Store {
	t.Helper()
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
