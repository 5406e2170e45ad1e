package sqlstore

import (
	"log/slog"
	"path/filepath"
	"testing"

	"meanwhile/storage"
)

func TestCheckSQLite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		version string
		refused bool
	}{
		{"3.51.3", false}, {"3.51.4", false}, {"3.52.0", false}, {"3.100.0", false}, {"4.0.0", false},
		{"3.51.2", true}, {"3.50.9", true}, {"3.9.10", true}, {"2.99.99", true}, {"unknown", true},
	} {
		if err := checkSQLite(tc.version); (err != nil) != tc.refused {
			t.Errorf("checkSQLite(%s) = %v, want refused: %t", tc.version, err, tc.refused)
		}
	}
}

// What is reported as stored must survive a power cut. That depends on these settings of the one
// connection that writes.
func TestWriterIsDurable(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "m.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		got, err := one(t.Context(), s, writing, "read setting", scanValue[string], "PRAGMA "+pragma)
		if err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", pragma, got, err, want)
		}
	}
	if n := s.pools.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d writers, want 1", n)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = all(t.Context(), s, reading, "write by a reader", scanValue[string], "DELETE FROM users RETURNING id")
	if storage.KindOf(err) != storage.Unavailable {
		t.Errorf("a write on a reading connection = %v, want it refused", err)
	}
}
