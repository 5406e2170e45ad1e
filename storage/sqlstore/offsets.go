package sqlstore

import (
	"context"

	"meanwhile/storage"
)

// frontier is the position of a track's first gap.
type frontier struct {
	next int
	end  int64
}

func scanFrontier(row scanner) (f frontier, err error) {
	err = row.Scan(&f.next, &f.end)
	return f, err
}

func (s *Store) frontier(ctx context.Context, id storage.UploadID, track string) (frontier, error) {
	list, err := all(ctx, s, reading, "find end of track", scanFrontier,
		`SELECT o.n + 1, o.offset_bytes + c.size_bytes FROM chunk_offsets o
		JOIN chunks c ON c.upload_id = o.upload_id AND c.track = o.track AND c.n = o.n
		WHERE o.upload_id = $1 AND o.track = $2 ORDER BY o.n DESC LIMIT 1`, string(id), track)
	if err != nil || len(list) == 0 {
		return frontier{}, err
	}
	return list[0], nil
}

// TrackEnd returns how many chunks of a track are there without a gap, and how many bytes they
// have.
func (s *Store) TrackEnd(
	ctx context.Context,
	id storage.UploadID,
	track string,
) (chunks int, bytes int64, err error) {
	f, err := s.frontier(ctx, id, track)
	return f.next, f.end, err
}

// place sets the offsets of the chunks from the gap that c filled to the next gap. It belongs in
// the transaction that added c.
func (s *Store) place(ctx context.Context, id storage.UploadID, c storage.Chunk) error {
	const op = "place chunk"
	f, err := s.frontier(ctx, id, c.Track)
	if err != nil || c.N < f.next {
		return err
	}
	if c.N > f.next {
		// After a gap, unless a program of the last version, which does not write offsets, has
		// filled it.
		_, err := s.ChunkByNumber(ctx, id, c.Track, f.next)
		if storage.KindOf(err) == storage.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	_, err = s.exec(ctx, op,
		`INSERT INTO chunk_offsets (upload_id, track, n, offset_bytes)
		SELECT c.upload_id, c.track, c.n, CAST($4 AS BIGINT) + c.total - c.size_bytes
		FROM (SELECT upload_id, track, n, size_bytes, SUM(size_bytes) OVER (ORDER BY n) AS total,
		ROW_NUMBER() OVER (ORDER BY n) - 1 AS place
			FROM chunks WHERE upload_id = $1 AND track = $2 AND n >= $3) c
		WHERE c.n = CAST($3 AS BIGINT) + c.place`, string(id), c.Track, f.next, f.end)
	return err
}

// ChunksAt lists at most limit contiguous chunks, from the one that holds the byte at offset.
func (s *Store) ChunksAt(
	ctx context.Context,
	id storage.UploadID,
	track string,
	offset int64,
	limit int,
) ([]storage.Part, error) {
	return all(ctx, s, reading, "list chunks from an offset", scanPart,
		`SELECT o.track, o.n, o.offset_bytes, c.size_bytes, c.sha256, c.object_key FROM chunk_offsets o
		JOIN chunks c ON c.upload_id = o.upload_id AND c.track = o.track AND c.n = o.n
		WHERE o.upload_id = $1 AND o.track = $2 AND o.offset_bytes >=
			(SELECT MAX(f.offset_bytes) FROM chunk_offsets f WHERE f.upload_id = $1 AND f.track = $2
			AND f.offset_bytes <= $3)
			AND o.offset_bytes + c.size_bytes > $3
		ORDER BY o.offset_bytes LIMIT $4`, string(id), track, offset, limit)
}
