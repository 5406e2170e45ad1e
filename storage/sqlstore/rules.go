package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

// SharesByVideo lists a video's links, oldest first.
func (s *Store) SharesByVideo(ctx context.Context, id storage.VideoID) ([]storage.SharedLink, error) {
	rows, err := all(ctx, s, reading, "list shares", scanLink,
		`SELECT `+shareColumns+`, COALESCE(o.opens, 0), COALESCE(p.email_folded, '')
		FROM shares s LEFT JOIN share_opens o ON o.share_id = s.id LEFT JOIN share_people p ON p.share_id = s.id
		WHERE s.video_id = $1 ORDER BY s.created_ms, s.id, p.email_folded`, string(id))
	if err != nil {
		return nil, err
	}
	var list []storage.SharedLink
	for _, row := range rows {
		if len(list) == 0 || list[len(list)-1].ID != row.link.ID {
			list = append(list, row.link)
		}
		if row.email != "" {
			last := &list[len(list)-1]
			last.People = append(last.People, row.email)
		}
	}
	return list, nil
}

// linkRow is a link beside one of its people.
type linkRow struct {
	link  storage.SharedLink
	email string
}

func scanLink(row scanner) (r linkRow, err error) {
	err = row.Scan(append(shareInto(&r.link.Share), &r.link.Opens, &r.email)...)
	return r, err
}

// SharePeople lists the addresses of a link, sorted.
func (s *Store) SharePeople(ctx context.Context, id storage.ShareID) ([]string, error) {
	return all(ctx, s, reading, "list people of share", scanValue[string],
		`SELECT email_folded FROM share_people WHERE share_id = $1 ORDER BY email_folded`, string(id))
}

// SetSharePeople replaces the addresses of a link.
func (s *Store) SetSharePeople(ctx context.Context, id storage.ShareID, emails []string) error {
	return s.inTx(ctx, func(t *Store) error {
		if _, err := t.exec(
			ctx,
			"clear people of share",
			`DELETE FROM share_people WHERE share_id = $1`,
			string(id),
		); err != nil {
			return err
		}
		for _, email := range emails {
			_, err := t.exec(
				ctx,
				"add person to share",
				`INSERT INTO share_people (share_id, email_folded) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
				string(id),
				email,
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// CountOpen counts that somebody opened the link's page.
func (s *Store) CountOpen(ctx context.Context, id storage.ShareID) error {
	_, err := s.exec(
		ctx,
		"count open",
		`INSERT INTO share_opens (share_id, opens) VALUES ($1, 1) ON CONFLICT (share_id) DO UPDATE
			SET opens = share_opens.opens + 1`,
		string(id),
	)
	return err
}

// CreateShareMail adds a link that proves an address.
func (s *Store) CreateShareMail(ctx context.Context, m storage.ShareMail) error {
	_, err := s.exec(
		ctx,
		"create share mail",
		`INSERT INTO share_mails (hash, share_id, email_folded, created_ms, expires_ms, used_ms)
			VALUES ($1, $2, $3, $4, $5, $6)`,
		m.Hash,
		string(m.ShareID),
		m.Email,
		toMS(m.CreatedAt),
		toMS(m.ExpiresAt),
		toNullMS(m.UsedAt),
	)
	return err
}

const shareMailColumns = `hash, share_id, email_folded, created_ms, expires_ms, used_ms`

func scanShareMail(row scanner) (m storage.ShareMail, err error) {
	err = row.Scan(
		&m.Hash,
		&m.ShareID,
		&m.Email,
		timeInto{&m.CreatedAt},
		timeInto{&m.ExpiresAt},
		nullTimeInto{&m.UsedAt},
	)
	return m, err
}

// ShareMailByHash reads a link without using it. NotFound.
func (s *Store) ShareMailByHash(ctx context.Context, hash string) (storage.ShareMail, error) {
	return one(
		ctx,
		s,
		reading,
		"find share mail",
		scanShareMail,
		`SELECT `+shareMailColumns+` FROM share_mails WHERE hash = $1`,
		hash,
	)
}

// UseShareMail marks the link as used, once. NotFound if absent, used already, or expired at now.
func (s *Store) UseShareMail(ctx context.Context, hash string, now time.Time) (storage.ShareMail, error) {
	return one(
		ctx,
		s,
		writing,
		"use share mail",
		scanShareMail,
		`UPDATE share_mails SET used_ms = $2 WHERE hash = $1 AND used_ms IS NULL AND expires_ms > $2 RETURNING `+
			shareMailColumns,
		hash,
		toMS(now),
	)
}
