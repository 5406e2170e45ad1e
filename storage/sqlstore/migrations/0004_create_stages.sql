-- Work on a video and what came of it.
-- Cost: none, the tables are new.
-- +goose Up

-- Outbox entry, lease and result in one row. due_ms, sent_ms and lease_ms go by the clock of the database.
-- sent_ms is NULL until the stage was handed to the queue since it last became due.
CREATE TABLE stages (
    id         TEXT             NOT NULL PRIMARY KEY,
    video_id   TEXT             NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    generation BIGINT           NOT NULL,
    step       TEXT             NOT NULL,
    state      TEXT             NOT NULL CHECK (state IN ('due', 'running', 'done', 'failed')),
    attempt    BIGINT           NOT NULL CHECK (attempt >= 0),
    fence      BIGINT           NOT NULL,
    sends      BIGINT           NOT NULL,
    owner      TEXT             NOT NULL,
    progress   DOUBLE PRECISION NOT NULL CHECK (progress >= 0 AND progress <= 1),
    message    TEXT             NOT NULL,
    created_ms BIGINT           NOT NULL,
    due_ms     BIGINT           NOT NULL,
    sent_ms    BIGINT,
    lease_ms   BIGINT           NOT NULL,
    UNIQUE (video_id, generation, step)
);

-- What reconcile looks for stays small however many videos there are.
CREATE INDEX stages_due ON stages (due_ms, id) WHERE state = 'due';
CREATE INDEX stages_running ON stages (lease_ms, id) WHERE state = 'running';

CREATE TABLE assets (
    id          TEXT    NOT NULL PRIMARY KEY,
    video_id    TEXT    NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    generation  BIGINT  NOT NULL,
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    object_key  TEXT    NOT NULL UNIQUE,
    media_type  TEXT    NOT NULL,
    everywhere  BOOLEAN NOT NULL,
    width       BIGINT  NOT NULL,
    height      BIGINT  NOT NULL,
    size_bytes  BIGINT  NOT NULL CHECK (size_bytes >= 0),
    sha256      TEXT    NOT NULL,
    duration_ms BIGINT  NOT NULL,
    created_ms  BIGINT  NOT NULL,
    UNIQUE (video_id, generation, name)
);

-- What ffprobe and we ourselves saw of a source, as JSON: read and written whole.
CREATE TABLE probes (
    video_id   TEXT   NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    generation BIGINT NOT NULL,
    probe      TEXT   NOT NULL,
    PRIMARY KEY (video_id, generation)
);
