package sqlstore_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"meanwhile/storage"
)

// TestMigrationEndsWhatWasGivenUp is about recordings of a release that left them "recording" for
// ever: one is in the trash, one was brought back.
func TestMigrationEndsWhatWasGivenUp(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		ctx, address := t.Context(), e.migrated(t)
		s := mustOpenAt(t, address)
		mustVideos(t, s, "trashed", "restored")
		var err error
		for _, id := range []string{"trashed", "restored"} {
			u := storage.Upload{
				ID: storage.UploadID("u " + id), VideoID: storage.VideoID(id), LengthBytes: -1,
				CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
			}
			err = errors.Join(err,
				s.CreateUpload(ctx, u),
				s.CreateRecording(ctx, storage.Recording{UploadID: u.ID, State: "recording", HeardAt: noon}),
				s.TerminateUpload(ctx, u.ID, noon))
		}
		at := noon
		err = errors.Join(err, s.SetVideoTrashed(ctx, "trashed", &at))
		driver, name := "pgx", address
		if e.name != postgreSQL {
			driver, name = "sqlite", address[len("sqlite:"):]
		}
		direct, opened := sql.Open(driver, name)
		if err := errors.Join(err, opened); err != nil {
			t.Fatal(err)
		}
		defer direct.Close()
		if _, err := direct.ExecContext(ctx, `UPDATE videos SET state = 'recording'`); err != nil {
			t.Fatal(err)
		}
		undo(t, direct, 17)
		if err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}

		v, err := s.VideoByID(ctx, "trashed")
		if err != nil || v.State != storage.StateFailed || v.Failure == "" {
			t.Errorf("in the trash: %s, %q, %v; want failed with a reason", v.State, v.Failure, err)
		}
		ids, err := s.EmptyRecordings(ctx, noon.Add(time.Hour), 10)
		if err != nil || len(ids) != 1 || ids[0] != "u restored" {
			t.Errorf("EmptyRecordings() = %v, %v; want what was brought back", ids, err)
		}
	})
}
