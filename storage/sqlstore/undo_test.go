package sqlstore_test

import (
	"database/sql"
	"testing"
)

// undone is how to take each migration back from the fourth on, by its number: what a release before it left behind. A new migration gets a row here.
var undone = []struct {
	version int
	texts   []string
}{
	{4, []string{`DROP TABLE probes`, `DROP TABLE assets`, `DROP TABLE stages`}},
	{6, []string{`DROP TABLE fragments`, `DROP TABLE tracks`, `DROP TABLE chunks`, `DROP TABLE recordings`}},
	{7, []string{`DROP TABLE layouts`}},
	{8, []string{`DROP TABLE sounds`}},
	{9, []string{`DROP TABLE chunk_offsets`}},
	{10, []string{`DROP TABLE creations`}},
	{11, []string{`ALTER TABLE uploads DROP COLUMN writer`}},
	{12, []string{`DROP TABLE audit`}},
	{13, []string{`DROP TABLE identities`, `DROP TABLE passkeys`, `DROP TABLE ceremonies`, `ALTER TABLE users DROP COLUMN verified_ms`}},
}

// undo takes a database back to what the migrations up to last make.
func undo(t testing.TB, db *sql.DB, last int) {
	t.Helper()
	do := func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	for i := len(undone) - 1; i >= 0 && undone[i].version > last; i-- {
		for _, text := range undone[i].texts {
			do(text)
		}
	}
	do(`DELETE FROM goose_db_version WHERE version_id > $1`, last)
}
