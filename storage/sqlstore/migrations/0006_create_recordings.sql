-- What a browser records: chunks in any order, how far each track is contiguous and indexed, and where its fragments lie, so that any
-- process can render a playlist while the recording goes on.
-- Cost: none, the tables are new.
-- +goose Up

CREATE TABLE recordings (
    upload_id        TEXT    NOT NULL PRIMARY KEY REFERENCES uploads (id) ON DELETE CASCADE,
    state            TEXT    NOT NULL CHECK (state IN ('recording', 'paused')),
    started_ms       BIGINT,
    pauses           TEXT    NOT NULL,
    camera_offset_ms BIGINT  NOT NULL,
    heard_ms         BIGINT  NOT NULL,
    recovered        BOOLEAN NOT NULL,
    sealed_chunks    BIGINT  NOT NULL
);

CREATE INDEX recordings_by_heard ON recordings (heard_ms, upload_id);

CREATE TABLE chunks (
    upload_id  TEXT   NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    track      TEXT   NOT NULL CHECK (track IN ('screen', 'camera')),
    n          BIGINT NOT NULL CHECK (n >= 0),
    size_bytes BIGINT NOT NULL CHECK (size_bytes > 0),
    sha256     TEXT   NOT NULL,
    object_key TEXT   NOT NULL UNIQUE,
    PRIMARY KEY (upload_id, track, n)
);

CREATE TABLE tracks (
    upload_id     TEXT   NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    name          TEXT   NOT NULL,
    media_type    TEXT   NOT NULL,
    init_bytes    BIGINT NOT NULL,
    indexed_bytes BIGINT NOT NULL,
    timing        TEXT   NOT NULL,
    fragments     BIGINT NOT NULL,
    duration_ms   BIGINT NOT NULL,
    width         BIGINT NOT NULL,
    height        BIGINT NOT NULL,
    codecs        TEXT   NOT NULL,
    PRIMARY KEY (upload_id, name)
);

CREATE TABLE fragments (
    upload_id    TEXT   NOT NULL,
    track        TEXT   NOT NULL,
    n            BIGINT NOT NULL CHECK (n >= 0),
    offset_bytes BIGINT NOT NULL,
    size_bytes   BIGINT NOT NULL,
    start_us     BIGINT NOT NULL,
    duration_us  BIGINT NOT NULL,
    PRIMARY KEY (upload_id, track, n),
    FOREIGN KEY (upload_id, track) REFERENCES tracks (upload_id, name) ON DELETE CASCADE
);
