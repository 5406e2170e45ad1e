package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"meanwhile/storage"
)

const commentColumns = `c.id, c.video_id, c.thread_id, c.reply, c.thread_at_ms, c.seq, c.author_id, COALESCE(u.name,
c.author_name),
	c.edit_hash, c.at_ms, c.until_ms, c.body, c.created_ms, c.edited_ms, c.deleted_ms, c.held_ms, c.guest_key`

const commentTables = ` FROM comments c LEFT JOIN users u ON u.id = c.author_id `

func scanComment(row scanner) (storage.Comment, error) { return scanCommentAnd(row) }

// scanCommentAnd reads a comment and the columns after it.
func scanCommentAnd(row scanner, more ...any) (c storage.Comment, err error) {
	var thread storage.CommentID
	var reply bool
	var author sql.NullString
	var until sql.NullInt64
	into := []any{
		&c.ID,
		&c.VideoID,
		&thread,
		&reply,
		durationInto{&c.ThreadAt},
		&c.Seq,
		&author,
		&c.AuthorName,
		&c.EditHash,
		durationInto{&c.At},
		&until,
		&c.Body,
		timeInto{&c.CreatedAt},
		nullTimeInto{&c.EditedAt},
		nullTimeInto{&c.DeletedAt},
		nullTimeInto{&c.HeldAt},
		&c.GuestKey,
	}
	err = row.Scan(append(into, more...)...)
	if reply {
		c.Parent = thread
	}
	c.AuthorID = storage.UserID(author.String)
	if until.Valid {
		d := fromDurationMS(until.Int64)
		c.Until = &d
	}
	return c, err
}

func toNullDurationMS(d *time.Duration) sql.NullInt64 {
	if d == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: d.Milliseconds(), Valid: true}
}

// CreateComment stores c and returns it as a list shows it, with Seq and ThreadAt set. With a
// guest, it also stores who that is. NotFound if the video, or the comment that c answers, is not
// there; Invalid for a reply to a reply.
func (s *Store) CreateComment(ctx context.Context, c storage.Comment, by storage.Guest) (storage.Comment, error) {
	const op = "create comment"
	c.GuestKey = by.Key
	// The counter comes first: its lock keeps a thread from moving while a reply to it is
	// stored.
	statements := []statement{{
		`UPDATE comment_counters SET seq = seq + 1, live_count = live_count + $2 WHERE video_id = $1`,
		[]any{string(c.VideoID), seen(c)},
	}}
	if by.Key != "" {
		statements = append(statements, knowGuest(c.VideoID, by, c.CreatedAt))
	}
	// A missing counter, or a missing parent, gives a NULL in a NOT NULL column.
	statements = append(statements, statement{
		`INSERT INTO comments (id, video_id, thread_id, thread_at_ms, reply, seq, author_id, author_name, edit_hash,
			at_ms, until_ms,
			body, created_ms, edited_ms, deleted_ms, held_ms, guest_key)
		VALUES ($1, $2, $3,
			CASE WHEN $4 THEN (SELECT p.at_ms FROM comments p WHERE p.id = $3 AND p.video_id = $2 AND NOT p.reply
			AND p.deleted_ms IS NULL)
			ELSE $5 END,
			$4, (SELECT n.seq FROM comment_counters n WHERE n.video_id = $2), $6, $7, $8, $5, $9, $10, $11, NULL,
			NULL, $12, $13)
		RETURNING seq, thread_at_ms, COALESCE((SELECT u.name FROM users u WHERE u.id = author_id), author_name)`,
		[]any{
			string(c.ID),
			string(c.VideoID),
			string(c.Thread()),
			c.Parent != "",
			c.At.Milliseconds(),
			sql.NullString{
				String: string(c.AuthorID),
				Valid:  c.AuthorID != "",
			},
			c.AuthorName,
			c.EditHash,
			toNullDurationMS(c.Until),
			c.Body,
			toMS(c.CreatedAt),
			toNullMS(c.HeldAt),
			c.GuestKey,
		},
	})
	stored, err := queryBatch(
		ctx,
		s,
		op,
		string(c.VideoID),
		func(row scanner) (storage.Comment, error) {
			stored := c
			err := row.Scan(&stored.Seq, durationInto{&stored.ThreadAt}, &stored.AuthorName)
			return stored, err
		},
		statements...,
	)
	if err == nil {
		return stored[0], nil
	}
	if why := s.whyNoComment(ctx, c); storage.KindOf(err) == storage.Internal && why != nil {
		return storage.Comment{}, why
	}
	return storage.Comment{}, err
}

// knowGuest is the statement that stores who a guest is in the workspace of a video. It writes
// nothing that it wrote a moment ago.
func knowGuest(id storage.VideoID, g storage.Guest, at time.Time) statement {
	return statement{
		`INSERT INTO guests (workspace_id, guest_key, address_key, name, created_ms, seen_ms)
		SELECT v.workspace_id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT),
			CAST($5 AS BIGINT) FROM videos v WHERE v.id = $1
		ON CONFLICT (workspace_id, guest_key) DO UPDATE
		SET address_key = excluded.address_key, name = excluded.name, seen_ms = excluded.seen_ms
		WHERE guests.address_key <> excluded.address_key OR guests.name <> excluded.name
			OR guests.seen_ms < excluded.seen_ms - 3600000`,
		[]any{string(id), g.Key, g.AddressKey, g.Name, toMS(at)},
	}
}

// seen returns how many more comments everybody sees with c.
func seen(c storage.Comment) int {
	if c.HeldAt != nil {
		return 0
	}
	return 1
}

// whyNoComment returns why a comment could not be stored under its video or parent; nil if these
// are fine.
func (s *Store) whyNoComment(ctx context.Context, c storage.Comment) error {
	if _, _, err := s.CommentSeq(ctx, c.VideoID); err != nil || c.Parent == "" {
		return err
	}
	parent, err := s.CommentByID(ctx, c.Parent)
	if err != nil {
		return reword(err, storage.NotFound, "The comment that you reply to was deleted.")
	}
	if parent.Parent != "" || parent.VideoID != c.VideoID {
		return storage.E(
			storage.Invalid,
			"You can reply only to a comment of the same video that is not itself a reply.",
			nil,
		)
	}
	return nil
}

// CommentByID finds a comment that is not deleted. NotFound.
func (s *Store) CommentByID(ctx context.Context, id storage.CommentID) (storage.Comment, error) {
	return one(ctx, s, reading, "find comment", scanComment,
		`SELECT `+commentColumns+commentTables+`WHERE c.id = $1 AND c.deleted_ms IS NULL`, string(id))
}

// UpdateComment writes Body, At, Until, EditedAt and HeldAt; replies follow a moved thread.
// NotFound.
func (s *Store) UpdateComment(ctx context.Context, c storage.Comment) (storage.Comment, error) {
	var stored storage.Comment
	err := s.inTx(ctx, func(t *Store) error {
		// The counter comes first: its lock keeps the rest as it is.
		seq, err := one(ctx, t, writing, "count comment edit", scanValue[int64],
			`UPDATE comment_counters SET seq = seq + 1
			WHERE video_id = (SELECT c.video_id FROM comments c WHERE c.id = $1 AND c.deleted_ms IS NULL)
			RETURNING seq`,
			string(c.ID))
		if err != nil {
			return err
		}
		if err := t.recount(ctx, c); err != nil {
			return err
		}
		err = t.change(
			ctx,
			"update comment",
			`UPDATE comments SET body = $2, at_ms = $3, until_ms = $4, edited_ms = $5, seq = $6, held_ms = $7
				WHERE id = $1 AND deleted_ms IS NULL`,
			string(c.ID),
			c.Body,
			c.At.Milliseconds(),
			toNullDurationMS(c.Until),
			toNullMS(c.EditedAt),
			seq,
			toNullMS(c.HeldAt),
		)
		if err != nil {
			return err
		}
		// Only the first comment of a thread has its own id as thread_id: for a reply this finds
		// nothing.
		if _, err := t.exec(ctx, "move thread", `UPDATE comments SET thread_at_ms = $2 WHERE thread_id = $1`,
			string(c.ID), c.At.Milliseconds()); err != nil {
			return err
		}
		stored, err = t.CommentByID(ctx, c.ID)
		return err
	})
	return stored, err
}

// recount corrects the number of comments that everybody sees, if c changes whether it is held.
func (s *Store) recount(ctx context.Context, c storage.Comment) error {
	_, err := s.exec(
		ctx,
		"recount comments",
		`UPDATE comment_counters SET live_count = live_count + $2 - (SELECT CASE WHEN o.held_ms IS NULL THEN 1
			ELSE 0 END FROM comments o WHERE o.id = $1)
		WHERE video_id = (SELECT o.video_id FROM comments o WHERE o.id = $1 AND o.deleted_ms IS NULL)`,
		string(c.ID),
		seen(c),
	)
	return err
}

// DeleteComment marks the comment and its replies as deleted and empties their text. Each takes its
// own sequence number, so that a page of changes can end between them; the last is returned.
// NotFound.
func (s *Store) DeleteComment(ctx context.Context, id storage.CommentID, at time.Time) (int64, error) {
	var last int64
	err := s.inTx(ctx, func(t *Store) error {
		// This only takes the lock: the replies are counted after it.
		before, err := one(ctx, t, writing, "lock conversation", scanValue[int64],
			`UPDATE comment_counters SET seq = seq
			WHERE video_id = (SELECT c.video_id FROM comments c WHERE c.id = $1 AND c.deleted_ms IS NULL)
			RETURNING seq`,
			string(id))
		if err != nil {
			return err
		}
		visible, err := one(
			ctx,
			t,
			reading,
			"count visible comments",
			scanValue[int64],
			`SELECT COUNT(*) FROM comments c WHERE (c.id = $1 OR c.thread_id = $1) AND c.deleted_ms IS NULL
				AND c.held_ms IS NULL`,
			string(id),
		)
		if err != nil {
			return err
		}
		n, err := t.exec(ctx, "delete comment",
			`UPDATE comments SET seq = $2 + d.place, deleted_ms = $3, body = ''
			FROM (SELECT c.id AS comment_id, ROW_NUMBER() OVER (ORDER BY c.reply, c.created_ms, c.id) AS place
				FROM comments c WHERE (c.id = $1 OR c.thread_id = $1) AND c.deleted_ms IS NULL) d
			WHERE comments.id = d.comment_id`, string(id), before, toMS(at))
		if err != nil {
			return err
		}
		if n == 0 {
			return t.none(storage.NotFound, "delete comment")
		}
		last, err = one(ctx, t, writing, "count comment deletion", scanValue[int64],
			`UPDATE comment_counters SET seq = seq + $2, live_count = live_count - $3
			WHERE video_id = (SELECT c.video_id FROM comments c WHERE c.id = $1) RETURNING seq`, string(id), n, visible)
		return err
	})
	return last, err
}
