-- Where the chunks of a track lie in what is contiguous, so that neither a new chunk nor a viewer's request reads the rows of all others: a
-- recording of two hours has 3,600. A chunk behind a gap has no row.
-- Cost: one pass over chunks; some hundred thousand of them take a few seconds.
-- +goose Up

CREATE TABLE chunk_offsets (
    upload_id    TEXT   NOT NULL,
    track        TEXT   NOT NULL,
    n            BIGINT NOT NULL,
    offset_bytes BIGINT NOT NULL CHECK (offset_bytes >= 0),
    PRIMARY KEY (upload_id, track, n),
    UNIQUE (upload_id, track, offset_bytes),
    FOREIGN KEY (upload_id, track, n) REFERENCES chunks (upload_id, track, n) ON DELETE CASCADE
);

INSERT INTO chunk_offsets (upload_id, track, n, offset_bytes)
SELECT c.upload_id, c.track, c.n, c.end_bytes - c.size_bytes
FROM (
    SELECT upload_id, track, n, size_bytes,
        SUM(size_bytes) OVER (PARTITION BY upload_id, track ORDER BY n) AS end_bytes,
        ROW_NUMBER() OVER (PARTITION BY upload_id, track ORDER BY n) - 1 AS place
    FROM chunks
) c
WHERE c.n = c.place;
