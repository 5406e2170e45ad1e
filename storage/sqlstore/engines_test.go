package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
)

// engine is a kind of database under test.
type engine struct {
	name     string
	address  func(t testing.TB) string // of an empty database, dropped with the test
	migrated func(t testing.TB) string // the same with the schema, made by a copy
}

var (
	sqlite   = engine{"SQLite", mustFile, mustFile} // mustOpenAt copies
	postgres = engine{
		name:     postgreSQL,
		address:  func(t testing.TB) string { return mustDatabase(t, usualClauses) },
		migrated: func(t testing.TB) string { return mustDatabase(t, "TEMPLATE "+mustTemplate(t)) },
	}
)

const postgreSQL = "PostgreSQL"

func onBoth(t *testing.T, run func(t *testing.T, e engine)) {
	for _, e := range []engine{sqlite, postgres} {
		t.Run(e.name, func(t *testing.T) {
			if e.name == postgreSQL {
				needsPostgres(t)
			}
			run(t, e)
		})
	}
}

// needsPostgres skips a short run without PostgreSQL.
func needsPostgres(t testing.TB) {
	t.Helper()
	if os.Getenv(databaseEnv) == "" && testing.Short() {
		t.Skipf("%s is not set", databaseEnv)
	}
}

// databaseEnv names the PostgreSQL on which tests create their databases.
const databaseEnv = "MEANWHILE_TEST_DATABASE_URL"

// anywhere is a collation that sorts letters before digits. It reveals code that relies on the byte
// order of one's own machine.
const anywhere = "LOCALE_PROVIDER icu ICU_LOCALE 'en-u-kr-latn-digit' LOCALE 'C'"

// usualClauses of CREATE DATABASE make an empty database.
const usualClauses = "TEMPLATE template0 ENCODING 'UTF8' " + anywhere

// mustDatabase creates a database with clauses of CREATE DATABASE, and drops it with the test.
func mustDatabase(t testing.TB, clauses string) string {
	t.Helper()
	needsPostgres(t)
	name := "test_" + storage.NewRandomID()
	mustAdmin(t, fmt.Sprintf(`CREATE DATABASE %s %s`, name, clauses))
	t.Cleanup(func() { mustAdmin(t, fmt.Sprintf(`DROP DATABASE %s WITH (FORCE)`, name)) })
	return mustAddressOf(t, name)
}

// mustAddressOf returns the address of a database on the tests' server.
func mustAddressOf(t testing.TB, name string) string {
	t.Helper()
	server, err := url.Parse(os.Getenv(databaseEnv))
	if err != nil || server.Host == "" {
		t.Fatalf(
			"%s is not the address of a PostgreSQL: run make test, or deploy/with-services.sh go test ./...",
			databaseEnv,
		)
	}
	return server.JoinPath("..", name).String()
}

// template is a migrated database that others are copied from. TestMain drops it.
var template struct {
	sync.Mutex
	name string
}

func mustTemplate(t testing.TB) string {
	t.Helper()
	template.Lock()
	defer template.Unlock()
	if template.name != "" {
		return template.name
	}
	needsPostgres(t)
	name := "test_template_" + storage.NewRandomID()
	mustAdmin(t, fmt.Sprintf(`CREATE DATABASE %s %s`, name, usualClauses))
	s, err := sqlstore.Open(t.Context(), mustAddressOf(t, name), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Migrate(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	template.name = name
	return name
}

func TestMain(m *testing.M) {
	// Many at once, because they wait: PostgreSQL takes longer to create a database than a test to
	// use it.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	code := m.Run()
	if template.name != "" {
		if err := execAt(context.Background(), os.Getenv(databaseEnv), "DROP DATABASE "+template.name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// mustAdmin runs a statement on the server's own database, apart from the pools of the stores under
// test.
func mustAdmin(t testing.TB, text string, args ...any) {
	t.Helper()
	mustExec(t, os.Getenv(databaseEnv), text, args...)
}

func mustExec(t testing.TB, address, text string, args ...any) {
	t.Helper()
	if err := execAt(context.WithoutCancel(t.Context()), address, text, args...); err != nil {
		t.Fatal(err)
	}
}

// execAt runs a statement on its own connection. ctx is not the test's: clean-up comes after that
// has ended.
func execAt(ctx context.Context, address, text string, args ...any) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, err := db.ExecContext(ctx, text, args...); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
