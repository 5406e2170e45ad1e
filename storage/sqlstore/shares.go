package sqlstore

import (
	"context"

	"meanwhile"
)

const shareColumns = `id, video_id, token, allow_download, epoch, created_ms, expires_ms, revoked_ms`

func scanShare(row scanner) (sh meanwhile.Share, err error) {
	err = row.Scan(shareInto(&sh)...)
	return sh, err
}

func shareInto(sh *meanwhile.Share) []any {
	return []any{&sh.ID, &sh.VideoID, &sh.Token, &sh.AllowDownload, &sh.Epoch,
		timeInto{&sh.CreatedAt}, nullTimeInto{&sh.ExpiresAt}, nullTimeInto{&sh.RevokedAt}}
}

// CreateShare adds a share.
func (s *Store) CreateShare(ctx context.Context, sh meanwhile.Share) error {
	_, err := s.exec(ctx, "create share", `INSERT INTO shares (`+shareColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(sh.ID), string(sh.VideoID), sh.Token, sh.AllowDownload, sh.Epoch, toMS(sh.CreatedAt), toNullMS(sh.ExpiresAt), toNullMS(sh.RevokedAt))
	return err
}

// ShareByToken finds a share, ended or not. NotFound.
func (s *Store) ShareByToken(ctx context.Context, token string) (meanwhile.Share, error) {
	return one(ctx, s, reading, "find share by token", scanShare, `SELECT `+shareColumns+` FROM shares WHERE token = $1`, token)
}

// VideoByToken is ShareByToken and VideoByID in one.
func (s *Store) VideoByToken(ctx context.Context, token string) (meanwhile.Video, meanwhile.Share, error) {
	r, err := one(ctx, s, reading, "find video by token", scanShared,
		`SELECT `+videoColumns+`, s.id, s.video_id, s.token, s.allow_download, s.epoch, s.created_ms, s.expires_ms, s.revoked_ms
		FROM shares s JOIN videos v ON v.id = s.video_id JOIN users o ON o.id = v.owner_id WHERE s.token = $1`, token)
	return r.video, r.share, err
}

type sharedRow struct {
	video meanwhile.Video
	share meanwhile.Share
}

func scanShared(row scanner) (r sharedRow, err error) {
	err = row.Scan(append(videoInto(&r.video), shareInto(&r.share)...)...)
	return r, err
}

// ShareByID finds a share, ended or not. NotFound.
func (s *Store) ShareByID(ctx context.Context, id meanwhile.ShareID) (meanwhile.Share, error) {
	return one(ctx, s, reading, "find share", scanShare, `SELECT `+shareColumns+` FROM shares WHERE id = $1`, string(id))
}

// ShareByVideo is the video's oldest share. NotFound.
func (s *Store) ShareByVideo(ctx context.Context, id meanwhile.VideoID) (meanwhile.Share, error) {
	return one(ctx, s, reading, "find share of video", scanShare,
		`SELECT `+shareColumns+` FROM shares WHERE video_id = $1 ORDER BY created_ms, id LIMIT 1`, string(id))
}

// UpdateShare writes AllowDownload, ExpiresAt and RevokedAt and raises Epoch by one. NotFound.
func (s *Store) UpdateShare(ctx context.Context, sh meanwhile.Share) error {
	return s.change(ctx, "update share",
		`UPDATE shares SET allow_download = $2, expires_ms = $3, revoked_ms = $4, epoch = epoch + 1 WHERE id = $1`,
		string(sh.ID), sh.AllowDownload, toNullMS(sh.ExpiresAt), toNullMS(sh.RevokedAt))
}
