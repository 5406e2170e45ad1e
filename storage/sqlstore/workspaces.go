package sqlstore

import (
	"context"
	"database/sql"
	"strings"

	"meanwhile/storage"
)

type workspaceRow struct {
	workspace storage.Workspace
	settings  storage.Settings
}

// wordsInto reads a space-separated list.
type wordsInto struct{ words *[]string }

// Scan reads the list.
func (into wordsInto) Scan(v any) error {
	var list sql.NullString
	err := list.Scan(v)
	*into.words = strings.Fields(list.String)
	return err
}

func scanWorkspaceRow(row scanner) (r workspaceRow, err error) {
	err = row.Scan(
		&r.workspace.ID,
		&r.workspace.Name,
		timeInto{&r.workspace.CreatedAt},
		&r.settings.SignUp,
		wordsInto{&r.settings.Domains},
		wordsInto{
			&r.settings.EmbedHosts,
		},
		&r.settings.KeepDays,
		&r.settings.DefaultAudience,
		&r.settings.DefaultComments,
		&r.settings.DefaultDownload,
	)
	return r, err
}

// WorkspaceByID finds a workspace and its settings. NotFound.
func (s *Store) WorkspaceByID(
	ctx context.Context,
	id storage.WorkspaceID,
) (storage.Workspace, storage.Settings, error) {
	r, err := one(
		ctx,
		s,
		reading,
		"find workspace",
		scanWorkspaceRow,
		`SELECT id, name, created_ms, sign_up, domains, embed_hosts, keep_days, default_audience, default_comments,
			default_download
		FROM workspaces WHERE id = $1`,
		string(id),
	)
	return r.workspace, r.settings, err
}

// SaveWorkspace writes name and settings. NotFound.
func (s *Store) SaveWorkspace(
	ctx context.Context,
	id storage.WorkspaceID,
	name string,
	set storage.Settings,
) error {
	return s.change(
		ctx,
		"save workspace",
		`UPDATE workspaces SET name = $2, sign_up = $3, domains = $4, embed_hosts = $5, keep_days = $6,
		default_audience = $7, default_comments = $8, default_download = $9 WHERE id = $1`,
		string(id),
		name,
		string(set.SignUp),
		strings.Join(set.Domains, " "),
		strings.Join(set.EmbedHosts, " "),
		set.KeepDays,
		set.DefaultAudience,
		set.DefaultComments,
		set.DefaultDownload,
	)
}

func scanDomainSignUp(row scanner) (d storage.DomainSignUp, err error) {
	err = row.Scan(&d.Workspace.ID, &d.Workspace.Name, timeInto{&d.Workspace.CreatedAt}, wordsInto{&d.Domains})
	return d, err
}

// WorkspacesForDomains lists the workspaces that people of some domains may join by themselves,
// oldest first.
func (s *Store) WorkspacesForDomains(ctx context.Context) ([]storage.DomainSignUp, error) {
	return all(
		ctx,
		s,
		reading,
		"list workspaces for domains",
		scanDomainSignUp,
		`SELECT id, name, created_ms, domains FROM workspaces WHERE sign_up = 'domains' AND domains <> ''
			ORDER BY created_ms, id`,
	)
}
