package sqlstore_test

import (
	"database/sql"
	"testing"
)

// undone are the statements that undo each migration from the fourth on, by its number. They
// restore what an earlier release left. A new migration gets a row here.
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
	{
		13,
		[]string{
			`DROP TABLE guest_blocks`,
			`DROP INDEX comments_held`,
			`ALTER TABLE comments DROP COLUMN guest_key`,
			`ALTER TABLE comments DROP COLUMN held_ms`,
			`DROP TABLE share_mails`,
			`DROP TABLE share_opens`,
			`DROP TABLE share_people`,
			`ALTER TABLE shares DROP COLUMN lock_version`,
			`ALTER TABLE shares DROP COLUMN password_hash`,
			`ALTER TABLE shares DROP COLUMN comments`,
			`ALTER TABLE shares DROP COLUMN audience`,
			`ALTER TABLE shares DROP COLUMN name`,
		},
	},
	{
		14,
		[]string{
			`DROP TABLE doomed`,
			`DROP TABLE notices`,
			`DROP INDEX users_leaving`,
			`DROP INDEX videos_trashed`,
			`DROP INDEX videos_live_by_workspace`,
			`ALTER TABLE workspaces DROP COLUMN keep_days`,
			`ALTER TABLE users DROP COLUMN delete_ms`,
			`ALTER TABLE videos DROP COLUMN author_name`,
		},
	},
	{
		15,
		[]string{
			`DROP TABLE invites`,
			`ALTER TABLE sessions DROP COLUMN workspace_id`,
			`ALTER TABLE api_keys DROP COLUMN workspace_id`,
			`ALTER TABLE users DROP COLUMN time_zone`,
			`ALTER TABLE users DROP COLUMN language`,
			`ALTER TABLE users DROP COLUMN picture_key`,
			`ALTER TABLE workspaces DROP COLUMN sign_up`,
			`ALTER TABLE workspaces DROP COLUMN domains`,
			`ALTER TABLE workspaces DROP COLUMN embed_hosts`,
			`ALTER TABLE workspaces DROP COLUMN default_audience`,
			`ALTER TABLE workspaces DROP COLUMN default_comments`,
			`ALTER TABLE workspaces DROP COLUMN default_download`,
		},
	},
	{16, []string{`ALTER TABLE users DROP COLUMN verified_ms`, `ALTER TABLE login_links DROP COLUMN mailed`}},
	{17, []string{`DROP TABLE identities`, `DROP TABLE passkeys`, `DROP TABLE ceremonies`}},
	{18, []string{`DROP INDEX uploads_given_up`, `DROP INDEX uploads_open`}},
	{19, []string{`DROP TABLE open_sign_ups`, `DROP TABLE site`}},
	{20, []string{`ALTER TABLE guest_blocks DROP COLUMN ends_ms`, `DROP TABLE guests`}},
	{21, []string{`DROP INDEX assets_damaged`, `ALTER TABLE assets DROP COLUMN damaged_ms`}},
}

// undo brings a database back to the state after the migrations up to last.
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
