-- Where the bubble of a recording's camera is shown, over time, as JSON: read and written whole.
-- Cost: none, the table is new.
-- +goose Up

CREATE TABLE layouts (
    video_id TEXT NOT NULL PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
    layout   TEXT NOT NULL
);
