-- What is true of the whole site. The workspace that set-up made runs it: that it is the oldest one could be wrong after
-- a clock was. oldest_schema is the oldest schema that a program must know to serve this database. A migration that adds
-- a restriction raises it to its own number: a program that does not know the restriction would ignore it.
-- And who became a member of that workspace by themselves while sign-up was open to everybody, until its owner has
-- seen it.
-- Cost: reads the audit log once.
-- +goose Up
CREATE TABLE site (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    workspace_id  TEXT    REFERENCES workspaces (id) ON DELETE SET NULL,
    oldest_schema INTEGER NOT NULL,
    -- the address of a proxy that all visitors come through and that nobody said to trust
    untrusted_proxy TEXT NOT NULL DEFAULT ''
);

INSERT INTO site (id, workspace_id, oldest_schema)
VALUES (1, (SELECT w.id FROM workspaces w ORDER BY w.created_ms, w.id LIMIT 1), 19);

CREATE TABLE open_sign_ups (
    user_id      TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    PRIMARY KEY (user_id, workspace_id),
    FOREIGN KEY (user_id, workspace_id) REFERENCES memberships (user_id, workspace_id) ON DELETE CASCADE
);

INSERT INTO open_sign_ups (user_id, workspace_id)
SELECT DISTINCT m.user_id, m.workspace_id FROM memberships m
JOIN audit a ON a.workspace_id = m.workspace_id AND a.actor_id = m.user_id
WHERE a.action = 'log-in' AND a.detail = 'sign-up' AND m.role = 'member';
