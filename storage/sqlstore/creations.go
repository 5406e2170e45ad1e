package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

// NameCreation stores the name that an account gave the request that made a video, and deletes what
// is older than forget. Conflict if that name is taken.
func (s *Store) NameCreation(ctx context.Context, c storage.Creation, forget time.Time) error {
	const op = "name creation"
	return s.inTx(ctx, func(t *Store) error {
		if _, err := t.exec(ctx, op, `DELETE FROM creations WHERE created_ms < $1`, toMS(forget)); err != nil {
			return err
		}
		_, err := t.exec(
			ctx,
			op,
			`INSERT INTO creations (user_id, key_hash, video_id, created_ms) VALUES ($1, $2, $3, $4)`,
			string(c.UserID),
			c.KeyHash,
			string(c.VideoID),
			toMS(c.CreatedAt),
		)
		return err
	})
}

// CreationByKey finds the video that a request with that name made since then. NotFound.
func (s *Store) CreationByKey(
	ctx context.Context,
	id storage.UserID,
	keyHash string,
	since time.Time,
) (storage.VideoID, error) {
	return one(
		ctx,
		s,
		reading,
		"find creation",
		scanValue[storage.VideoID],
		`SELECT video_id FROM creations WHERE user_id = $1 AND key_hash = $2 AND created_ms >= $3`,
		string(id),
		keyHash,
		toMS(since),
	)
}
