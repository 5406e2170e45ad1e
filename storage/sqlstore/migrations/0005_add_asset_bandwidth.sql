-- A rung of a ladder says how fast its fastest segment is, for the list of variants that HLS players choose from.
-- Cost: none, a constant default is not written into the rows that are there.
-- +goose Up

ALTER TABLE assets ADD COLUMN bandwidth_bps BIGINT NOT NULL DEFAULT 0;
