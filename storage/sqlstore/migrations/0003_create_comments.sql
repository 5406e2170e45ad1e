-- The conversation under a video.
-- Cost: none, the tables are new.
-- +goose Up

-- One row per video, made with it: the change counter that every comment write takes its number from, and how many comments live.
-- The row's lock also puts the writers of one conversation behind one another, so that numbers become visible in their order.
CREATE TABLE comment_counters (
    video_id   TEXT   NOT NULL PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
    seq        BIGINT NOT NULL CHECK (seq >= 0),
    live_count BIGINT NOT NULL CHECK (live_count >= 0)
);

-- thread_id, thread_at_ms and reply repeat what the first comment of the thread says, so that one index holds the reading order.
CREATE TABLE comments (
    id           TEXT    NOT NULL PRIMARY KEY,
    video_id     TEXT    NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    thread_id    TEXT    NOT NULL,
    thread_at_ms BIGINT  NOT NULL,
    reply        BOOLEAN NOT NULL,
    seq          BIGINT  NOT NULL,
    author_id    TEXT    REFERENCES users (id),
    author_name  TEXT    NOT NULL,
    edit_hash    TEXT    NOT NULL,
    at_ms        BIGINT  NOT NULL,
    until_ms     BIGINT,
    body         TEXT    NOT NULL,
    created_ms   BIGINT  NOT NULL,
    edited_ms    BIGINT,
    deleted_ms   BIGINT,
    CHECK (reply OR thread_id = id),
    UNIQUE (video_id, seq)
);

CREATE INDEX comments_in_order ON comments (video_id, thread_at_ms, thread_id, reply, created_ms, id) WHERE deleted_ms IS NULL;
CREATE INDEX comments_by_thread ON comments (thread_id);
CREATE INDEX comments_by_author ON comments (author_id);
