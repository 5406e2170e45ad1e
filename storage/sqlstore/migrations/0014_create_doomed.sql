-- What is deleted for good: objects that no row names any more, until they are gone; notices on videos that a workspace does not keep; and
-- people who have said that they leave.
-- Cost: the tables are new and constant defaults are not written into the rows that are there; the indexes read users and videos once.
-- +goose Up

-- object_key names one object, or everything below it where it ends in "/". again_ms is when such a folder is looked at once more, for what
-- a worker or an upload that had not heard of its end put there meanwhile; NULL: this look is the last. due_ms moves on while somebody
-- works on the row, so that two workers share the rows, and those of one that died come back.
CREATE TABLE doomed (
    object_key TEXT   NOT NULL PRIMARY KEY,
    due_ms     BIGINT NOT NULL,
    again_ms   BIGINT
);

CREATE INDEX doomed_by_due ON doomed (due_ms, object_key);

-- 0 keeps videos for ever.
ALTER TABLE workspaces ADD COLUMN keep_days BIGINT NOT NULL DEFAULT 0;

-- One row per video whose owner is told that it leaves. mailed_ms is NULL until the mail was handed over.
CREATE TABLE notices (
    video_id  TEXT   NOT NULL PRIMARY KEY REFERENCES videos (id) ON DELETE CASCADE,
    made_ms   BIGINT NOT NULL,
    leaves_ms BIGINT NOT NULL,
    mailed_ms BIGINT
);

CREATE INDEX notices_by_leaving ON notices (leaves_ms, video_id);

-- When the account is deleted; NULL: it stays.
ALTER TABLE users ADD COLUMN delete_ms BIGINT;

CREATE INDEX users_leaving ON users (delete_ms) WHERE delete_ms IS NOT NULL;

-- Who made the video, where its owner is somebody else because that account is gone; empty: its owner.
ALTER TABLE videos ADD COLUMN author_name TEXT NOT NULL DEFAULT '';

-- What a workspace keeps, by age.
CREATE INDEX videos_live_by_workspace ON videos (workspace_id, created_ms) WHERE trashed_ms IS NULL;

-- What lies in any trash, by age.
CREATE INDEX videos_trashed ON videos (trashed_ms, id) WHERE trashed_ms IS NOT NULL;
