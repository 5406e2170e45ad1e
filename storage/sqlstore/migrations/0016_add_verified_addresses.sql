-- Whether a mail address has been shown to be a person's: by a log-in link that went there by mail.
-- Cost: columns with constant defaults, which neither engine writes into old rows.
-- +goose Up
ALTER TABLE users ADD COLUMN verified_ms BIGINT;
ALTER TABLE login_links ADD COLUMN mailed BOOLEAN NOT NULL DEFAULT FALSE;
