package sqlstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statement is one of several that go together.
type statement struct {
	text string
	args []any
}

// lastOf runs statements as one, all or none of them, and reads the rows of the last. PostgreSQL gets them in one message: what the first
// one locks is not held over the wire.
func lastOf[T any](ctx context.Context, s *Store, op string, scan func(scanner) (T, error), statements ...statement) (list []T, err error) {
	if s.tx == nil && s.group == nil {
		err = s.again(ctx, func() error {
			list, err = sendAll(ctx, s, op, scan, statements)
			return err
		})
		return list, err
	}
	err = s.inTx(ctx, func(t *Store) error {
		last := len(statements) - 1
		for _, st := range statements[:last] {
			if _, err := t.exec(ctx, op, st.text, st.args...); err != nil {
				return err
			}
		}
		list, err = all(ctx, t, writing, op, scan, statements[last].text, statements[last].args...)
		return err
	})
	return list, err
}

// sendAll has PostgreSQL run statements in one implicit transaction.
func sendAll[T any](ctx context.Context, s *Store, op string, scan func(scanner) (T, error), statements []statement) (list []T, err error) {
	conn, err := s.pools.write.Conn(ctx)
	if err != nil {
		return nil, s.fail(ctx, op, err)
	}
	defer conn.Close()
	var b pgx.Batch
	for _, st := range statements {
		b.Queue(s.sql(st.text), st.args...)
	}
	err = conn.Raw(func(driven any) error {
		c, ok := driven.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver is %T", driven)
		}
		results := c.Conn().SendBatch(ctx, &b)
		list, err = readLast(results, len(statements), scan)
		if closed := results.Close(); err == nil {
			err = closed // only now it is committed
		}
		return err
	})
	if err != nil {
		return nil, s.fail(ctx, op, err)
	}
	return list, nil
}

func readLast[T any](results pgx.BatchResults, n int, scan func(scanner) (T, error)) (list []T, err error) {
	for range n - 1 {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
