package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"meanwhile/storage"
)

// direct opens the database at address without the store.
func direct(t *testing.T, e engine, address string) *sql.DB {
	t.Helper()
	driver, name := "pgx", address
	if e.name != postgreSQL {
		driver, name = "sqlite", strings.TrimPrefix(address, "sqlite:")
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestMigrationKnowsWhoCameByOpenSignUp is about a release in which open sign-up led into the first
// workspace: a stranger came that way, a colleague by an invite, and a clock was wrong.
func TestMigrationKnowsWhoCameByOpenSignUp(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		ctx, address := t.Context(), e.migrated(t)
		s, db := mustOpenAt(t, address), direct(t, e, address)
		undo(t, db, 18)
		for _, text := range []string{
			`INSERT INTO workspaces (id, name, created_ms) VALUES ('first', 'First', 1), ('later', 'Later', 2)`,
			`INSERT INTO users (id, email, email_folded, name, password_hash, created_ms) VALUES
				('ada', 'ada', 'ada', 'Ada', '', 1), ('bob', 'bob', 'bob', 'Bob', '', 1), ('eve', 'eve', 'eve', 'Eve', '', 1)`,
			`INSERT INTO memberships (user_id, workspace_id, role, created_ms) VALUES ('ada', 'first', 'owner', 1),
				('bob', 'first', 'member', 2), ('eve', 'first', 'member', 3), ('eve', 'later', 'member', 3)`,
			`INSERT INTO audit (id, workspace_id, at_ms, actor_id, actor_name, action, subject, detail, address) VALUES
				('1', 'first', 1, 'ada', '', 'log-in', '', 'set-up link', ''),
				('2', 'first', 2, 'bob', '', 'log-in', '', 'invite', ''),
				('3', 'first', 3, 'eve', '', 'log-in', '', 'sign-up', ''),
				('4', 'first', 4, 'eve', '', 'log-in', '', 'password', '')`,
		} {
			if _, err := db.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if w, err := s.SiteWorkspace(ctx); err != nil || w.ID != "first" {
			t.Errorf("SiteWorkspace() = %q, %v", w.ID, err)
		}
		wantCame := func(want ...storage.UserID) {
			t.Helper()
			var came []storage.UserID
			for _, w := range []storage.WorkspaceID{"first", "later"} {
				members, err := s.Members(ctx, w)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range members {
					if m.OpenSignUp {
						came = append(came, m.User.ID)
					}
				}
			}
			if len(came) != len(want) || (len(want) > 0 && came[0] != want[0]) {
				t.Errorf("by open sign-up came %v, want %v", came, want)
			}
		}
		wantCame("eve")
		if err := s.SeeOpenSignUps(ctx, "first"); err != nil {
			t.Fatal(err)
		}
		wantCame()
	})
}

// TestAProgramThatIsTooOldMayNotServe raises the oldest schema, as a newer program's migration
// does.
func TestAProgramThatIsTooOldMayNotServe(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		ctx, address := t.Context(), e.migrated(t)
		s, db := mustOpenAt(t, address), direct(t, e, address)
		if err := errors.Join(s.MayServe(ctx), s.Migrate(ctx)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(ctx, `UPDATE site SET oldest_schema = 9999`); err != nil {
			t.Fatal(err)
		}
		for name, may := range map[string]func(context.Context) error{"MayServe": s.MayServe, "Migrate": s.Migrate} {
			err := may(ctx)
			if storage.KindOf(err) != storage.Conflict || !strings.Contains(storage.MessageOf(err), "9999") {
				t.Errorf("%s = %v, want Conflict", name, err)
			}
		}
	})
}
