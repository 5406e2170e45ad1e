package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
)

// eventually checks every 10 ms until ok, for at most 20 s.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("%s: not so after 20 s", what)
			return
		}
	}
}

// mustAsk runs a query of one value on the database of the tests' own connection.
func mustAsk[T any](t testing.TB, address, text string, args ...any) (v T) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), text, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpenSaysWhatPostgreSQLRefuses(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.address(t)
	changed := func(change func(u *url.URL)) string {
		u := mustURL(t, address)
		change(u)
		return u.String()
	}
	for _, tc := range []struct {
		name, address string
		kind          storage.Kind
		says          string
	}{
		{
			"a wrong password",
			changed(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "guess") }),
			storage.Unavailable,
			"password",
		},
		{
			"a database that is not there",
			changed(func(u *url.URL) { u.Path = "/nowhere" }),
			storage.Unavailable,
			"CREATE DATABASE",
		},
		{
			"another port",
			changed(func(u *url.URL) { u.Host = "127.0.0.1:1" }),
			storage.Unavailable,
			"Check that it runs",
		},
		{
			"an address that cannot be read", "postgres://host:port:1/x", storage.Invalid,
			"postgres://user:password@host:5432/database",
		},
		{
			"a database that holds only Latin letters",
			mustDatabase(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"),
			storage.Invalid,
			"UTF8",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := sqlstore.Open(t.Context(), tc.address, slog.New(slog.DiscardHandler))
			if s != nil || storage.KindOf(err) != tc.kind || !strings.Contains(storage.MessageOf(err), tc.says) {
				t.Errorf("Open() = %v, want the kind %s and a sentence with %q", err, tc.kind, tc.says)
			}
			if password, _ := mustURL(
				t,
				address,
			).User.Password(); err != nil &&
				strings.Contains(err.Error(), password) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// waitForLock waits until a connection to the store's database waits for another's lock.
func waitForLock(t testing.TB, s *sqlstore.Store) {
	t.Helper()
	eventually(t, "somebody waits for a lock", func() bool {
		n, err := s.WaitingForLocks(t.Context())
		return err == nil && n > 0
	})
}

// Two transactions that change the same rows in opposite order cannot both go on: PostgreSQL gives
// one up, which then runs again.
func TestTransactionsThatMeetBothComeThrough(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	s := mustOpenAt(t, postgres.migrated(t))
	mustVideos(t, s, "a", "b")
	var met sync.WaitGroup
	met.Add(2)
	runs := make([]int, 2)
	errs := together(2, func(i int) error {
		order := []storage.VideoID{"a", "b"}
		if i == 1 {
			order = []storage.VideoID{"b", "a"}
		}
		return s.InTx(t.Context(), func(tx storage.Store) error {
			runs[i]++
			if _, err := tx.StartGeneration(t.Context(), order[0], noon); err != nil {
				return err
			}
			if runs[i] == 1 {
				met.Done()
				met.Wait()
			}
			_, err := tx.StartGeneration(t.Context(), order[1], noon)
			return err
		})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if runs[0]+runs[1] < 3 {
		t.Errorf("run %d and %d times: they did not meet", runs[0], runs[1])
	}
	for _, id := range []storage.VideoID{"a", "b"} {
		if v, err := s.VideoByID(t.Context(), id); v.Generation != 2 || err != nil {
			t.Errorf("video %s has generation %d, %v, want both changes and no third", id, v.Generation, err)
		}
	}
}

// terminate ends every connection to the database, as a restart or a fail-over does.
func terminate(t testing.TB, address string) {
	t.Helper()
	mustAdmin(
		t,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`,
		mustURL(t, address).Path[1:],
	)
}

func TestLostConnectionsComeBackByThemselves(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.migrated(t)
	s := mustOpenAt(t, address)
	mustVideos(t, s, "v")

	err := s.InTx(t.Context(), func(tx storage.Store) error {
		if _, err := tx.StartGeneration(t.Context(), "v", noon); err != nil {
			return err
		}
		terminate(t, address)
		_, err := tx.StartGeneration(t.Context(), "v", noon)
		return err
	})
	if storage.KindOf(err) != storage.Unavailable {
		t.Errorf("a transaction that lost its connection = %v, want the kind unavailable", err)
	}
	eventually(t, "the store works again", func() bool {
		v, err := s.VideoByID(t.Context(), "v")
		if err == nil && v.Generation != 0 {
			t.Errorf("half a transaction was kept: generation %d", v.Generation)
		}
		return err == nil
	})

	// A pool full of connections that all broke while idle.
	if err := errors.Join(together(8, func(int) error { return s.Ping(t.Context()) })...); err != nil {
		t.Fatal(err)
	}
	terminate(t, address)
	eventually(t, "every caller is served again", func() bool {
		errs := together(8, func(int) error { return s.Ping(t.Context()) })
		for _, err := range errs {
			if err != nil && storage.KindOf(err) != storage.Unavailable {
				t.Errorf("Ping() = %v, want the kind unavailable", err)
			}
		}
		return errors.Join(errs...) == nil
	})
}

func TestDatabaseThatIsAwayForAWhile(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.migrated(t)
	s := mustOpenAt(t, address)
	mustVideos(t, s, "v")
	allow := func(yes string) {
		mustAdmin(t, `ALTER DATABASE `+mustURL(t, address).Path[1:]+` ALLOW_CONNECTIONS `+yes)
	}

	allow("false")
	terminate(t, address)
	eventually(t, "everything answers unavailable", func() bool {
		_, read := s.VideoByID(t.Context(), "v")
		write := s.ChangeVideo(t.Context(), "v", storage.VideoChange{Title: new("New")}, noon)
		tx := s.InTx(t.Context(), func(storage.Store) error { return nil })
		for what, err := range map[string]error{"read": read, "write": write, "transaction": tx} {
			if err != nil && (storage.KindOf(err) != storage.Unavailable || storage.MessageOf(err) == "") {
				t.Errorf("%s without a database = %v, want the kind unavailable and a sentence", what, err)
			}
		}
		return read != nil && write != nil && tx != nil
	})
	allow("true")
	if err := s.ChangeVideo(t.Context(), "v", storage.VideoChange{Title: new("New")}, noon); err != nil {
		t.Errorf("the first write after it is back: %v", err)
	}
}

// A process that hangs in the middle of a transaction must not block all others for ever.
func TestEveryConnectionEndsAFrozenTransaction(t *testing.T) {
	t.Parallel()
	needsPostgres(t)
	address := postgres.migrated(t)
	s := mustOpenAt(t, address)
	err := s.InTx(t.Context(), func(storage.Store) error {
		got := mustAsk[int](
			t,
			address,
			`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
				AND application_name = 'meanwhile'`,
		)
		if got == 0 {
			t.Error("the connections do not say whose they are")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Setting(t.Context(), "idle_in_transaction_session_timeout"); got != "1min" || err != nil {
		t.Errorf("idle_in_transaction_session_timeout = %q, %v, want 1min", got, err)
	}
}
