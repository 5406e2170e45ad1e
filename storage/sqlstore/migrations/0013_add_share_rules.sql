-- Who may come in by a share link and what they may do there; comments that wait for approval; guests who are kept out.
-- Cost: columns with constant defaults, which neither engine writes into old rows. The new index holds waiting comments only.
-- +goose Up
ALTER TABLE shares ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE shares ADD COLUMN audience TEXT NOT NULL DEFAULT '' CHECK (audience IN ('', 'password', 'members', 'named'));
ALTER TABLE shares ADD COLUMN comments TEXT NOT NULL DEFAULT '' CHECK (comments IN ('', 'off', 'held'));
ALTER TABLE shares ADD COLUMN password_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE shares ADD COLUMN lock_version BIGINT NOT NULL DEFAULT 0;

CREATE TABLE share_people (
    share_id     TEXT NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
    email_folded TEXT NOT NULL,
    PRIMARY KEY (share_id, email_folded)
);

CREATE TABLE share_opens (
    share_id TEXT   NOT NULL PRIMARY KEY REFERENCES shares (id) ON DELETE CASCADE,
    opens    BIGINT NOT NULL CHECK (opens >= 0)
);

CREATE TABLE share_mails (
    hash         TEXT   NOT NULL PRIMARY KEY,
    share_id     TEXT   NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
    email_folded TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    expires_ms   BIGINT NOT NULL,
    used_ms      BIGINT
);

CREATE INDEX share_mails_by_share ON share_mails (share_id);

-- guest_key tells one guest from another without an account: an HMAC over the network address, of which nothing can be read back.
ALTER TABLE comments ADD COLUMN held_ms BIGINT;
ALTER TABLE comments ADD COLUMN guest_key TEXT NOT NULL DEFAULT '';

CREATE INDEX comments_held ON comments (video_id) WHERE held_ms IS NOT NULL AND deleted_ms IS NULL;

CREATE TABLE guest_blocks (
    workspace_id TEXT   NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    guest_key    TEXT   NOT NULL,
    blocked_by   TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, guest_key)
);
