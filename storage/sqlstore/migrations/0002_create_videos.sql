-- Videos, the uploads that they arrive through, and the addresses that they are seen at.
-- Cost: none, the tables are new.
-- +goose Up

-- title_folded is what search looks at: lower case, without diacritics, made by the store.
CREATE TABLE videos (
    id           TEXT   NOT NULL PRIMARY KEY,
    workspace_id TEXT   NOT NULL REFERENCES workspaces (id),
    owner_id     TEXT   NOT NULL REFERENCES users (id),
    title        TEXT   NOT NULL,
    title_folded TEXT   NOT NULL,
    source       TEXT   NOT NULL CHECK (source IN ('file', 'recording')),
    state        TEXT   NOT NULL CHECK (state IN ('recording', 'uploading', 'processing', 'ready', 'failed')),
    failure      TEXT   NOT NULL,
    duration_ms  BIGINT NOT NULL CHECK (duration_ms >= 0),
    width        BIGINT NOT NULL CHECK (width >= 0),
    height       BIGINT NOT NULL CHECK (height >= 0),
    generation   BIGINT NOT NULL CHECK (generation >= 0),
    published    BIGINT NOT NULL CHECK (published >= 0 AND published <= generation),
    created_ms   BIGINT NOT NULL,
    updated_ms   BIGINT NOT NULL,
    trashed_ms   BIGINT
);

-- The library page and its trash, newest first. Two partial indexes, so that either list reads only its own rows.
CREATE INDEX videos_live_by_owner ON videos (owner_id, created_ms, id) WHERE trashed_ms IS NULL;
CREATE INDEX videos_trashed_by_owner ON videos (owner_id, created_ms, id) WHERE trashed_ms IS NOT NULL;
CREATE INDEX videos_by_workspace ON videos (workspace_id);

CREATE TABLE uploads (
    id            TEXT   NOT NULL PRIMARY KEY,
    video_id      TEXT   NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    token_hash    TEXT   NOT NULL,
    filename      TEXT   NOT NULL,
    length_bytes  BIGINT NOT NULL CHECK (length_bytes >= -1),
    offset_bytes  BIGINT NOT NULL CHECK (offset_bytes >= 0),
    holder        BIGINT NOT NULL,
    created_ms    BIGINT NOT NULL,
    expires_ms    BIGINT NOT NULL,
    sealed_ms     BIGINT,
    terminated_ms BIGINT
);

CREATE INDEX uploads_by_video ON uploads (video_id, created_ms, id);

CREATE TABLE parts (
    upload_id    TEXT   NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    track        TEXT   NOT NULL,
    n            BIGINT NOT NULL CHECK (n >= 0),
    offset_bytes BIGINT NOT NULL CHECK (offset_bytes >= 0),
    size_bytes   BIGINT NOT NULL CHECK (size_bytes > 0),
    sha256       TEXT   NOT NULL,
    object_key   TEXT   NOT NULL UNIQUE,
    PRIMARY KEY (upload_id, track, n),
    UNIQUE (upload_id, track, offset_bytes)
);

CREATE TABLE shares (
    id             TEXT    NOT NULL PRIMARY KEY,
    video_id       TEXT    NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    token          TEXT    NOT NULL UNIQUE,
    allow_download BOOLEAN NOT NULL,
    epoch          BIGINT  NOT NULL,
    created_ms     BIGINT  NOT NULL,
    expires_ms     BIGINT,
    revoked_ms     BIGINT
);

CREATE INDEX shares_by_video ON shares (video_id, created_ms, id);
