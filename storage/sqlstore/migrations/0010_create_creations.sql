-- What accounts call their own requests that make a video: who asks again, because the answer was lost, is given the same one.
-- Cost: none, the table is new.
-- +goose Up

CREATE TABLE creations (
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_hash   TEXT   NOT NULL,
    video_id   TEXT   NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, key_hash)
);

CREATE INDEX creations_by_video ON creations (video_id);
CREATE INDEX creations_by_age ON creations (created_ms);
