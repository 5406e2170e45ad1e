package sqlstore

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"meanwhile/storage"
)

// Bounds of a PostgreSQL pool. Each process has one: the server's max_connections must be at least
// 20 times the number of processes.
const (
	maxConnections = 20
	// connectWithin is for an address without connect_timeout: a person's request often waits for
	// it.
	connectWithin = 5 * time.Second
	// connectionFor lets connections move to another server of the same name, and the server's
	// memory for them shrink.
	connectionFor = 30 * time.Minute
	idleFor       = 5 * time.Minute
	// A peer that vanished silently is noticed after 30 s instead of the system's hours.
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
)

// freezeWithin ends a transaction that nobody continues: a process that hangs must not hold a
// conversation's lock for ever. It is not a start parameter: PgBouncer refuses those it does not
// know.
const freezeWithin = "SET idle_in_transaction_session_timeout = '60s'"

// openPostgres opens one pool that reads and writes. Settings in pgx's address take precedence over
// the defaults here.
func openPostgres(address string) (pools, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		// pgx keeps the password out of this error, but not the rest of the address.
		return pools{}, storage.E(
			storage.Invalid,
			"The database address cannot be read: it looks like postgres://user:password@host:5432/database.",
			fmt.Errorf("read database address: %w", err),
		)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectWithin
	}
	dialer := &net.Dialer{Timeout: config.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	}}
	config.DialFunc = dialer.DialContext
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "meanwhile"
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, freezeWithin)
		return err
	}))
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxLifetime(connectionFor)
	db.SetConnMaxIdleTime(idleFor)
	return pools{write: db, read: db}, nil
}

// openSentences are what people read if PostgreSQL refuses a connection, by SQLSTATE: a retry does
// not help against these.
var openSentences = map[string]string{
	"28000": "PostgreSQL refuses this user. Look at the address and at pg_hba.conf.",
	"28P01": "PostgreSQL refuses this user or password. Look at the database address.",
	"3D000": "There is no database of this name on the server. Create it first: CREATE DATABASE name ENCODING 'UTF8'.",
	"42501": "This user may not use the database. Make it the database's owner.",
	"53300": "PostgreSQL has no connection left. Raise max_connections: each process may take 20.",
}

// checkPostgres refuses a database that cannot hold every text.
func (s *Store) checkPostgres(ctx context.Context) error {
	encoding, err := one(
		ctx,
		s,
		reading,
		"read database encoding",
		scanValue[string],
		"SELECT current_setting('server_encoding')",
	)
	if err != nil {
		return err
	}
	if encoding != "UTF8" {
		return storage.E(
			storage.Invalid,
			"The database has the encoding "+encoding+". Create one with ENCODING 'UTF8'.",
			nil,
		)
	}
	return nil
}
