package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"meanwhile/storage"
)

// Bounds of a search. In SQLite a LIKE pattern may have at most 50,000 bytes, and an expression a
// depth of at most 1,000.
const (
	maxSearchBytes = 1000
	maxSearchWords = 32
)

// The query for what a list shows of the videos that the query between its parts chose: one row per
// stage of the latest generation, or one row if there is none.
var (
	summaryHead = `SELECT ` + videoColumns + `,
		COALESCE((SELECT s.token FROM shares s WHERE s.video_id = v.id AND s.revoked_ms IS NULL
		ORDER BY s.created_ms, s.id LIMIT 1), ''),
		COALESCE(c.live_count, 0),
		EXISTS (SELECT 1 FROM assets a WHERE a.video_id = v.id AND a.kind = 'poster' AND a.damaged_ms IS NULL
			AND a.generation = CASE WHEN v.published > 0 THEN v.published ELSE v.generation END),
		COALESCE(up.offset_bytes, 0), COALESCE(up.length_bytes, -1),
		COALESCE(up.offset_bytes, 0) > 0 OR EXISTS (SELECT 1 FROM chunks k WHERE k.upload_id = up.id),
		up.sealed_ms IS NOT NULL,
		(SELECT n.leaves_ms FROM notices n WHERE n.video_id = v.id),
		CASE WHEN NOT EXISTS (SELECT 1 FROM assets a WHERE a.video_id = v.id AND a.generation = v.published
			AND a.damaged_ms IS NOT NULL) THEN ''
		WHEN EXISTS (SELECT 1 FROM assets a WHERE a.video_id = v.id AND a.generation = v.published
			AND a.kind IN ('copy', 'rendition') AND a.damaged_ms IS NULL)
			OR EXISTS (SELECT 1 FROM tracks t WHERE t.upload_id = up.id AND t.fragments > 0) THEN 'some'
		ELSE 'all' END,
		st.step, st.state, st.progress, st.message
	FROM (`
	summaryTail = `) v
	JOIN users o ON o.id = v.owner_id
	LEFT JOIN comment_counters c ON c.video_id = v.id
	LEFT JOIN uploads up ON up.id = (SELECT n.id FROM uploads n WHERE n.video_id = v.id
	ORDER BY n.created_ms DESC, n.id DESC LIMIT 1)
	LEFT JOIN stages st ON st.video_id = v.id AND st.generation = v.generation
	ORDER BY ` + libraryOrder("v.") + `, st.created_ms, st.id`
)

// summaryRow is a video with one of its stages.
type summaryRow struct {
	summary  storage.VideoSummary
	step     sql.NullString
	state    sql.NullString
	progress sql.NullFloat64
	message  sql.NullString
}

func scanSummary(row scanner) (r summaryRow, err error) {
	into := append(
		videoInto(&r.summary.Video),
		&r.summary.LinkToken,
		&r.summary.Comments,
		&r.summary.HasPoster,
		&r.summary.UploadedBytes,
		&r.summary.LengthBytes,
		&r.summary.Arrived,
		&r.summary.Sealed,
		nullTimeInto{&r.summary.LeavesAt},
		&r.summary.Damage,
		&r.step,
		&r.state,
		&r.progress,
		&r.message,
	)
	err = row.Scan(into...)
	return r, err
}

// VideoSummary is VideoByID with what a list also shows. NotFound.
func (s *Store) VideoSummary(ctx context.Context, id storage.VideoID) (storage.VideoSummary, error) {
	const op = "find video summary"
	rows, err := all(ctx, s, reading, op, scanSummary,
		summaryHead+`SELECT `+videoNames+` FROM videos WHERE id = $1`+summaryTail, string(id))
	if err != nil {
		return storage.VideoSummary{}, err
	}
	if len(rows) == 0 {
		return storage.VideoSummary{}, s.none(storage.NotFound, op)
	}
	return summaries(rows)[0], nil
}

// ListVideos returns at most q.Limit rows in the order of the library, in one query. Invalid for a
// search of more than 32 words or 1,000 bytes.
func (s *Store) ListVideos(ctx context.Context, q storage.VideoQuery) ([]storage.VideoSummary, error) {
	words := strings.Fields(fold(q.Search))
	if len(q.Search) > maxSearchBytes || len(words) > maxSearchWords {
		return nil, storage.E(storage.Invalid, "This search is too long. A few words are enough.", nil)
	}

	args := []any{string(q.OwnerID), q.Limit}
	place := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where := "owner_id = $1 AND trashed_ms IS NULL"
	if q.Trashed {
		where = "owner_id = $1 AND trashed_ms IS NOT NULL"
	}
	if q.WorkspaceID != "" {
		where += " AND workspace_id = " + place(string(q.WorkspaceID))
	}
	if q.Before != nil {
		where += " AND " + afterKey(*q.Before, place)
	}
	for _, word := range words {
		where += " AND title_folded LIKE " + place(likeWord(word)) + ` ESCAPE '\'`
	}

	rows, err := all(ctx, s, reading, "list videos", scanSummary, summaryHead+
		`SELECT `+videoNames+` FROM videos WHERE `+where+` ORDER BY `+libraryOrder("")+` LIMIT $2`+summaryTail,
		args...)
	if err != nil {
		return nil, err
	}
	return summaries(rows), nil
}

// summaries merges the rows of each video.
func summaries(rows []summaryRow) []storage.VideoSummary {
	var list []storage.VideoSummary
	var stages []storage.Stage
	for i, row := range rows {
		if row.step.Valid {
			stages = append(stages, storage.Stage{
				VideoID:    row.summary.ID,
				Generation: row.summary.Generation,
				Step:       storage.Step(row.step.String),
				State:      storage.StageState(row.state.String),
				Progress:   row.progress.Float64,
				Message:    row.message.String,
			})
		}
		if i+1 < len(rows) && rows[i+1].summary.ID == row.summary.ID {
			continue
		}
		v := row.summary
		progress, working, warning := storage.ProgressOf(stages)
		v.Progress, v.Warning = progress, warning
		v.Improving = working && v.Published > 0
		list = append(list, v)
		stages = stages[:0]
	}
	return list
}
