-- Uploads that are not complete, in the order in which they expire: recordings without a first chunk, and files that
-- stopped half-way. And uploads that somebody gave up: of thrown-away recordings only the last ones are kept.
-- Cost: reads uploads twice.
-- +goose Up
CREATE INDEX uploads_open ON uploads (expires_ms, id) WHERE sealed_ms IS NULL AND terminated_ms IS NULL;
CREATE INDEX uploads_given_up ON uploads (terminated_ms, id) WHERE terminated_ms IS NOT NULL;

-- What was given up counted as being recorded or uploaded for ever. In the trash it has failed. What was brought back
-- goes on, and is sealed when nothing more comes.
UPDATE videos SET state = 'failed', failure = 'It was thrown away before it was finished.'
WHERE trashed_ms IS NOT NULL AND state IN ('recording', 'uploading')
    AND EXISTS (SELECT 1 FROM uploads u WHERE u.video_id = videos.id AND u.terminated_ms IS NOT NULL);
UPDATE uploads SET terminated_ms = NULL
WHERE terminated_ms IS NOT NULL AND sealed_ms IS NULL AND EXISTS (
    SELECT 1 FROM videos v WHERE v.id = uploads.video_id AND v.trashed_ms IS NULL
    AND v.state IN ('recording', 'uploading'));
