package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"meanwhile/storage"
)

// MakeNotices adds a notice to videos that are kept no longer than warn from now.
func (s *Store) MakeNotices(ctx context.Context, now time.Time, warn time.Duration, limit int) (int, error) {
	n, err := s.exec(ctx, "make notices",
		`INSERT INTO notices (video_id, made_ms, leaves_ms)
		SELECT v.id, CAST($1 AS BIGINT), CAST($2 AS BIGINT) FROM workspaces w JOIN videos v ON v.workspace_id = w.id
		WHERE w.keep_days > 0 AND v.trashed_ms IS NULL AND v.created_ms <= $2 - w.keep_days * 86400000
		AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.video_id = v.id)
		ORDER BY v.created_ms, v.id LIMIT $3 ON CONFLICT (video_id) DO NOTHING`, toMS(now), toMS(now.Add(warn)), limit)
	return int(n), err
}

// DropNotices removes notices that no longer hold.
func (s *Store) DropNotices(ctx context.Context, now time.Time, warn time.Duration) (int, error) {
	n, err := s.exec(ctx, "drop notices",
		`DELETE FROM notices WHERE video_id IN (
			SELECT n.video_id FROM notices n JOIN videos v ON v.id = n.video_id
			JOIN workspaces w ON w.id = v.workspace_id
			WHERE w.keep_days = 0 OR v.trashed_ms IS NOT NULL OR v.created_ms > $1 - w.keep_days * 86400000)`,
		toMS(now.Add(warn)))
	return int(n), err
}

// LeavingVideos lists videos whose notice has run out at now, the first to leave first.
func (s *Store) LeavingVideos(ctx context.Context, now time.Time, limit int) ([]storage.VideoID, error) {
	return all(ctx, s, reading, "list leaving videos", scanValue[storage.VideoID],
		`SELECT video_id FROM notices WHERE leaves_ms <= $1 ORDER BY leaves_ms, video_id LIMIT $2`, toMS(now), limit)
}

// TrashNoticed puts a video whose notice has run out at now into the trash. NotFound if somebody
// else has.
func (s *Store) TrashNoticed(ctx context.Context, id storage.VideoID, now time.Time) error {
	const op = "trash noticed video"
	return s.inTx(ctx, func(t *Store) error {
		if err := t.change(
			ctx,
			op,
			`DELETE FROM notices WHERE video_id = $1 AND leaves_ms <= $2`,
			string(id),
			toMS(now),
		); err != nil {
			return err
		}
		return t.change(
			ctx,
			op,
			`UPDATE videos SET trashed_ms = $2 WHERE id = $1 AND trashed_ms IS NULL`,
			string(id),
			toMS(now),
		)
	})
}

func scanNotice(row scanner) (n storage.Notice, err error) {
	err = row.Scan(&n.VideoID, timeInto{&n.LeavesAt}, &n.OwnerID, &n.Title)
	return n, err
}

// ClaimNotices marks the notices of one person's videos as mailed and lists them, the first to
// leave first.
func (s *Store) ClaimNotices(ctx context.Context, now time.Time, limit int) ([]storage.Notice, error) {
	list, err := all(ctx, s, writing, "claim notices", scanNotice,
		`UPDATE notices SET mailed_ms = $1 WHERE mailed_ms IS NULL AND video_id IN (
			SELECT n.video_id FROM notices n JOIN videos v ON v.id = n.video_id
			WHERE n.mailed_ms IS NULL AND v.owner_id = (
				SELECT f.owner_id FROM notices m JOIN videos f ON f.id = m.video_id
				WHERE m.mailed_ms IS NULL ORDER BY m.leaves_ms, m.video_id LIMIT 1)
			ORDER BY n.leaves_ms, n.video_id LIMIT $2)
		RETURNING video_id, leaves_ms, (SELECT o.owner_id FROM videos o WHERE o.id = video_id), (SELECT o.title
		FROM videos o WHERE o.id = video_id)`,
		toMS(now), limit)
	slices.SortFunc(list, func(a, b storage.Notice) int {
		return cmp.Or(a.LeavesAt.Compare(b.LeavesAt), cmp.Compare(a.VideoID, b.VideoID))
	})
	return list, err
}

// UnclaimNotices marks notices as not mailed again.
func (s *Store) UnclaimNotices(ctx context.Context, ids []storage.VideoID) error {
	return s.inTx(ctx, func(t *Store) error {
		for _, id := range ids {
			if _, err := t.exec(
				ctx,
				"unclaim notice",
				`UPDATE notices SET mailed_ms = NULL WHERE video_id = $1`,
				string(id),
			); err != nil {
				return err
			}
		}
		return nil
	})
}
