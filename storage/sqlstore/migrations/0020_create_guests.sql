-- A guest is a browser, not an address: an office is many people. Each workspace knows it under another key, made from
-- a token that only the browser has. A block of a guest stays; one of an address ends. Comments from before keep the key
-- of their address.
-- Cost: none, the table is new.
-- +goose Up
CREATE TABLE guests (
    workspace_id TEXT   NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    guest_key    TEXT   NOT NULL,
    address_key  TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    seen_ms      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, guest_key)
);

ALTER TABLE guest_blocks ADD COLUMN ends_ms BIGINT;

-- An older program counts every guest by their address, and would let a blocked one in.
UPDATE site SET oldest_schema = 20;
