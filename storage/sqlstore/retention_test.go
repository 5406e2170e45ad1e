package sqlstore_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/sqlstore"
)

// text is a text column of a table.
type text struct{ table, column string }

// mustTexts lists every text column of the schema.
func mustTexts(t testing.TB, db *sql.DB, e engine) []text {
	t.Helper()
	query := `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()
		AND data_type = 'text'`
	if e.name == sqlite.name {
		query = `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
			AND c.type = 'TEXT' AND m.name NOT LIKE 'sqlite_%'`
	}
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []text
	for rows.Next() {
		var c text
		if err := rows.Scan(&c.table, &c.column); err != nil {
			t.Fatal(err)
		}
		if c.table != "goose_db_version" {
			list = append(list, c)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// mustFind lists the columns that hold one of the ids.
func mustFind(t testing.TB, db *sql.DB, columns []text, ids ...string) []string {
	t.Helper()
	var found []string
	for _, c := range columns {
		for _, id := range ids {
			var n int
			query := fmt.Sprintf(`SELECT COUNT(*) FROM %s WHERE %s LIKE $1`, c.table, c.column)
			if err := db.QueryRowContext(t.Context(), query, "%"+id+"%").Scan(&n); err != nil {
				t.Fatal(err)
			}
			if name := c.table + "." + c.column; n > 0 && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return found
}

func mustDB(t testing.TB, e engine, address string) *sql.DB {
	t.Helper()
	driver, source := "pgx", address
	if e.name == sqlite.name {
		driver, source = "sqlite", strings.TrimPrefix(address, "sqlite:")
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// crew is a workspace with a video that has something in every table.
type crew struct {
	workspace storage.WorkspaceID
	ada, bea  storage.UserID
	video     storage.VideoID
	upload    storage.UploadID
}

func mustCrew(t testing.TB, s *sqlstore.Store) crew {
	t.Helper()
	ctx, now := t.Context(), time.UnixMilli(1_800_000_000_000)
	id := storage.NewRandomID
	c := crew{
		storage.WorkspaceID(id()),
		storage.UserID(id()),
		storage.UserID(id()),
		storage.VideoID(id()),
		storage.UploadID(id()),
	}
	stage := storage.StageID(id())
	steps := []error{s.CreateWorkspace(ctx, storage.Workspace{ID: c.workspace, Name: "Crew", CreatedAt: now})}
	for _, u := range []storage.UserID{c.ada, c.bea} {
		steps = append(
			steps,
			s.CreateUser(ctx, storage.User{ID: u, Email: string(u) + "@example.org", Name: "N", CreatedAt: now},
				storage.Membership{WorkspaceID: c.workspace, UserID: u, Role: storage.RoleOwner, CreatedAt: now}),
			s.CreateSession(
				ctx,
				storage.Session{Hash: id(), UserID: u, CreatedAt: now, LastUsed: now, ExpiresAt: now},
			),
			s.CreateAPIKey(
				ctx,
				storage.APIKey{
					ID:        storage.APIKeyID(id()),
					UserID:    u,
					Hash:      id(),
					Scopes:    storage.AllScopes,
					CreatedAt: now,
				},
			),
			s.CreateLoginLink(ctx, storage.LoginLink{Hash: id(), UserID: u, CreatedAt: now, ExpiresAt: now}),
		)
	}
	steps = append(
		steps,
		s.CreateVideo(
			ctx,
			storage.Video{
				ID:          c.video,
				WorkspaceID: c.workspace,
				OwnerID:     c.bea,
				Title:       "T",
				Source:      "recording",
				State:       storage.StateReady,
				CreatedAt:   now,
				UpdatedAt:   now,
			},
		),
		s.CreateLink(ctx, storage.Link{ID: storage.LinkID(id()), VideoID: c.video, Token: id(), CreatedAt: now}),
		s.CreateUpload(
			ctx,
			storage.Upload{ID: c.upload, VideoID: c.video, LengthBytes: -1, CreatedAt: now, ExpiresAt: now},
		),
		s.CreateRecording(ctx, storage.Recording{UploadID: c.upload, State: "recording", HeardAt: now}),
		s.NameCreation(ctx, storage.Creation{UserID: c.bea, KeyHash: id(), VideoID: c.video, CreatedAt: now}, now),
		s.SaveLayout(ctx, c.video, storage.DefaultLayout()),
		s.SaveProbe(ctx, c.video, 1, storage.Probe{}),
		s.CreateStage(
			ctx,
			storage.Stage{
				ID:         stage,
				VideoID:    c.video,
				Generation: 1,
				Step:       storage.StepInspect,
				State:      storage.StageDue,
				CreatedAt:  now,
			},
		),
		s.CreateAsset(
			ctx,
			storage.Asset{
				ID:         storage.AssetID(id()),
				VideoID:    c.video,
				Generation: 1,
				Kind:       storage.AssetCopy,
				Name:       "c",
				Key:        "v/" + string(c.video) + "/g1/c.mp4",
				CreatedAt:  now,
			},
		),
		s.AddSound(
			ctx,
			storage.SoundPiece{UploadID: c.upload, Track: "screen", Key: "v/" + string(c.video) + "/g0/s.sound"},
		),
		s.SaveWorkspace(
			ctx,
			c.workspace,
			"W",
			storage.Settings{
				SignUp:          storage.SignUpClosed,
				DefaultAudience: "link",
				DefaultComments: "on",
				KeepDays:        1,
			},
		),
	)
	chunk := storage.Chunk{Track: "screen", SizeBytes: 4, SHA256: "x", Key: "u/" + string(c.upload) + "/screen/0"}
	_, _, err := s.AddChunk(ctx, c.upload, chunk, "video/mp4", now, now)
	steps = append(
		steps,
		err,
		s.IndexTrack(
			ctx,
			0,
			storage.Track{UploadID: c.upload, Name: "screen", IndexedBytes: 4, Fragments: 1},
			[]storage.Fragment{{SizeBytes: 4}},
		),
	)
	_, err = s.CreateComment(
		ctx,
		storage.Comment{ID: storage.CommentID(id()), VideoID: c.video, AuthorID: c.bea, Body: "B", CreatedAt: now},
		storage.Guest{},
	)
	steps = append(steps, err)
	u, err := s.TakeUpload(ctx, c.upload)
	steps = append(
		steps,
		err,
		s.AppendParts(
			ctx,
			c.upload,
			u.Holder,
			[]storage.Part{{Track: "main", SizeBytes: 1, SHA256: "x", Key: "u/" + string(c.upload) + "/p"}},
			now,
		),
	)
	_, err = s.MakeNotices(ctx, now.Add(1000*time.Hour), time.Hour, 10)
	steps = append(steps, err)
	for i, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	return c
}

func TestNoRowOfAPurgedVideoIsLeft(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		address := e.migrated(t)
		s := mustOpenAt(t, address)
		db := mustDB(t, e, address)
		gone, kept := mustCrew(t, s), mustCrew(t, s)
		columns := mustTexts(t, db, e)
		before, others := mustFind(
			t,
			db,
			columns,
			string(gone.video),
			string(gone.upload),
		), mustFind(
			t,
			db,
			columns,
			string(kept.video),
			string(kept.upload),
		)
		for _, table := range []string{
			"assets", "chunk_offsets", "chunks", "comment_counters", "comments", "creations", "fragments", "layouts",
			"notices", "parts", "probes", "recordings", "shares", "sounds", "stages", "tracks", "uploads", "videos",
		} {
			if !slices.ContainsFunc(before, func(c string) bool { return strings.HasPrefix(c, table+".") }) {
				t.Errorf("nothing is in %s to be removed", table)
			}
		}
		now := time.Now()
		if err := s.SetVideoTrashed(t.Context(), gone.video, &now); err != nil {
			t.Fatal(err)
		}
		if err := s.PurgeVideo(t.Context(), gone.video, now, now, now); err != nil {
			t.Fatal(err)
		}
		if left := mustFind(
			t,
			db,
			columns,
			string(gone.video),
			string(gone.upload),
		); !slices.Equal(
			left,
			[]string{"doomed.object_key"},
		) {
			t.Errorf("left are %v, want only the keys of what is to be deleted", left)
		}
		if left := mustFind(t, db, columns, string(kept.video), string(kept.upload)); !slices.Equal(left, others) {
			t.Errorf("of another video are left %v\nwant all: %v", left, others)
		}
	})
}

func TestNoRowOfADeletedAccountIsLeft(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		address := e.migrated(t)
		s := mustOpenAt(t, address)
		db := mustDB(t, e, address)
		c := mustCrew(t, s)
		columns := mustTexts(t, db, e)
		others := mustFind(t, db, columns, string(c.video))
		now := time.Now()
		if err := s.SetAccountDeletion(t.Context(), c.bea, &now); err != nil {
			t.Fatal(err)
		}
		err := s.InTx(t.Context(), func(tx storage.Store) error {
			if err := tx.TransferVideos(t.Context(), c.workspace, c.bea, storage.FormerMember); err != nil {
				return err
			}
			return tx.DeleteUser(t.Context(), c.bea, storage.FormerMember, now)
		})
		if err != nil {
			t.Fatal(err)
		}
		if left := mustFind(t, db, columns, string(c.bea)); len(left) > 0 {
			t.Errorf("left of the account: %v", left)
		}
		// the account's own rows
		others = slices.DeleteFunc(others, func(c string) bool { return strings.HasPrefix(c, "creations.") })
		if left := mustFind(t, db, columns, string(c.video)); !slices.Equal(left, others) {
			t.Errorf("of the video are left %v\nwant %v", left, others)
		}
	})
}

// passedOn are the columns that name a person and must pass to somebody else before an account can
// be deleted.
var passedOn = []string{"comments.author_id", "videos.owner_id"}

// TestWhatRefersToVideosAndPeopleGoesWithThem fails for a new table that would prevent the deletion
// of a video, an upload, a workspace or an account.
func TestWhatRefersToVideosAndPeopleGoesWithThem(t *testing.T) {
	t.Parallel()
	address := mustFile(t)
	mustOpenAt(t, address)
	db := mustDB(t, sqlite, address)
	rows, err := db.QueryContext(t.Context(),
		`SELECT m.name || '.' || f."from", f."table" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' AND f."table" IN ('videos', 'uploads', 'users', 'workspaces', 'shares', 'comments')
		AND f.on_delete NOT IN ('CASCADE', 'SET NULL')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var kept []string
	for rows.Next() {
		var column, table string
		if err := rows.Scan(&column, &table); err != nil {
			t.Fatal(err)
		}
		if column != "videos.workspace_id" { // a workspace goes when its videos are gone
			kept = append(kept, column)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(kept)
	if !slices.Equal(kept, passedOn) {
		t.Errorf("%v refer to what is deleted and do not go with it, want only %v", kept, passedOn)
	}
}
