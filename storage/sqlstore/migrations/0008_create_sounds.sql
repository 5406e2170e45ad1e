-- The sound of a recording in AAC, made a few seconds at a time while it is recorded: which fragments and which frames of 1024 samples each
-- piece covers, and from where the next one has to begin to listen.
-- Cost: none, the table is new.
-- +goose Up

CREATE TABLE sounds (
    upload_id       TEXT   NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    track           TEXT   NOT NULL,
    n               BIGINT NOT NULL CHECK (n >= 0),
    first_fragment  BIGINT NOT NULL,
    fragments       BIGINT NOT NULL CHECK (fragments >= 0),
    first_frame     BIGINT NOT NULL,
    frames          BIGINT NOT NULL CHECK (frames >= 0),
    resume_fragment BIGINT NOT NULL,
    resume_samples  BIGINT NOT NULL,
    object_key      TEXT   NOT NULL, -- empty where there are no frames
    size_bytes      BIGINT NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (upload_id, track, n)
);
