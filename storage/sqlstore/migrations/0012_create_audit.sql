-- Who changed what people may do. Neither the actor nor the subject is a reference: lines outlive what they tell about.
-- Cost: none, the table is new.
-- +goose Up
CREATE TABLE audit (
    id           TEXT   NOT NULL PRIMARY KEY,
    workspace_id TEXT   NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    at_ms        BIGINT NOT NULL,
    actor_id     TEXT   NOT NULL,
    actor_name   TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    detail       TEXT   NOT NULL,
    address      TEXT   NOT NULL
);

CREATE INDEX audit_by_workspace ON audit (workspace_id, id);
