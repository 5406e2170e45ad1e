package sqlstore

import (
	"context"
	"strings"
	"time"

	"meanwhile/storage"
)

// TerminateUpload marks the upload as given up; a second time changes nothing. Conflict if its
// client has completed it, NotFound.
func (s *Store) TerminateUpload(ctx context.Context, id storage.UploadID, at time.Time) error {
	const op = "terminate upload"
	n, err := s.exec(ctx, op,
		`UPDATE uploads SET terminated_ms = COALESCE(terminated_ms, $2) WHERE id = $1 AND (sealed_ms IS NULL
		OR terminated_ms IS NOT NULL OR EXISTS (SELECT 1 FROM recordings r WHERE r.upload_id = uploads.id
		AND r.recovered))`, string(id), toMS(at))
	if err != nil || n > 0 {
		return err
	}
	return s.conflictIfThere(ctx, op, `SELECT 1 FROM uploads WHERE id = $1`, string(id))
}

// ReopenUpload takes back that an upload was given up. It returns false if it was not. A recording
// counts as heard of at that time.
func (s *Store) ReopenUpload(ctx context.Context, id storage.UploadID, heardAt time.Time) (bool, error) {
	const op = "reopen upload"
	reopened := false
	err := s.inTx(ctx, func(t *Store) error {
		n, err := t.exec(ctx, op,
			`UPDATE uploads SET terminated_ms = NULL WHERE id = $1 AND terminated_ms IS NOT NULL`, string(id))
		if err != nil || n == 0 {
			return err
		}
		reopened = true
		_, err = t.exec(ctx, op,
			`UPDATE recordings SET heard_ms = $2 WHERE upload_id = $1`, string(id), toMS(heardAt))
		return err
	})
	return reopened, err
}

// SilentRecordings lists recordings that were last heard of before that time and have unsealed
// chunks, oldest first.
func (s *Store) SilentRecordings(ctx context.Context, before time.Time, limit int) ([]storage.UploadID, error) {
	return all(ctx, s, reading, "list silent recordings", scanValue[storage.UploadID],
		`SELECT r.upload_id FROM recordings r JOIN uploads u ON u.id = r.upload_id
		WHERE r.heard_ms < $1 AND u.terminated_ms IS NULL AND (u.sealed_ms IS NULL OR r.recovered)
		AND (SELECT COUNT(*) FROM chunks c WHERE c.upload_id = r.upload_id) > r.sealed_chunks
		ORDER BY r.heard_ms, r.upload_id LIMIT $2`, toMS(before), limit)
}

// EmptyRecordings lists recordings without a chunk that were last heard of before that time.
func (s *Store) EmptyRecordings(ctx context.Context, before time.Time, limit int) ([]storage.UploadID, error) {
	return all(ctx, s, reading, "list empty recordings", scanValue[storage.UploadID],
		`SELECT u.id FROM uploads u JOIN recordings r ON r.upload_id = u.id JOIN videos v ON v.id = u.video_id
		WHERE u.sealed_ms IS NULL AND u.terminated_ms IS NULL AND r.heard_ms < $1 AND v.state = 'recording'
		AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.upload_id = u.id)
		ORDER BY u.expires_ms, u.id LIMIT $2`, toMS(before), limit)
}

// ExpiredUploads lists uploads of files that expired before that time and are not complete.
func (s *Store) ExpiredUploads(ctx context.Context, before time.Time, limit int) ([]storage.UploadID, error) {
	return all(ctx, s, reading, "list expired uploads", scanValue[storage.UploadID],
		`SELECT u.id FROM uploads u JOIN videos v ON v.id = u.video_id
		WHERE u.sealed_ms IS NULL AND u.terminated_ms IS NULL AND u.expires_ms <= $1 AND v.state = 'uploading'
		ORDER BY u.expires_ms, u.id LIMIT $2`, toMS(before), limit)
}

// SurplusTakes lists recordings of less than short that were thrown away while they were made,
// without the last keep of each person in each workspace. Takes of an earlier release, whose state
// did not change when they were thrown away, are none.
func (s *Store) SurplusTakes(
	ctx context.Context,
	keep int,
	short time.Duration,
	limit int,
) ([]storage.VideoID, error) {
	take := func(video, upload string) string {
		return strings.NewReplacer("v.", video+".", "u.", upload+".").Replace(
			`u.terminated_ms IS NOT NULL AND v.source = 'recording' AND v.trashed_ms IS NOT NULL
			AND v.state = 'failed' AND v.updated_ms >= u.terminated_ms AND u.terminated_ms - u.created_ms < $1`)
	}
	return all(ctx, s, reading, "list surplus takes", scanValue[storage.VideoID],
		`SELECT v.id FROM uploads u JOIN videos v ON v.id = u.video_id
		WHERE `+take("v", "u")+`
		AND (SELECT COUNT(*) FROM videos w JOIN uploads n ON n.video_id = w.id
			WHERE w.owner_id = v.owner_id AND w.workspace_id = v.workspace_id AND `+take("w", "n")+`
			AND n.terminated_ms > u.terminated_ms) >= $2
		ORDER BY u.terminated_ms, u.id LIMIT $3`, short.Milliseconds(), keep, limit)
}

// HoldUpload keeps chunks and parts from being added until the transaction ends. NotFound.
func (s *Store) HoldUpload(ctx context.Context, id storage.UploadID) error {
	return s.change(ctx, "hold upload", `UPDATE uploads SET expires_ms = expires_ms WHERE id = $1`, string(id))
}
