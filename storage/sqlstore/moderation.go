package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

// HeldComments lists what waits for approval, oldest first.
func (s *Store) HeldComments(
	ctx context.Context,
	ws storage.WorkspaceID,
	owner storage.UserID,
	limit int,
) ([]storage.HeldComment, error) {
	return all(ctx, s, reading, "list held comments", scanHeld,
		`SELECT `+commentColumns+`, v.title,
			COALESCE((SELECT s.token FROM shares s WHERE s.video_id = v.id AND s.revoked_ms IS NULL
			ORDER BY s.created_ms, s.id LIMIT 1), '')
		FROM comments c JOIN videos v ON v.id = c.video_id LEFT JOIN users u ON u.id = c.author_id
		WHERE c.held_ms IS NOT NULL AND c.deleted_ms IS NULL AND v.trashed_ms IS NULL AND v.workspace_id = $1
		AND ($2 = '' OR v.owner_id = $2)
		ORDER BY c.held_ms, c.id LIMIT $3`, string(ws), string(owner), limit)
}

func scanHeld(row scanner) (h storage.HeldComment, err error) {
	h.Comment, err = scanCommentAnd(row, &h.VideoTitle, &h.LinkToken)
	return h, err
}

// HasHeld reports whether a comment under the video waits for approval.
func (s *Store) HasHeld(ctx context.Context, id storage.VideoID) (bool, error) {
	return one(ctx, s, reading, "look for held comments", scanValue[bool],
		`SELECT EXISTS (SELECT 1 FROM comments WHERE video_id = $1 AND held_ms IS NOT NULL AND deleted_ms IS NULL)`,
		string(id))
}

// ApproveComment lets everybody see a held comment. NotFound if it no longer waits.
func (s *Store) ApproveComment(ctx context.Context, id storage.CommentID) (storage.Comment, error) {
	var stored storage.Comment
	err := s.inTx(ctx, func(t *Store) error {
		seq, err := one(ctx, t, writing, "count approval", scanValue[int64],
			`UPDATE comment_counters SET seq = seq + 1, live_count = live_count + 1
			WHERE video_id = (SELECT c.video_id FROM comments c WHERE c.id = $1 AND c.deleted_ms IS NULL
			AND c.held_ms IS NOT NULL) RETURNING seq`,
			string(id))
		if err != nil {
			return err
		}
		// If two approve at once, the second one's counter is rolled back with its transaction.
		err = t.change(
			ctx,
			"approve comment",
			`UPDATE comments SET held_ms = NULL, seq = $2 WHERE id = $1 AND deleted_ms IS NULL AND held_ms IS NOT NULL`,
			string(id),
			seq,
		)
		if err != nil {
			return err
		}
		stored, err = t.CommentByID(ctx, id)
		return err
	})
	return stored, err
}

// BlockGuest stops a guest from commenting under the videos of a workspace, and their last address
// until then. Twice is no error.
func (s *Store) BlockGuest(
	ctx context.Context,
	ws storage.WorkspaceID,
	guestKey string,
	by storage.UserID,
	at, addressUntil time.Time,
) error {
	const op = "block guest"
	return s.inTx(ctx, func(t *Store) error {
		_, err := t.exec(
			ctx,
			op,
			// a comment of an earlier release has only the key of its address
			`INSERT INTO guest_blocks (workspace_id, guest_key, blocked_by, created_ms, ends_ms) VALUES ($1, $2, $3, $4,
				CASE WHEN EXISTS (SELECT 1 FROM guests g WHERE g.workspace_id = $1 AND g.guest_key = $2) THEN NULL
				ELSE CAST($5 AS BIGINT) END)
				ON CONFLICT (workspace_id, guest_key) DO UPDATE SET ends_ms = excluded.ends_ms`,
			string(ws),
			guestKey,
			string(by),
			toMS(at),
			toMS(addressUntil),
		)
		if err != nil {
			return err
		}
		_, err = t.exec(
			ctx,
			op,
			`INSERT INTO guest_blocks (workspace_id, guest_key, blocked_by, created_ms, ends_ms)
			SELECT g.workspace_id, g.address_key, CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS BIGINT)
			FROM guests g WHERE g.workspace_id = $1 AND g.guest_key = $2
			ON CONFLICT (workspace_id, guest_key) DO UPDATE SET ends_ms = excluded.ends_ms
			WHERE guest_blocks.ends_ms IS NOT NULL`,
			string(ws),
			guestKey,
			string(by),
			toMS(at),
			toMS(addressUntil),
		)
		return err
	})
}

// GuestBlocked reports whether a guest, or their address, may not comment there at now.
func (s *Store) GuestBlocked(
	ctx context.Context,
	ws storage.WorkspaceID,
	g storage.Guest,
	now time.Time,
) (bool, error) {
	return one(ctx, s, reading, "look for block", scanValue[bool],
		`SELECT EXISTS (SELECT 1 FROM guest_blocks WHERE workspace_id = $1 AND guest_key IN ($2, $3)
		AND (ends_ms IS NULL OR ends_ms > $4))`, string(ws), g.Key, g.AddressKey, toMS(now))
}

// ForgetGuests deletes guests who were not seen since then and have no comment, and blocks that
// have ended at now.
func (s *Store) ForgetGuests(ctx context.Context, then, now time.Time, limit int) (int, error) {
	const op = "forget guests"
	if _, err := s.exec(ctx, op, `DELETE FROM guest_blocks WHERE ends_ms <= $1`, toMS(now)); err != nil {
		return 0, err
	}
	n, err := s.exec(ctx, op,
		`DELETE FROM guests WHERE (workspace_id, guest_key) IN (
			SELECT g.workspace_id, g.guest_key FROM guests g WHERE g.seen_ms < $1
			AND NOT EXISTS (SELECT 1 FROM comments c JOIN videos v ON v.id = c.video_id
				WHERE v.workspace_id = g.workspace_id AND c.guest_key = g.guest_key)
			LIMIT $2)`, toMS(then), limit)
	return int(n), err
}

// CommentsOfGuest lists a guest's comments under the videos of a workspace, without deleted ones.
func (s *Store) CommentsOfGuest(
	ctx context.Context,
	ws storage.WorkspaceID,
	guestKey string,
) ([]storage.Comment, error) {
	return all(ctx, s, reading, "list comments of guest", scanComment,
		`SELECT `+commentColumns+commentTables+`JOIN videos v ON v.id = c.video_id
		WHERE v.workspace_id = $1 AND c.guest_key = $2 AND c.deleted_ms IS NULL ORDER BY c.id`, string(ws), guestKey)
}
