package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"meanwhile/storage"
)

const assetColumns = `id, video_id, generation, kind, name, object_key, media_type, everywhere, width, height,
size_bytes, sha256, duration_ms, bandwidth_bps, created_ms, damaged_ms`

func scanAsset(row scanner) (a storage.Asset, err error) {
	err = row.Scan(
		&a.ID,
		&a.VideoID,
		&a.Generation,
		&a.Kind,
		&a.Name,
		&a.Key,
		&a.MediaType,
		&a.Everywhere,
		&a.Width,
		&a.Height,
		&a.SizeBytes,
		&a.SHA256,
		durationInto{&a.Duration},
		&a.BandwidthBPS,
		timeInto{&a.CreatedAt},
		nullTimeInto{&a.DamagedAt},
	)
	return a, err
}

// CreateAsset adds a derived object's row. Conflict if the video's generation has one of that name.
func (s *Store) CreateAsset(ctx context.Context, a storage.Asset) error {
	_, err := s.exec(
		ctx,
		"create asset",
		`INSERT INTO assets (`+assetColumns+
			`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		string(a.ID),
		string(a.VideoID),
		a.Generation,
		string(a.Kind),
		a.Name,
		a.Key,
		a.MediaType,
		a.Everywhere,
		a.Width,
		a.Height,
		a.SizeBytes,
		a.SHA256,
		a.Duration.Milliseconds(),
		a.BandwidthBPS,
		toMS(a.CreatedAt),
		toNullMS(a.DamagedAt),
	)
	return err
}

// MarkAsset stores when an asset's object was found damaged; nil: it is whole after all. It returns
// false if that changes nothing.
func (s *Store) MarkAsset(ctx context.Context, id storage.AssetID, damagedAt *time.Time) (bool, error) {
	text := `UPDATE assets SET damaged_ms = $2 WHERE id = $1 AND damaged_ms IS NULL`
	if damagedAt == nil {
		text = `UPDATE assets SET damaged_ms = $2 WHERE id = $1 AND damaged_ms IS NOT NULL`
	}
	n, err := s.exec(ctx, "mark asset", text, string(id), toNullMS(damagedAt))
	return n > 0, err
}

// AssetsByVideo lists a generation's assets, oldest first.
func (s *Store) AssetsByVideo(ctx context.Context, id storage.VideoID, generation int) ([]storage.Asset, error) {
	return all(
		ctx,
		s,
		reading,
		"list assets",
		scanAsset,
		`SELECT `+assetColumns+` FROM assets WHERE video_id = $1 AND generation = $2 ORDER BY created_ms, id`,
		string(id),
		generation,
	)
}

// AssetByName finds an asset of a generation. NotFound.
func (s *Store) AssetByName(
	ctx context.Context,
	id storage.VideoID,
	generation int,
	name string,
) (storage.Asset, error) {
	return one(
		ctx,
		s,
		reading,
		"find asset",
		scanAsset,
		`SELECT `+assetColumns+` FROM assets WHERE video_id = $1 AND generation = $2 AND name = $3`,
		string(id),
		generation,
		name,
	)
}

// SaveProbe stores the probe of a generation. It replaces an earlier one. NotFound for an unknown
// video.
func (s *Store) SaveProbe(ctx context.Context, id storage.VideoID, generation int, p storage.Probe) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode probe: %w", err)
	}
	_, err = s.exec(ctx, "save probe",
		`INSERT INTO probes (video_id, generation, probe) VALUES ($1, $2, $3)
		ON CONFLICT (video_id, generation) DO UPDATE SET probe = excluded.probe`, string(id), generation, string(text))
	return err
}

// ProbeOf returns the probe of a generation. NotFound.
func (s *Store) ProbeOf(ctx context.Context, id storage.VideoID, generation int) (storage.Probe, error) {
	text, err := one(ctx, s, reading, "find probe", scanValue[string],
		`SELECT probe FROM probes WHERE video_id = $1 AND generation = $2`, string(id), generation)
	if err != nil {
		return storage.Probe{}, err
	}
	var p storage.Probe
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return storage.Probe{}, fmt.Errorf("decode probe: %w", err)
	}
	return p, nil
}
