package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"meanwhile/storage"
)

// CreateVideo adds a video and the counter of its conversation.
func (s *Store) CreateVideo(ctx context.Context, v storage.Video) error {
	return s.inTx(ctx, func(t *Store) error {
		text, args := insertVideo(v)
		_, err := t.exec(ctx, "create video", text, args...)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, "create comment counter",
			`INSERT INTO comment_counters (video_id, seq, live_count) VALUES ($1, 0, 0)`, string(v.ID))
		return err
	})
}

func scanVideo(row scanner) (v storage.Video, err error) {
	err = row.Scan(videoInto(&v)...)
	return v, err
}

// VideoByID finds a video, in the trash or not. NotFound.
func (s *Store) VideoByID(ctx context.Context, id storage.VideoID) (storage.Video, error) {
	return one(ctx, s, reading, "find video", scanVideo,
		`SELECT `+videoColumns+` FROM videos v JOIN users o ON o.id = v.owner_id WHERE v.id = $1`, string(id))
}

// ChangeVideo writes what the owner chose, and when. NotFound.
func (s *Store) ChangeVideo(ctx context.Context, id storage.VideoID, c storage.VideoChange, at time.Time) error {
	text, args := updateVideo(id, c, at)
	return s.change(ctx, "change video", text, args...)
}

// SetVideoTrashed puts the video into the trash, or takes it out (nil). NotFound.
func (s *Store) SetVideoTrashed(ctx context.Context, id storage.VideoID, at *time.Time) error {
	return s.change(
		ctx,
		"set video trashed",
		`UPDATE videos SET trashed_ms = $2 WHERE id = $1`,
		string(id),
		toNullMS(at),
	)
}

// SetVideoState moves the video from one of the states in from to the state to. Conflict if it is
// in another state, NotFound if it is not there.
func (s *Store) SetVideoState(
	ctx context.Context,
	id storage.VideoID,
	from []storage.State,
	to storage.State,
	failure string,
	at time.Time,
) error {
	const op = "set video state"
	args := []any{string(id), string(to), failure, toMS(at)}
	places := make([]string, 0, len(from))
	for _, state := range from {
		args = append(args, string(state))
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	if len(places) == 0 {
		return s.none(storage.Conflict, op)
	}
	n, err := s.exec(
		ctx,
		op,
		`UPDATE videos SET state = $2, failure = $3, updated_ms = $4 WHERE id = $1 AND state IN (`+strings.Join(
			places,
			", ",
		)+`)`,
		args...)
	if err != nil || n > 0 {
		return err
	}
	return s.conflictIfThere(ctx, op, `SELECT 1 FROM videos WHERE id = $1`, string(id))
}

// SetVideoMedia writes what the probe found. NotFound.
func (s *Store) SetVideoMedia(
	ctx context.Context,
	id storage.VideoID,
	duration time.Duration,
	width, height int,
	at time.Time,
) error {
	return s.change(
		ctx,
		"set video media",
		`UPDATE videos SET duration_ms = $2, width = $3, height = $4, updated_ms = $5 WHERE id = $1`,
		string(id),
		duration.Milliseconds(),
		width,
		height,
		toMS(at),
	)
}

// StartGeneration raises the generation by one and returns it. NotFound.
func (s *Store) StartGeneration(ctx context.Context, id storage.VideoID, at time.Time) (int, error) {
	return one(
		ctx,
		s,
		writing,
		"start generation",
		scanValue[int],
		`UPDATE videos SET generation = generation + 1, updated_ms = $2 WHERE id = $1 RETURNING generation`,
		string(id),
		toMS(at),
	)
}

// PublishGeneration makes that generation's assets the ones that viewers read. One lower than the
// published one changes nothing. NotFound.
func (s *Store) PublishGeneration(ctx context.Context, id storage.VideoID, generation int, at time.Time) error {
	return s.change(ctx, "publish generation",
		`UPDATE videos SET published = CASE WHEN published < $2 THEN $2 ELSE published END,
			updated_ms = CASE WHEN published < $2 THEN $3 ELSE updated_ms END
		WHERE id = $1`, string(id), generation, toMS(at))
}

// conflictIfThere says why a conditional change found no row: Conflict if exists (a query of one
// column) finds one, NotFound if not.
func (s *Store) conflictIfThere(ctx context.Context, op, exists string, args ...any) error {
	if _, err := one(ctx, s, writing, op, scanValue[int], exists, args...); err != nil {
		return err
	}
	return s.none(storage.Conflict, op)
}
