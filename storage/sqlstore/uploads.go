package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

const uploadColumns = `id, video_id, token_hash, filename, length_bytes, offset_bytes, holder, writer, created_ms,
expires_ms, sealed_ms, terminated_ms`

func scanUpload(row scanner) (u storage.Upload, err error) {
	err = row.Scan(&u.ID, &u.VideoID, &u.TokenHash, &u.Filename, &u.LengthBytes, &u.OffsetBytes, &u.Holder, &u.Writer,
		timeInto{&u.CreatedAt}, timeInto{&u.ExpiresAt}, nullTimeInto{&u.SealedAt}, nullTimeInto{&u.TerminatedAt})
	return u, err
}

// CreateUpload adds an upload.
func (s *Store) CreateUpload(ctx context.Context, u storage.Upload) error {
	_, err := s.exec(ctx, "create upload",
		`INSERT INTO uploads (`+uploadColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		string(u.ID), string(u.VideoID), u.TokenHash, u.Filename, u.LengthBytes, u.OffsetBytes, u.Holder, u.Writer,
		toMS(u.CreatedAt), toMS(u.ExpiresAt), toNullMS(u.SealedAt), toNullMS(u.TerminatedAt))
	return err
}

// UploadByID finds an upload. NotFound.
func (s *Store) UploadByID(ctx context.Context, id storage.UploadID) (storage.Upload, error) {
	return one(
		ctx,
		s,
		reading,
		"find upload",
		scanUpload,
		`SELECT `+uploadColumns+` FROM uploads WHERE id = $1`,
		string(id),
	)
}

// UploadByVideo finds the newest upload of a video. NotFound.
func (s *Store) UploadByVideo(ctx context.Context, id storage.VideoID) (storage.Upload, error) {
	return one(
		ctx,
		s,
		reading,
		"find upload of video",
		scanUpload,
		`SELECT `+uploadColumns+` FROM uploads WHERE video_id = $1 ORDER BY created_ms DESC, id DESC LIMIT 1`,
		string(id),
	)
}

// TakeUpload raises the holder counter, makes that holder the writer, and returns the row.
// NotFound.
func (s *Store) TakeUpload(ctx context.Context, id storage.UploadID) (storage.Upload, error) {
	return one(
		ctx,
		s,
		writing,
		"take upload",
		scanUpload,
		`UPDATE uploads SET holder = holder + 1, writer = holder + 1 WHERE id = $1 RETURNING `+uploadColumns,
		string(id),
	)
}

// LeaveUpload says that holder has stopped writing. It changes nothing if somebody else has taken
// the upload over.
func (s *Store) LeaveUpload(ctx context.Context, id storage.UploadID, holder int64) error {
	_, err := s.exec(
		ctx,
		"leave upload",
		`UPDATE uploads SET writer = 0 WHERE id = $1 AND writer = $2`,
		string(id),
		holder,
	)
	return err
}

// AppendParts adds parts that begin at the upload's offset and moves the offset on; without parts
// it only checks the holder and moves the expiry. Fenced if holder is no longer the row's; Conflict
// if the first part's offset is not the row's, or the upload is sealed or terminated; Invalid if
// the parts do not follow one another.
func (s *Store) AppendParts(
	ctx context.Context,
	id storage.UploadID,
	holder int64,
	parts []storage.Part,
	expiresAt time.Time,
) error {
	const op = "append parts"
	start, length, err := span(parts)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(t *Store) error {
		n, err := t.exec(ctx, op,
			`UPDATE uploads SET offset_bytes = offset_bytes + $3, expires_ms = $4
			WHERE id = $1 AND holder = $2 AND sealed_ms IS NULL AND terminated_ms IS NULL
			AND (CAST($5 AS BIGINT) < 0 OR offset_bytes = $5)`,
			string(id), holder, length, toMS(expiresAt), start)
		if err != nil {
			return err
		}
		if n == 0 {
			return t.whyNotAppended(ctx, id, holder)
		}
		for _, p := range parts {
			_, err := t.exec(
				ctx,
				op,
				`INSERT INTO parts (upload_id, track, n, offset_bytes, size_bytes, sha256, object_key)
					VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				string(id),
				p.Track,
				p.N,
				p.OffsetBytes,
				p.SizeBytes,
				p.SHA256,
				p.Key,
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// span returns where parts begin, -1 without any, and how many bytes they have.
func span(parts []storage.Part) (startBytes, lengthBytes int64, err error) {
	if len(parts) == 0 {
		return -1, 0, nil
	}
	startBytes = parts[0].OffsetBytes
	for _, p := range parts {
		if p.SizeBytes <= 0 || p.OffsetBytes != startBytes+lengthBytes {
			return 0, 0, storage.E(storage.Invalid, "The parts of an upload follow one another without a gap.", nil)
		}
		lengthBytes += p.SizeBytes
	}
	return startBytes, lengthBytes, nil
}

func (s *Store) whyNotAppended(ctx context.Context, id storage.UploadID, holder int64) error {
	const op = "append parts"
	u, err := one(ctx, s, writing, op, scanUpload, `SELECT `+uploadColumns+` FROM uploads WHERE id = $1`, string(id))
	if err != nil {
		return err
	}
	if u.Holder != holder {
		return reword(s.none(storage.Fenced, op), storage.Fenced, "A newer request has taken this upload over.")
	}
	if u.SealedAt != nil || u.TerminatedAt != nil {
		return reword(s.none(storage.Conflict, op), storage.Conflict, "This upload has ended.")
	}
	return reword(s.none(storage.Conflict, op), storage.Conflict, "The upload continues at another offset.")
}

// SetUploadLength fixes a deferred length. Conflict if another one is set, NotFound.
func (s *Store) SetUploadLength(ctx context.Context, id storage.UploadID, lengthBytes int64) error {
	const op = "set upload length"
	n, err := s.exec(
		ctx,
		op,
		`UPDATE uploads SET length_bytes = $2 WHERE id = $1 AND (length_bytes = -1 OR length_bytes = $2)`,
		string(id),
		lengthBytes,
	)
	if err != nil || n > 0 {
		return err
	}
	return s.conflictIfThere(ctx, op, `SELECT 1 FROM uploads WHERE id = $1`, string(id))
}

// SealUpload marks the upload as complete. Conflict if it is sealed or terminated, NotFound.
func (s *Store) SealUpload(ctx context.Context, id storage.UploadID, at time.Time) error {
	const op = "seal upload"
	n, err := s.exec(
		ctx,
		op,
		`UPDATE uploads SET sealed_ms = $2 WHERE id = $1 AND sealed_ms IS NULL AND terminated_ms IS NULL`,
		string(id),
		toMS(at),
	)
	if err != nil || n > 0 {
		return err
	}
	return s.conflictIfThere(ctx, op, `SELECT 1 FROM uploads WHERE id = $1`, string(id))
}

// Parts lists the parts of a track in order.
func (s *Store) Parts(ctx context.Context, id storage.UploadID, track string) ([]storage.Part, error) {
	return all(
		ctx,
		s,
		reading,
		"list parts",
		scanPart,
		`SELECT track, n, offset_bytes, size_bytes, sha256, object_key FROM parts WHERE upload_id = $1 AND track = $2
			ORDER BY n`,
		string(id),
		track,
	)
}

func scanPart(row scanner) (p storage.Part, err error) {
	err = row.Scan(&p.Track, &p.N, &p.OffsetBytes, &p.SizeBytes, &p.SHA256, &p.Key)
	return p, err
}
