package sqlstore

import (
	"context"
	"database/sql"
	"strings"

	"meanwhile/storage"
)

// access says which connections a query may use outside a transaction.
type access bool

const (
	reading access = false
	writing access = true // statements that change rows and return them
)

type querier interface {
	ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// scanner is a row to read.
type scanner interface{ Scan(into ...any) error }

func (s *Store) querier(a access) querier {
	switch {
	case s.tx != nil:
		return s.tx
	case a == writing:
		return s.pools.write
	}
	return s.reads
}

// steady returns the context for a statement. In SQLite's shared transaction no statement may be
// interrupted: that would roll back what others wrote in it. A caller that has left is stopped
// before its next statement.
func (s *Store) steady(ctx context.Context) (context.Context, error) {
	if s.group == nil || s.tx == nil {
		return ctx, nil
	}
	return context.WithoutCancel(ctx), ctx.Err()
}

// needsTx reports that a write must go through SQLite's writer first.
func (s *Store) needsTx(a access) bool { return a == writing && s.group != nil && s.tx == nil }

// sql returns text with the engine's clock in place of clockMS.
func (s *Store) sql(text string) string { return strings.ReplaceAll(text, clockMS, s.dialect.clock) }

// exec runs a statement and returns how many rows it changed. op names the operation in the log.
func (s *Store) exec(ctx context.Context, op, text string, args ...any) (n int64, err error) {
	if s.needsTx(writing) {
		err = s.inTx(ctx, func(t *Store) (err error) {
			n, err = t.exec(ctx, op, text, args...)
			return err
		})
		return n, err
	}
	steady, err := s.steady(ctx)
	if err != nil {
		return 0, s.fail(ctx, op, err)
	}
	result, err := s.querier(writing).ExecContext(steady, s.sql(text), args...)
	if err != nil {
		return 0, s.fail(ctx, op, err)
	}
	if n, err = result.RowsAffected(); err != nil {
		return 0, s.fail(ctx, op, err)
	}
	return n, nil
}

// change is exec for a statement that must find its row: NotFound if it changes none.
func (s *Store) change(ctx context.Context, op, text string, args ...any) error {
	return s.changeOr(ctx, storage.NotFound, op, text, args...)
}

// changeOr is change with another kind of error if nothing changes.
func (s *Store) changeOr(ctx context.Context, none storage.Kind, op, text string, args ...any) error {
	n, err := s.exec(ctx, op, text, args...)
	if err == nil && n == 0 {
		return s.none(none, op)
	}
	return err
}

// all reads every row of a query.
func all[T any](
	ctx context.Context,
	s *Store,
	a access,
	op string,
	scan func(scanner) (T, error),
	text string,
	args ...any,
) (list []T, err error) {
	if s.needsTx(a) {
		err = s.inTx(ctx, func(t *Store) (err error) {
			list, err = all(ctx, t, a, op, scan, text, args...)
			return err
		})
		return list, err
	}
	steady, err := s.steady(ctx)
	if err != nil {
		return nil, s.fail(ctx, op, err)
	}
	rows, err := s.querier(a).QueryContext(steady, s.sql(text), args...)
	if err != nil {
		return nil, s.fail(ctx, op, err)
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.fail(ctx, op, err)
		}
		list = append(list, v)
	}
	// A statement that returns what it changed commits when it has been read to its end. Only then
	// can nothing fail any more.
	if err := rows.Err(); err != nil {
		return nil, s.fail(ctx, op, err)
	}
	return list, nil
}

// one reads the only row of a query. NotFound if there is none.
func one[T any](
	ctx context.Context,
	s *Store,
	a access,
	op string,
	scan func(scanner) (T, error),
	text string,
	args ...any,
) (T, error) {
	list, err := all(ctx, s, a, op, scan, text, args...)
	if err != nil {
		var zero T
		return zero, err
	}
	if len(list) == 0 {
		var zero T
		return zero, s.none(storage.NotFound, op)
	}
	return list[0], nil
}

// scanValue reads a row of one column.
func scanValue[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}
