package sqlstore

import (
	"database/sql"
	"time"
)

// Times are BIGINT milliseconds since 1970, UTC, in both engines: neither engine's own type keeps
// the precision of the other's.

func toMS(t time.Time) int64 { return t.UnixMilli() }

func fromMS(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func toNullMS(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: toMS(*t), Valid: true}
}

func fromNullMS(ms sql.NullInt64) *time.Time {
	if !ms.Valid {
		return nil
	}
	t := fromMS(ms.Int64)
	return &t
}

func fromDurationMS(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// For reading: each of these is a target for a column.

type timeInto struct{ t *time.Time }

// Scan reads milliseconds.
func (into timeInto) Scan(v any) error {
	var ms sql.NullInt64
	if err := ms.Scan(v); err != nil {
		return err
	}
	*into.t = fromMS(ms.Int64)
	return nil
}

type nullTimeInto struct{ t **time.Time }

// Scan reads milliseconds or NULL.
func (into nullTimeInto) Scan(v any) error {
	var ms sql.NullInt64
	if err := ms.Scan(v); err != nil {
		return err
	}
	*into.t = fromNullMS(ms)
	return nil
}

type durationInto struct{ d *time.Duration }

// Scan reads milliseconds.
func (into durationInto) Scan(v any) error {
	var ms sql.NullInt64
	if err := ms.Scan(v); err != nil {
		return err
	}
	*into.d = fromDurationMS(ms.Int64)
	return nil
}
