-- When a published object was found cut, grown or gone: its owner is told, and viewers get the next best one.
-- Cost: the column is empty. Reads assets once.
-- +goose Up
ALTER TABLE assets ADD COLUMN damaged_ms BIGINT;
CREATE INDEX assets_damaged ON assets (video_id, generation) WHERE damaged_ms IS NOT NULL;
