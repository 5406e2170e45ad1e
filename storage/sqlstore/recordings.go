package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"meanwhile/storage"
)

const recordingColumns = `upload_id, state, started_ms, pauses, camera_offset_ms, heard_ms, recovered, sealed_chunks`

func scanRecording(row scanner) (r storage.Recording, err error) {
	var pauses string
	err = row.Scan(
		&r.UploadID,
		&r.State,
		nullTimeInto{&r.StartedAt},
		&pauses,
		&r.CameraOffsetMS,
		timeInto{&r.HeardAt},
		&r.Recovered,
		&r.SealedChunks,
	)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(pauses), &r.Pauses); err != nil {
		return r, fmt.Errorf("decode pauses: %w", err)
	}
	return r, nil
}

func pausesText(pauses []storage.Pause) (string, error) {
	if pauses == nil {
		pauses = []storage.Pause{}
	}
	text, err := json.Marshal(pauses)
	if err != nil {
		return "", fmt.Errorf("encode pauses: %w", err)
	}
	return string(text), nil
}

// CreateRecording adds what is known of a recording beside its upload.
func (s *Store) CreateRecording(ctx context.Context, r storage.Recording) error {
	pauses, err := pausesText(r.Pauses)
	if err != nil {
		return err
	}
	_, err = s.exec(
		ctx,
		"create recording",
		`INSERT INTO recordings (`+recordingColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(r.UploadID),
		r.State,
		toNullMS(r.StartedAt),
		pauses,
		r.CameraOffsetMS,
		toMS(r.HeardAt),
		r.Recovered,
		r.SealedChunks,
	)
	return err
}

// RecordingByUpload finds a recording. NotFound.
func (s *Store) RecordingByUpload(ctx context.Context, id storage.UploadID) (storage.Recording, error) {
	return one(
		ctx,
		s,
		reading,
		"find recording",
		scanRecording,
		`SELECT `+recordingColumns+` FROM recordings WHERE upload_id = $1`,
		string(id),
	)
}

// HearRecording writes what a recorder reports of itself, and moves the upload's expiry. NotFound.
func (s *Store) HearRecording(ctx context.Context, r storage.Recording, expiresAt time.Time) error {
	pauses, err := pausesText(r.Pauses)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(t *Store) error {
		if err := t.change(
			ctx,
			"hear recording",
			`UPDATE recordings SET state = $2, started_ms = $3, pauses = $4, camera_offset_ms = $5, heard_ms = $6
				WHERE upload_id = $1`,
			string(r.UploadID),
			r.State,
			toNullMS(r.StartedAt),
			pauses,
			r.CameraOffsetMS,
			toMS(r.HeardAt),
		); err != nil {
			return err
		}
		return t.change(
			ctx,
			"hear recording",
			`UPDATE uploads SET expires_ms = $2 WHERE id = $1`,
			string(r.UploadID),
			toMS(expiresAt),
		)
	})
}

const chunkColumns = `track, n, size_bytes, sha256, object_key`

func scanChunk(row scanner) (c storage.Chunk, err error) {
	err = row.Scan(&c.Track, &c.N, &c.SizeBytes, &c.SHA256, &c.Key)
	return c, err
}

// AddChunk stores a chunk's row, or returns the one that exists. Conflict if the upload was given
// up or sealed by its client, NotFound.
func (s *Store) AddChunk(
	ctx context.Context,
	id storage.UploadID,
	c storage.Chunk,
	mediaType string,
	heardAt, expiresAt time.Time,
) (stored storage.Chunk, created bool, err error) {
	const op = "add chunk"
	err = s.inTx(ctx, func(t *Store) error {
		// First, so that two chunks of one upload are added one after the other.
		n, err := t.exec(ctx, op,
			`UPDATE uploads SET expires_ms = $2 WHERE id = $1 AND terminated_ms IS NULL
			AND (sealed_ms IS NULL OR EXISTS (SELECT 1 FROM recordings r WHERE r.upload_id = uploads.id
			AND r.recovered))`,
			string(id),
			toMS(expiresAt))
		if err != nil {
			return err
		}
		if n == 0 {
			if stored, err = t.ChunkByNumber(ctx, id, c.Track, c.N); err == nil {
				created = false
				return nil
			}
			return t.conflictIfThere(ctx, op, `SELECT 1 FROM uploads WHERE id = $1`, string(id))
		}
		n, err = t.exec(
			ctx,
			op,
			`INSERT INTO chunks (upload_id, `+
				chunkColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (upload_id, track, n) DO NOTHING`,
			string(id),
			c.Track,
			c.N,
			c.SizeBytes,
			c.SHA256,
			c.Key,
		)
		if err != nil {
			return err
		}
		if created = n > 0; !created {
			stored, err = t.ChunkByNumber(ctx, id, c.Track, c.N)
			return err
		}
		stored = c
		if _, err := t.exec(
			ctx,
			op,
			`INSERT INTO tracks (upload_id, name, media_type, init_bytes, indexed_bytes, timing, fragments, duration_ms,
				width, height, codecs)
			VALUES ($1, $2, $3, 0, 0, '', 0, 0, 0, 0, '') ON CONFLICT (upload_id, name) DO NOTHING`,
			string(id),
			c.Track,
			mediaType,
		); err != nil {
			return err
		}
		if err := t.place(ctx, id, c); err != nil {
			return err
		}
		return t.change(ctx, op, `UPDATE recordings SET heard_ms = $2 WHERE upload_id = $1`, string(id), toMS(heardAt))
	})
	if err != nil {
		return storage.Chunk{}, false, err
	}
	return stored, created, nil
}

// ChunkByNumber finds a chunk. NotFound.
func (s *Store) ChunkByNumber(
	ctx context.Context,
	id storage.UploadID,
	track string,
	n int,
) (storage.Chunk, error) {
	return one(ctx, s, reading, "find chunk", scanChunk,
		`SELECT `+chunkColumns+` FROM chunks WHERE upload_id = $1 AND track = $2 AND n = $3`, string(id), track, n)
}

// Chunks lists a track's chunks in order.
func (s *Store) Chunks(ctx context.Context, id storage.UploadID, track string) ([]storage.Chunk, error) {
	return all(ctx, s, reading, "list chunks", scanChunk,
		`SELECT `+chunkColumns+` FROM chunks WHERE upload_id = $1 AND track = $2 ORDER BY n`, string(id), track)
}

const trackColumns = `upload_id, name, media_type, init_bytes, indexed_bytes, timing, fragments, duration_ms, width,
height, codecs`

func scanTrack(row scanner) (t storage.Track, err error) {
	err = row.Scan(
		&t.UploadID,
		&t.Name,
		&t.MediaType,
		&t.InitBytes,
		&t.IndexedBytes,
		&t.Timing,
		&t.Fragments,
		&t.DurationMS,
		&t.Width,
		&t.Height,
		&t.Codecs,
	)
	return t, err
}

// Tracks lists the tracks that have a chunk, by name.
func (s *Store) Tracks(ctx context.Context, id storage.UploadID) ([]storage.Track, error) {
	return all(
		ctx,
		s,
		reading,
		"list tracks",
		scanTrack,
		`SELECT `+trackColumns+` FROM tracks WHERE upload_id = $1 ORDER BY name`,
		string(id),
	)
}

// IndexTrack writes what was indexed since from. Conflict if somebody else has already indexed from
// there.
func (s *Store) IndexTrack(ctx context.Context, from int64, tr storage.Track, fragments []storage.Fragment) error {
	const op = "index track"
	return s.inTx(ctx, func(t *Store) error {
		err := t.changeOr(
			ctx,
			storage.Conflict,
			op,
			`UPDATE tracks SET init_bytes = $4, indexed_bytes = $5, timing = $6, fragments = $7, duration_ms = $8,
				width = $9, height = $10, codecs = $11
			WHERE upload_id = $1 AND name = $2 AND indexed_bytes = $3`,
			string(tr.UploadID),
			tr.Name,
			from,
			tr.InitBytes,
			tr.IndexedBytes,
			tr.Timing,
			tr.Fragments,
			tr.DurationMS,
			tr.Width,
			tr.Height,
			tr.Codecs,
		)
		if err != nil {
			return err
		}
		for i, f := range fragments {
			if _, err := t.exec(
				ctx,
				op,
				`INSERT INTO fragments (upload_id, track, n, offset_bytes, size_bytes, start_us, duration_us)
					VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				string(tr.UploadID),
				tr.Name,
				tr.Fragments-len(fragments)+i,
				f.Offset,
				f.SizeBytes,
				f.Start.Microseconds(),
				f.Duration.Microseconds(),
			); err != nil {
				return err
			}
		}
		return nil
	})
}

// Fragments lists a track's fragments in order, without the first from fragments.
func (s *Store) Fragments(
	ctx context.Context,
	id storage.UploadID,
	track string,
	from int,
) ([]storage.Fragment, error) {
	return all(
		ctx,
		s,
		reading,
		"list fragments",
		scanFragment,
		`SELECT offset_bytes, size_bytes, start_us, duration_us FROM fragments WHERE upload_id = $1 AND track = $2
			AND n >= $3 ORDER BY n`,
		string(id),
		track,
		from,
	)
}

func scanFragment(row scanner) (f storage.Fragment, err error) {
	var start, duration int64
	err = row.Scan(&f.Offset, &f.SizeBytes, &start, &duration)
	f.Start, f.Duration = time.Duration(start)*time.Microsecond, time.Duration(duration)*time.Microsecond
	return f, err
}

const soundColumns = `upload_id, track, n, first_fragment, fragments, first_frame, frames, resume_fragment,
resume_samples, object_key, size_bytes`

func scanSound(row scanner) (s storage.SoundPiece, err error) {
	err = row.Scan(
		&s.UploadID,
		&s.Track,
		&s.N,
		&s.FirstFragment,
		&s.Fragments,
		&s.FirstFrame,
		&s.Frames,
		&s.ResumeFragment,
		&s.ResumeSamples,
		&s.Key,
		&s.SizeBytes,
	)
	return s, err
}

// AddSound adds a piece of a track's sound. Conflict if there is one of that number.
func (s *Store) AddSound(ctx context.Context, a storage.SoundPiece) error {
	_, err := s.exec(
		ctx,
		"add sound",
		`INSERT INTO sounds (`+soundColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		string(a.UploadID),
		a.Track,
		a.N,
		a.FirstFragment,
		a.Fragments,
		a.FirstFrame,
		a.Frames,
		a.ResumeFragment,
		a.ResumeSamples,
		a.Key,
		a.SizeBytes,
	)
	return err
}

// Sounds lists the pieces of a track's sound in order, without the first from pieces.
func (s *Store) Sounds(
	ctx context.Context,
	id storage.UploadID,
	track string,
	from int,
) ([]storage.SoundPiece, error) {
	return all(
		ctx,
		s,
		reading,
		"list sounds",
		scanSound,
		`SELECT `+soundColumns+` FROM sounds WHERE upload_id = $1 AND track = $2 AND n >= $3 ORDER BY n`,
		string(id),
		track,
		from,
	)
}

// SealRecording seals the upload, also a second time. Conflict if it was given up, NotFound.
func (s *Store) SealRecording(
	ctx context.Context,
	id storage.UploadID,
	at time.Time,
	chunks int,
	recovered bool,
) error {
	const op = "seal recording"
	return s.inTx(ctx, func(t *Store) error {
		n, err := t.exec(
			ctx,
			op,
			`UPDATE uploads SET sealed_ms = $2 WHERE id = $1 AND terminated_ms IS NULL`,
			string(id),
			toMS(at),
		)
		if err != nil {
			return err
		}
		if n == 0 {
			return t.conflictIfThere(ctx, op, `SELECT 1 FROM uploads WHERE id = $1`, string(id))
		}
		return t.change(
			ctx,
			op,
			`UPDATE recordings SET sealed_chunks = $2, recovered = $3 WHERE upload_id = $1`,
			string(id),
			chunks,
			recovered,
		)
	})
}

// SaveLayout stores where the camera's bubble is shown. It replaces an earlier layout.
func (s *Store) SaveLayout(ctx context.Context, id storage.VideoID, layout storage.Layout) error {
	text, err := json.Marshal(layout)
	if err != nil {
		return fmt.Errorf("encode layout: %w", err)
	}
	_, err = s.exec(
		ctx,
		"save layout",
		`INSERT INTO layouts (video_id, layout) VALUES ($1, $2) ON CONFLICT (video_id) DO UPDATE
			SET layout = excluded.layout`,
		string(id),
		string(text),
	)
	return err
}

// LayoutOf returns the stored layout. NotFound if there is none.
func (s *Store) LayoutOf(ctx context.Context, id storage.VideoID) (storage.Layout, error) {
	text, err := one(
		ctx,
		s,
		reading,
		"find layout",
		scanValue[string],
		`SELECT layout FROM layouts WHERE video_id = $1`,
		string(id),
	)
	if err != nil {
		return storage.Layout{}, err
	}
	var layout storage.Layout
	if err := json.Unmarshal([]byte(text), &layout); err != nil {
		return storage.Layout{}, fmt.Errorf("decode layout: %w", err)
	}
	return layout, nil
}
