package sqlstore

import (
	"context"

	"meanwhile/storage"
)

const shareColumns = `s.id, s.video_id, s.token, s.name, s.audience, s.comments, s.allow_download, s.password_hash,
s.epoch, s.lock_version, s.created_ms,
	s.expires_ms, s.revoked_ms`

func scanShare(row scanner) (sh storage.Share, err error) {
	err = row.Scan(shareInto(&sh)...)
	return sh, err
}

func shareInto(sh *storage.Share) []any {
	return []any{
		&sh.ID,
		&sh.VideoID,
		&sh.Token,
		&sh.Name,
		&sh.Audience,
		&sh.Comments,
		&sh.AllowDownload,
		&sh.PasswordHash,
		&sh.Epoch,
		&sh.Lock,
		timeInto{&sh.CreatedAt},
		nullTimeInto{&sh.ExpiresAt},
		nullTimeInto{&sh.RevokedAt},
	}
}

// CreateShare adds a share.
func (s *Store) CreateShare(ctx context.Context, sh storage.Share) error {
	_, err := s.exec(
		ctx,
		"create share",
		`INSERT INTO shares (id, video_id, token, name, audience, comments, allow_download, password_hash, epoch,
			lock_version, created_ms, expires_ms, revoked_ms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		string(sh.ID),
		string(sh.VideoID),
		sh.Token,
		sh.Name,
		string(sh.Audience),
		string(sh.Comments),
		sh.AllowDownload,
		sh.PasswordHash,
		sh.Epoch,
		sh.Lock,
		toMS(sh.CreatedAt),
		toNullMS(sh.ExpiresAt),
		toNullMS(sh.RevokedAt),
	)
	return err
}

// ShareByToken finds a share, ended or not. NotFound.
func (s *Store) ShareByToken(ctx context.Context, token string) (storage.Share, error) {
	return one(
		ctx,
		s,
		reading,
		"find share by token",
		scanShare,
		`SELECT `+shareColumns+` FROM shares s WHERE s.token = $1`,
		token,
	)
}

// VideoByToken is ShareByToken and VideoByID in one.
func (s *Store) VideoByToken(ctx context.Context, token string) (storage.Video, storage.Share, error) {
	r, err := one(ctx, s, reading, "find video by token", scanShared,
		`SELECT `+videoColumns+`, `+shareColumns+`
		FROM shares s JOIN videos v ON v.id = s.video_id JOIN users o ON o.id = v.owner_id WHERE s.token = $1`, token)
	return r.video, r.share, err
}

type sharedRow struct {
	video storage.Video
	share storage.Share
}

func scanShared(row scanner) (r sharedRow, err error) {
	err = row.Scan(append(videoInto(&r.video), shareInto(&r.share)...)...)
	return r, err
}

// ShareByID finds a share, ended or not. NotFound.
func (s *Store) ShareByID(ctx context.Context, id storage.ShareID) (storage.Share, error) {
	return one(
		ctx,
		s,
		reading,
		"find share",
		scanShare,
		`SELECT `+shareColumns+` FROM shares s WHERE s.id = $1`,
		string(id),
	)
}

// ShareByVideo is the video's oldest share. NotFound.
func (s *Store) ShareByVideo(ctx context.Context, id storage.VideoID) (storage.Share, error) {
	return one(ctx, s, reading, "find share of video", scanShare,
		`SELECT `+shareColumns+` FROM shares s WHERE s.video_id = $1 ORDER BY s.created_ms, s.id LIMIT 1`, string(id))
}

// UpdateShare writes all that can be changed and raises Epoch by one. NotFound.
func (s *Store) UpdateShare(ctx context.Context, sh storage.Share) error {
	return s.change(
		ctx,
		"update share",
		`UPDATE shares SET name = $2, audience = $3, comments = $4, allow_download = $5, password_hash = $6,
			lock_version = $7, expires_ms = $8,
			revoked_ms = $9, epoch = epoch + 1 WHERE id = $1`,
		string(sh.ID),
		sh.Name,
		string(sh.Audience),
		string(sh.Comments),
		sh.AllowDownload,
		sh.PasswordHash,
		sh.Lock,
		toNullMS(sh.ExpiresAt),
		toNullMS(sh.RevokedAt),
	)
}
