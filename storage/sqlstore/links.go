package sqlstore

import (
	"context"

	"meanwhile/storage"
)

const linkColumns = `s.id, s.video_id, s.token, s.name, s.audience, s.comments, s.allow_download, s.password_hash,
s.epoch, s.lock_version, s.created_ms,
	s.expires_ms, s.revoked_ms`

func scanLink(row scanner) (sh storage.Link, err error) {
	err = row.Scan(linkInto(&sh)...)
	return sh, err
}

func linkInto(sh *storage.Link) []any {
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

// CreateLink adds a link.
func (s *Store) CreateLink(ctx context.Context, sh storage.Link) error {
	_, err := s.exec(
		ctx,
		"create link",
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

// LinkByToken finds a link, ended or not. NotFound.
func (s *Store) LinkByToken(ctx context.Context, token string) (storage.Link, error) {
	return one(
		ctx,
		s,
		reading,
		"find link by token",
		scanLink,
		`SELECT `+linkColumns+` FROM shares s WHERE s.token = $1`,
		token,
	)
}

// VideoByToken is LinkByToken and VideoByID in one.
func (s *Store) VideoByToken(ctx context.Context, token string) (storage.Video, storage.Link, error) {
	r, err := one(ctx, s, reading, "find video by token", scanShared,
		`SELECT `+videoColumns+`, `+linkColumns+`
		FROM shares s JOIN videos v ON v.id = s.video_id JOIN users o ON o.id = v.owner_id WHERE s.token = $1`, token)
	return r.video, r.link, err
}

type sharedRow struct {
	video storage.Video
	link  storage.Link
}

func scanShared(row scanner) (r sharedRow, err error) {
	err = row.Scan(append(videoInto(&r.video), linkInto(&r.link)...)...)
	return r, err
}

// LinkByID finds a link, ended or not. NotFound.
func (s *Store) LinkByID(ctx context.Context, id storage.LinkID) (storage.Link, error) {
	return one(
		ctx,
		s,
		reading,
		"find link",
		scanLink,
		`SELECT `+linkColumns+` FROM shares s WHERE s.id = $1`,
		string(id),
	)
}

// LinkByVideo is the video's oldest link. NotFound.
func (s *Store) LinkByVideo(ctx context.Context, id storage.VideoID) (storage.Link, error) {
	return one(ctx, s, reading, "find link of video", scanLink,
		`SELECT `+linkColumns+` FROM shares s WHERE s.video_id = $1 ORDER BY s.created_ms, s.id LIMIT 1`, string(id))
}

// UpdateLink writes all that can change and raises Epoch by one. NotFound.
func (s *Store) UpdateLink(ctx context.Context, sh storage.Link) error {
	return s.change(
		ctx,
		"update link",
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
