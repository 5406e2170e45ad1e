package sqlstore

import (
	"context"
	"database/sql"
	"strings"

	"meanwhile"
)

// access says which connections a query may run on outside a transaction.
type access bool

const (
	reading access = false
	writing access = true // statements that change rows and return them
)

type querier interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// scanner is a row that stands to be read.
type scanner interface{ Scan(into ...any) error }

func (s *Store) querier(a access) querier {
	switch {
	case s.tx != nil:
		return s.tx
	case a == writing:
		return s.pools.write
	}
	return s.pools.read
}

// sql is text with the engine's clock in place of clockMS.
func (s *Store) sql(text string) string { return strings.ReplaceAll(text, clockMS, s.dialect.clock) }

// exec runs a statement and returns how many rows it changed. op says in the log what was tried.
func (s *Store) exec(ctx context.Context, op, text string, args ...any) (int64, error) {
	result, err := s.querier(writing).ExecContext(ctx, s.sql(text), args...)
	if err != nil {
		return 0, s.fail(ctx, op, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, s.fail(ctx, op, err)
	}
	return n, nil
}

// change is exec for a statement that must find its row: NotFound if it changes none.
func (s *Store) change(ctx context.Context, op, text string, args ...any) error {
	return s.changeOr(ctx, meanwhile.NotFound, op, text, args...)
}

// changeOr is change with another kind for a statement that changes nothing.
func (s *Store) changeOr(ctx context.Context, none meanwhile.Kind, op, text string, args ...any) error {
	n, err := s.exec(ctx, op, text, args...)
	if err == nil && n == 0 {
		return s.none(none, op)
	}
	return err
}

// all reads every row of a query.
func all[T any](ctx context.Context, s *Store, a access, op string, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	rows, err := s.querier(a).QueryContext(ctx, s.sql(text), args...)
	if err != nil {
		return nil, s.fail(ctx, op, err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.fail(ctx, op, err)
		}
		list = append(list, v)
	}
	// A statement that returns what it changed commits when it was read to its end: only then is there nothing left to go wrong.
	if err := rows.Err(); err != nil {
		return nil, s.fail(ctx, op, err)
	}
	return list, nil
}

// one reads the only row of a query. NotFound if there is none.
func one[T any](ctx context.Context, s *Store, a access, op string, scan func(scanner) (T, error), text string, args ...any) (T, error) {
	list, err := all(ctx, s, a, op, scan, text, args...)
	if err != nil {
		var zero T
		return zero, err
	}
	if len(list) == 0 {
		var zero T
		return zero, s.none(meanwhile.NotFound, op)
	}
	return list[0], nil
}

// scanValue reads a row of one column.
func scanValue[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}
