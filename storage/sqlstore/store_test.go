package sqlstore_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"meanwhile"
	"meanwhile/storage/sqlstore"
	"meanwhile/storage/storagetest"
)

func TestSQLite(t *testing.T) {
	storagetest.TestStore(t, func(t testing.TB) meanwhile.Store { return mustOpen(t, filepath.Join(t.TempDir(), "meanwhile.db")) })
}

// mustOpen opens the SQLite file at path with its schema in place.
func mustOpen(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), "sqlite:"+path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
