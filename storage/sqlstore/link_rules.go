package sqlstore

import (
	"context"
	"time"

	"meanwhile/storage"
)

// LinksByVideo lists a video's links, oldest first.
func (s *Store) LinksByVideo(ctx context.Context, id storage.VideoID) ([]storage.LinkWithPeople, error) {
	rows, err := all(ctx, s, reading, "list links", scanLinkRow,
		`SELECT `+linkColumns+`, COALESCE(o.opens, 0), COALESCE(p.email_folded, '')
		FROM shares s LEFT JOIN share_opens o ON o.share_id = s.id LEFT JOIN share_people p ON p.share_id = s.id
		WHERE s.video_id = $1 ORDER BY s.created_ms, s.id, p.email_folded`, string(id))
	if err != nil {
		return nil, err
	}
	var list []storage.LinkWithPeople
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

// linkRow is a link with one of its people.
type linkRow struct {
	link  storage.LinkWithPeople
	email string
}

func scanLinkRow(row scanner) (r linkRow, err error) {
	err = row.Scan(append(linkInto(&r.link.Link), &r.link.Opens, &r.email)...)
	return r, err
}

// LinkPeople lists the addresses of a link, sorted.
func (s *Store) LinkPeople(ctx context.Context, id storage.LinkID) ([]string, error) {
	return all(ctx, s, reading, "list people of link", scanValue[string],
		`SELECT email_folded FROM share_people WHERE share_id = $1 ORDER BY email_folded`, string(id))
}

// SetLinkPeople replaces the addresses of a link.
func (s *Store) SetLinkPeople(ctx context.Context, id storage.LinkID, emails []string) error {
	return s.inTx(ctx, func(t *Store) error {
		if _, err := t.exec(
			ctx,
			"clear people of link",
			`DELETE FROM share_people WHERE share_id = $1`,
			string(id),
		); err != nil {
			return err
		}
		for _, email := range emails {
			_, err := t.exec(
				ctx,
				"add person to link",
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

// CountOpen counts one opening of the link's page.
func (s *Store) CountOpen(ctx context.Context, id storage.LinkID) error {
	_, err := s.exec(
		ctx,
		"count open",
		`INSERT INTO share_opens (share_id, opens) VALUES ($1, 1) ON CONFLICT (share_id) DO UPDATE
			SET opens = share_opens.opens + 1`,
		string(id),
	)
	return err
}

// CreateAccessLink adds an access link.
func (s *Store) CreateAccessLink(ctx context.Context, m storage.AccessLink) error {
	_, err := s.exec(
		ctx,
		"create link mail",
		`INSERT INTO share_mails (hash, share_id, email_folded, created_ms, expires_ms, used_ms)
			VALUES ($1, $2, $3, $4, $5, $6)`,
		m.Hash,
		string(m.LinkID),
		m.Email,
		toMS(m.CreatedAt),
		toMS(m.ExpiresAt),
		toNullMS(m.UsedAt),
	)
	return err
}

const accessLinkColumns = `hash, share_id, email_folded, created_ms, expires_ms, used_ms`

func scanAccessLink(row scanner) (m storage.AccessLink, err error) {
	err = row.Scan(
		&m.Hash,
		&m.LinkID,
		&m.Email,
		timeInto{&m.CreatedAt},
		timeInto{&m.ExpiresAt},
		nullTimeInto{&m.UsedAt},
	)
	return m, err
}

// AccessLinkByHash reads a link without using it. NotFound.
func (s *Store) AccessLinkByHash(ctx context.Context, hash string) (storage.AccessLink, error) {
	return one(
		ctx,
		s,
		reading,
		"find link mail",
		scanAccessLink,
		`SELECT `+accessLinkColumns+` FROM share_mails WHERE hash = $1`,
		hash,
	)
}

// UseAccessLink marks the link as used, once. NotFound if absent, used already, or expired at now.
func (s *Store) UseAccessLink(ctx context.Context, hash string, now time.Time) (storage.AccessLink, error) {
	return one(
		ctx,
		s,
		writing,
		"use access link",
		scanAccessLink,
		`UPDATE share_mails SET used_ms = $2 WHERE hash = $1 AND used_ms IS NULL AND expires_ms > $2 RETURNING `+
			accessLinkColumns,
		hash,
		toMS(now),
	)
}
