-- Who may join a workspace and how, which of several workspaces a session or a key works in, and what people say of themselves.
-- Cost: columns with constant defaults, which rewrite nothing in SQLite nor in PostgreSQL, and one pass over api_keys. The table is new.
-- +goose Up

-- An empty workspace_id of a session or a key, as the release before this one writes it, stands for the oldest membership.
ALTER TABLE sessions ADD COLUMN workspace_id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN workspace_id TEXT NOT NULL DEFAULT '';
UPDATE api_keys SET workspace_id = COALESCE((SELECT m.workspace_id FROM memberships m WHERE m.user_id = api_keys.user_id
    ORDER BY m.created_ms, m.workspace_id LIMIT 1), '');

ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN picture_key TEXT NOT NULL DEFAULT '';

-- domains and embed_hosts are lists with a space between.
ALTER TABLE workspaces ADD COLUMN sign_up TEXT NOT NULL DEFAULT 'invited' CHECK (sign_up IN ('closed', 'invited', 'domains'));
ALTER TABLE workspaces ADD COLUMN domains TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN embed_hosts TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN default_audience TEXT NOT NULL DEFAULT 'link' CHECK (default_audience IN ('link', 'members'));
ALTER TABLE workspaces ADD COLUMN default_comments TEXT NOT NULL DEFAULT 'on' CHECK (default_comments IN ('on', 'off', 'held'));
ALTER TABLE workspaces ADD COLUMN default_download BOOLEAN NOT NULL DEFAULT TRUE;

-- hash is NULL while somebody asks to join and nobody has made a link of it. created_by is empty for such a request.
CREATE TABLE invites (
    id           TEXT   NOT NULL PRIMARY KEY,
    workspace_id TEXT   NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    hash         TEXT   UNIQUE,
    email        TEXT   NOT NULL,
    email_folded TEXT   NOT NULL,
    role         TEXT   NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_by   TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    expires_ms   BIGINT NOT NULL,
    used_ms      BIGINT,
    used_by      TEXT   NOT NULL DEFAULT ''
);

CREATE INDEX invites_by_workspace ON invites (workspace_id, created_ms, id);
