package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

// TrashedSince lists videos that have been in the trash since then or longer, the oldest first.
func (s *Store) TrashedSince(ctx context.Context, then time.Time, limit int) ([]storage.VideoID, error) {
	return all(
		ctx,
		s,
		reading,
		"list old trash",
		scanValue[storage.VideoID],
		`SELECT id FROM videos WHERE trashed_ms IS NOT NULL AND trashed_ms <= $1 ORDER BY trashed_ms, id LIMIT $2`,
		toMS(then),
		limit,
	)
}

// deletionKeys are the objects that a video's rows name outside its own folders; objects inside are
// deleted with the folders.
const deletionKeys = `INSERT INTO doomed (object_key, due_ms)
	SELECT k.object_key, CAST($2 AS BIGINT) FROM (
		SELECT p.object_key, 'u/' || u.id || '/' AS folder FROM parts p JOIN uploads u ON u.id = p.upload_id
		WHERE u.video_id = $1
		UNION SELECT c.object_key, 'u/' || u.id || '/' FROM chunks c JOIN uploads u ON u.id = c.upload_id
		WHERE u.video_id = $1
		UNION SELECT s.object_key, 'v/' || u.video_id || '/' FROM sounds s JOIN uploads u ON u.id = s.upload_id
		WHERE u.video_id = $1
		UNION SELECT a.object_key, 'v/' || a.video_id || '/' FROM assets a WHERE a.video_id = $1
	) k WHERE k.object_key <> '' AND substr(k.object_key, 1, length(k.folder)) <> k.folder
	ON CONFLICT (object_key) DO NOTHING`

// deletionFolders hold all objects of a video, also those that no row names yet.
const deletionFolders = `INSERT INTO doomed (object_key, due_ms, again_ms)
	SELECT 'v/' || v.id || '/', CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM videos v WHERE v.id = $1
	UNION ALL SELECT 'u/' || u.id || '/', CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM uploads u WHERE u.video_id = $1
	ON CONFLICT (object_key) DO NOTHING`

// PurgeVideo removes every row of a video that has been in the trash since then or longer, and adds
// deletions of its objects. NotFound.
func (s *Store) PurgeVideo(ctx context.Context, id storage.VideoID, then, due, again time.Time) error {
	const op = "purge video"
	return s.inTx(ctx, func(t *Store) error {
		// First, so that whoever restores the video or begins another generation waits, and then
		// finds nothing.
		if err := t.change(
			ctx,
			op,
			`UPDATE videos SET trashed_ms = trashed_ms WHERE id = $1 AND trashed_ms <= $2`,
			string(id),
			toMS(then),
		); err != nil {
			return err
		}
		// A request under way cannot name another object either: it changes this row before.
		if _, err := t.exec(
			ctx,
			op,
			`UPDATE uploads SET terminated_ms = COALESCE(terminated_ms, $2) WHERE video_id = $1`,
			string(id),
			toMS(due),
		); err != nil {
			return err
		}
		if _, err := t.exec(ctx, op, deletionKeys, string(id), toMS(due)); err != nil {
			return err
		}
		if _, err := t.exec(ctx, op, deletionFolders, string(id), toMS(due), toMS(again)); err != nil {
			return err
		}
		return t.change(ctx, op, `DELETE FROM videos WHERE id = $1`, string(id)) // the rest refers to it, and goes too
	})
}

// AddDeletions adds deletions of objects that nothing refers to any more.
func (s *Store) AddDeletions(ctx context.Context, keys []string, due, again time.Time) error {
	return s.inTx(ctx, func(t *Store) error {
		for _, key := range keys {
			var once *time.Time
			if isFolder(key) {
				once = &again
			}
			if _, err := t.exec(
				ctx,
				"add deletion",
				`INSERT INTO doomed (object_key, due_ms, again_ms) VALUES ($1, $2, $3) ON CONFLICT (object_key)
					DO NOTHING`,
				key,
				toMS(due),
				toNullMS(once),
			); err != nil {
				return err
			}
		}
		return nil
	})
}

func isFolder(key string) bool { return key != "" && key[len(key)-1] == '/' }

func scanDeletion(row scanner) (d storage.Deletion, err error) {
	err = row.Scan(&d.Key, nullTimeInto{&d.AgainAt})
	return d, err
}

// ClaimDeletions takes deletions that are due at now and makes them due at until.
func (s *Store) ClaimDeletions(ctx context.Context, now, until time.Time, limit int) ([]storage.Deletion, error) {
	return all(ctx, s, writing, "claim deletions", scanDeletion,
		`UPDATE doomed SET due_ms = $2 WHERE due_ms <= $1
		AND object_key IN (SELECT d.object_key FROM doomed d WHERE d.due_ms <= $1
		ORDER BY d.due_ms, d.object_key LIMIT $3)
		RETURNING object_key, again_ms`, toMS(now), toMS(until), limit)
}

// DropDeletion removes a deletion whose objects are gone, or makes its folder due once more.
func (s *Store) DropDeletion(ctx context.Context, d storage.Deletion) error {
	const op = "drop deletion"
	if d.AgainAt != nil {
		_, err := s.exec(
			ctx,
			op,
			`UPDATE doomed SET due_ms = again_ms, again_ms = NULL WHERE object_key = $1 AND again_ms IS NOT NULL`,
			d.Key,
		)
		return err
	}
	_, err := s.exec(ctx, op, `DELETE FROM doomed WHERE object_key = $1 AND again_ms IS NULL`, d.Key)
	return err
}
