-- Who asks where an upload stands waits for a request that is still being stored: its bytes would be sent again otherwise.
-- Cost: none, a constant default is not written into the rows that are there.
-- +goose Up

ALTER TABLE uploads ADD COLUMN writer BIGINT NOT NULL DEFAULT 0;
