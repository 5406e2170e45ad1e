-- What people sign in with beside a password: passkeys, and accounts at a provider. A ceremony is a log-in that has begun and waits for its
-- second half.
-- Cost: none, the tables are new.
-- +goose Up
CREATE TABLE ceremonies (
    hash       TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL CHECK (kind IN ('passkey-new', 'passkey-log-in', 'provider')),
    user_id    TEXT   REFERENCES users (id) ON DELETE CASCADE,
    state      TEXT   NOT NULL,
    expires_ms BIGINT NOT NULL
);

CREATE INDEX ceremonies_by_end ON ceremonies (expires_ms);

-- credential is what the library of the protocol keeps, as JSON. sign_count stands beside it, so that a use can be compared and written in one
-- statement.
CREATE TABLE passkeys (
    id            TEXT   NOT NULL PRIMARY KEY,
    user_id       TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id TEXT   NOT NULL UNIQUE,
    credential    TEXT   NOT NULL,
    sign_count    BIGINT NOT NULL,
    name          TEXT   NOT NULL,
    created_ms    BIGINT NOT NULL,
    last_used_ms  BIGINT
);

CREATE INDEX passkeys_by_user ON passkeys (user_id, created_ms);

CREATE TABLE identities (
    issuer     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX identities_by_user ON identities (user_id);
