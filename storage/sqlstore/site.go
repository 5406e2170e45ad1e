package sqlstore

import (
	"context"
	"fmt"

	"meanwhile/storage"
)

// SiteWorkspace is the workspace that set-up made. NotFound before set-up; a transaction that gets
// this error runs alone until it ends, as with CountUsers.
func (s *Store) SiteWorkspace(ctx context.Context) (storage.Workspace, error) {
	find := func() (storage.Workspace, error) {
		return one(ctx, s, reading, "find the site's workspace", scanWorkspace,
			`SELECT w.id, w.name, w.created_ms FROM site s JOIN workspaces w ON w.id = s.workspace_id`)
	}
	w, err := find()
	if storage.KindOf(err) != storage.NotFound || s.tx == nil {
		return w, err
	}
	if err := s.lockSetup(ctx); err != nil {
		return storage.Workspace{}, err
	}
	return find()
}

// MakeSiteWorkspace makes a workspace the one that runs the site.
func (s *Store) MakeSiteWorkspace(ctx context.Context, id storage.WorkspaceID) error {
	return s.change(ctx, "make the site's workspace", `UPDATE site SET workspace_id = $1`, string(id))
}

// SetUntrustedProxy stores the address of a proxy that all visitors come through and that nobody
// said to trust; empty if there is none (any more).
func (s *Store) SetUntrustedProxy(ctx context.Context, address string) error {
	return s.change(ctx, "set untrusted proxy", `UPDATE site SET untrusted_proxy = $1`, address)
}

// UntrustedProxy returns what SetUntrustedProxy stored last.
func (s *Store) UntrustedProxy(ctx context.Context) (string, error) {
	return one(ctx, s, reading, "read untrusted proxy", scanValue[string], `SELECT untrusted_proxy FROM site`)
}

// SeeOpenSignUps forgets who became a member of the workspace by open sign-up. They stay.
func (s *Store) SeeOpenSignUps(ctx context.Context, id storage.WorkspaceID) error {
	_, err := s.exec(ctx, "see open sign-ups", `DELETE FROM open_sign_ups WHERE workspace_id = $1`, string(id))
	return err
}

// MayServe returns nil while this program knows every restriction of the schema. Conflict if a
// newer program has added one.
func (s *Store) MayServe(ctx context.Context) error {
	oldest, err := one(ctx, s, reading, "read the oldest schema", scanValue[int64], `SELECT oldest_schema FROM site`)
	if err != nil {
		return err
	}
	known, err := newest()
	if err != nil || oldest <= known {
		return err
	}
	return storage.E(
		storage.Conflict,
		fmt.Sprintf(
			"A newer Meanwhile has brought this database to schema %d, with rules that this program does not know (it "+
				"knows %d). Start the newer program.",
			oldest,
			known,
		),
		nil,
	)
}
