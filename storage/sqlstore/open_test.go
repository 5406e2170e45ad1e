package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, address string
		want          storage.Kind
	}{
		{"no scheme", "meanwhile.db", storage.Invalid},
		{"another engine", "mysql://localhost/meanwhile", storage.Invalid},
		{"nothing", "", storage.Invalid},
		{"a folder that is not there", "sqlite:" + filepath.Join(t.TempDir(), "none", "m.db"), storage.Unavailable},
		{
			"a PostgreSQL that is not there",
			"postgres://nobody@127.0.0.1:1/none?connect_timeout=2",
			storage.Unavailable,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := sqlstore.Open(t.Context(), tc.address, slog.New(slog.DiscardHandler))
			if storage.KindOf(err) != tc.want || s != nil {
				t.Errorf("Open() = %v, want the kind %s", err, tc.want)
			}
		})
	}
}

func TestFileIsPrivateWhateverItsName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "50% of a?b#c d.db")
	s := mustOpen(t, path)
	if err := s.CreateWorkspace(
		t.Context(),
		storage.Workspace{ID: "w", Name: "W", CreatedAt: time.Now()},
	); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(name), got)
		}
	}
}

func TestMigrateCopiesWhatWasThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "m.db")
	s := mustOpenBare(t, "sqlite:"+path)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateWorkspace(
		t.Context(),
		storage.Workspace{ID: "w", Name: "Orchard", CreatedAt: time.Now()},
	); err != nil {
		t.Fatal(err)
	}
	// A second run has nothing new and copies nothing. Neither did the first, on an empty file.
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if copies := mustGlob(t, path+".before-*"); len(copies) != 0 {
		t.Errorf("copies %v, want none", copies)
	}

	// Back to the state of a release with three migrations.
	direct, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	undo(t, direct, 3)
	if err := direct.Close(); err != nil {
		t.Fatal(err)
	}
	if pending := mustPending(t, s); pending == 0 {
		t.Error("no migrations pending, want all but three")
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if pending := mustPending(t, s); pending != 0 {
		t.Errorf("%d migrations pending, want none", pending)
	}
	if copies := mustGlob(t, path+".before-*"); len(copies) != 1 || copies[0] != path+".before-0004" {
		t.Fatalf("copies %v, want one", copies)
	}
	restored := mustOpen(t, path+".before-0004")
	if w, err := restored.SiteWorkspace(t.Context()); w.Name != "Orchard" || err != nil {
		t.Errorf("the copy holds %q, %v, want Orchard", w.Name, err)
	}
}

func mustGlob(t testing.TB, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// mustPending counts the migrations that have yet to run.
func mustPending(t testing.TB, s *sqlstore.Store) int {
	t.Helper()
	list, err := s.MigrationStatus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pending, before := 0, int64(0)
	for i, m := range list {
		if m.Version <= before || m.Name == "" {
			t.Errorf("migration %d is %+v, after number %d", i+1, m, before)
		}
		before = m.Version
		if m.AppliedAt == nil {
			pending++
		}
	}
	return pending
}

func TestRowsSurviveAStart(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		address := e.address(t)
		first, err := sqlstore.Open(t.Context(), address, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		want := storage.Workspace{ID: "w", Name: "Orchard", CreatedAt: time.UnixMilli(1_772_625_600_678).UTC()}
		if err := errors.Join(
			first.Migrate(t.Context()),
			first.CreateWorkspace(t.Context(), want),
			first.MakeSiteWorkspace(t.Context(), want.ID),
			first.Close(),
		); err != nil {
			t.Fatal(err)
		}
		if got, err := mustOpenAt(t, address).SiteWorkspace(t.Context()); got != want || err != nil {
			t.Errorf("SiteWorkspace() = %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		s := mustOpenAt(t, e.migrated(t))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, readErr := s.CountUsers(t.Context())
		for what, err := range map[string]error{
			"a read": readErr,
			"Ping":   s.Ping(t.Context()),
			"InTx":   s.InTx(t.Context(), func(storage.Store) error { return nil }),
		} {
			if storage.KindOf(err) != storage.Unavailable {
				t.Errorf("%s = %v, want the kind unavailable", what, err)
			}
		}
	})
}

func TestCallerThatLeftIsToldSo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		s := mustOpenAt(t, e.migrated(t))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.CountUsers(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("CountUsers() = %v, want context.Canceled", err)
		}
	})
}

func TestVersionNamesTheEngine(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		got, err := mustOpenAt(t, e.migrated(t)).Version(t.Context())
		if err != nil || !strings.HasPrefix(got, e.name+" ") || len(got) < len(e.name)+4 {
			t.Errorf("Version() = %q, %v, want %s and a number", got, err, e.name)
		}
	})
}

func TestMigrationStatusFollowsTheSchema(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		s := mustOpenBare(t, e.address(t))
		all := mustPending(t, s)
		if all < 4 {
			t.Fatalf("%d migrations wait in an empty database, want all of them", all)
		}
		for range 2 { // a second run changes nothing
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := mustPending(t, s); n != 0 {
				t.Errorf("%d migrations wait after Migrate, want none", n)
			}
		}
	})
}

// Several servers start at once on an empty database: all but one wait, and all succeed.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.address(t)
	stores := make([]*sqlstore.Store, 4)
	for i := range stores {
		stores[i] = mustOpenBare(t, address)
	}
	mustPending(t, stores[0]) // makes goose's own table, which it does in its own way
	for i, err := range together(len(stores), func(i int) error { return stores[i].Migrate(t.Context()) }) {
		if err != nil {
			t.Errorf("server %d: %v", i, err)
		}
	}
	if n := mustPending(t, stores[0]); n != 0 {
		t.Errorf("%d migrations wait, want none", n)
	}
}
