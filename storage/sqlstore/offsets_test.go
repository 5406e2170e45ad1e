package sqlstore_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"meanwhile/storage"
)

// The migration gives offsets to chunks of a release without offsets. Chunks that its program adds
// beside ours get them with the next chunk.
func TestChunksOfTheLastReleaseGetTheirPlaces(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, e engine) {
		address := e.migrated(t)
		s := mustOpenAt(t, address)
		mustVideos(t, s, "v")
		err := errors.Join(
			s.CreateUpload(
				t.Context(),
				storage.Upload{
					ID:          "u",
					VideoID:     "v",
					LengthBytes: -1,
					CreatedAt:   noon,
					ExpiresAt:   noon.Add(time.Hour),
				},
			),
			s.CreateRecording(t.Context(), storage.Recording{UploadID: "u", State: "recording", HeardAt: noon}),
		)
		add := func(track string, numbers ...int) {
			for _, n := range numbers {
				c := storage.Chunk{
					Track:     track,
					N:         n,
					SizeBytes: int64(10 + n),
					SHA256:    "x",
					Key:       fmt.Sprint(track, n),
				}
				_, _, added := s.AddChunk(t.Context(), "u", c, "video/mp4", noon, noon.Add(time.Hour))
				err = errors.Join(err, added)
			}
		}
		add("screen", 0, 1, 2, 4)
		add("camera", 1)
		driver, name := "pgx", address
		if e.name != postgreSQL {
			driver, name = "sqlite", address[len("sqlite:"):]
		}
		direct, opened := sql.Open(driver, name)
		if err := errors.Join(err, opened); err != nil {
			t.Fatal(err)
		}
		defer direct.Close()
		mustDo := func(text string) {
			t.Helper()
			if _, err := direct.ExecContext(t.Context(), text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		want := func(when, track string, chunks int, bytes int64) {
			t.Helper()
			if n, b, err := s.TrackEnd(t.Context(), "u", track); n != chunks || b != bytes || err != nil {
				t.Errorf("%s: TrackEnd(%s) = %d, %d, %v, want %d, %d", when, track, n, b, err, chunks, bytes)
			}
		}
		undo(t, direct, 8)
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		want("after the migration", "screen", 3, 33)
		want("after the migration", "camera", 0, 0)

		mustDo(`DELETE FROM chunk_offsets WHERE n > 0`)
		add("screen", 5)
		want("behind a gap", "screen", 3, 33)
		add("screen", 3)
		if err != nil {
			t.Fatal(err)
		}
		want("with the gap filled", "screen", 6, 75)
	})
}
