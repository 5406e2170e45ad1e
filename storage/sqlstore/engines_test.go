package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"meanwhile"
)

// engine is a kind of database that the promises are kept on.
type engine struct {
	name    string
	address func(t testing.TB) string // of an empty database that goes with the test
	// the same at less cost, where it may stand beside another one
	another func(t testing.TB, beside string) string
}

var (
	sqlite   = engine{"SQLite", mustFile, func(t testing.TB, _ string) string { return mustFile(t) }}
	postgres = engine{postgreSQL, func(t testing.TB) string { return mustDatabase(t, "") }, mustSchema}
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

// needsPostgres skips what a short run does without.
func needsPostgres(t testing.TB) {
	t.Helper()
	if os.Getenv(databaseEnv) == "" && testing.Short() {
		t.Skipf("%s is not set", databaseEnv)
	}
}

// databaseEnv names the PostgreSQL that tests make their databases on.
const databaseEnv = "MEANWHILE_TEST_DATABASE_URL"

// anywhere is a collation that sorts letters before digits: what relies on the order of bytes, as
// one's own machine has it, shows.
const anywhere = "LOCALE_PROVIDER icu ICU_LOCALE 'en-u-kr-latn-digit' LOCALE 'C'"

// mustDatabase makes an empty database, with clauses of CREATE DATABASE in place of the usual ones,
// and drops it with the test.
func mustDatabase(t testing.TB, clauses string) string {
	t.Helper()
	needsPostgres(t)
	server, err := url.Parse(os.Getenv(databaseEnv))
	if err != nil || server.Host == "" {
		t.Fatalf(
			"%s is not the address of a PostgreSQL: run make test, or deploy/with-services.sh go test ./...",
			databaseEnv,
		)
	}
	if clauses == "" {
		clauses = "ENCODING 'UTF8' " + anywhere
	}
	name := "test_" + meanwhile.NewRandomID()
	mustAdmin(t, fmt.Sprintf(`CREATE DATABASE %s TEMPLATE template0 %s`, name, clauses))
	t.Cleanup(func() { mustAdmin(t, fmt.Sprintf(`DROP DATABASE %s WITH (FORCE)`, name)) })
	return server.JoinPath("..", name).String()
}

// mustSchema makes an empty schema in the database and gives the address that sees nothing else. It
// goes with the database.
func mustSchema(t testing.TB, database string) string {
	t.Helper()
	name := "test_" + meanwhile.NewRandomID()
	mustExec(t, database, "CREATE SCHEMA "+name)
	u := mustURL(t, database)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

// mustAdmin runs a statement on the server's own database, beside the pools of the stores under
// test.
func mustAdmin(t testing.TB, text string, args ...any) {
	t.Helper()
	mustExec(t, os.Getenv(databaseEnv), text, args...)
}

func mustExec(t testing.TB, address, text string, args ...any) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Clean-up comes after the test's own context.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	if _, err := db.ExecContext(ctx, text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
