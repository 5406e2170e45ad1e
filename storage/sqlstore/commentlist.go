package sqlstore

import (
	"context"

	"meanwhile/storage"
)

// ListComments returns at most q.Limit live comments in reading order, and with q.Held also those
// that wait for approval.
func (s *Store) ListComments(ctx context.Context, q storage.CommentQuery) ([]storage.Comment, error) {
	const (
		op   = "list comments"
		head = `SELECT ` + commentColumns +
			commentTables + `WHERE c.video_id = $1 AND c.deleted_ms IS NULL AND (c.held_ms IS NULL OR $3)`
		tail = ` ORDER BY c.thread_at_ms, c.thread_id, c.reply, c.created_ms, c.id LIMIT $2`
	)
	if q.After == nil {
		return all(ctx, s, reading, op, scanComment, head+tail, string(q.VideoID), q.Limit, q.Held)
	}
	k := *q.After
	return all(
		ctx,
		s,
		reading,
		op,
		scanComment,
		head+` AND (c.thread_at_ms, c.thread_id, c.reply, c.created_ms, c.id) > ($4, $5, $6, $7, $8)`+tail,
		string(q.VideoID),
		q.Limit,
		q.Held,
		k.ThreadAt.Milliseconds(),
		string(k.Thread),
		k.Reply,
		toMS(k.CreatedAt),
		string(k.ID),
	)
}

// CommentsSince returns what was made, edited or deleted after seq, in order of seq.
func (s *Store) CommentsSince(
	ctx context.Context,
	id storage.VideoID,
	seq int64,
	limit int,
) ([]storage.Comment, error) {
	return all(
		ctx,
		s,
		reading,
		"list comment changes",
		scanComment,
		`SELECT `+commentColumns+commentTables+`WHERE c.video_id = $1 AND c.seq > $2 ORDER BY c.seq LIMIT $3`,
		string(id),
		seq,
		limit,
	)
}

// CommentSeq returns the video's latest sequence number and the number of live comments. NotFound
// for an unknown video.
func (s *Store) CommentSeq(ctx context.Context, id storage.VideoID) (seq int64, count int, err error) {
	row, err := one(ctx, s, reading, "read comment counter", scanCounter,
		`SELECT seq, live_count FROM comment_counters WHERE video_id = $1`, string(id))
	return row.seq, row.live, err
}

type counterRow struct {
	seq  int64
	live int
}

func scanCounter(row scanner) (r counterRow, err error) {
	err = row.Scan(&r.seq, &r.live)
	return r, err
}
