package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statement is one of several that are sent together.
type statement struct {
	text string
	args []any
}

// queryBatch runs statements as one, all or none of them, and reads the rows of the last.
// PostgreSQL gets them in one message, so that no lock of the first is held over the network. Calls
// for the same key that come meanwhile share one transaction; scan may run again.
func queryBatch[T any](
	ctx context.Context,
	s *Store,
	op, key string,
	scan func(scanner) (T, error),
	statements ...statement,
) (list []T, err error) {
	if s.tx == nil && s.group == nil {
		return sendQueryBatch(ctx, s, op, key, scan, statements)
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

// sendQueryBatch is queryBatch on PostgreSQL outside a transaction.
func sendQueryBatch[T any](
	ctx context.Context,
	s *Store,
	op, key string,
	scan func(scanner) (T, error),
	statements []statement,
) ([]T, error) {
	var list []T
	me := newErrand(ctx, func(results pgx.BatchResults) (err error) {
		list, err = readLast(results, len(statements), scan)
		return err
	}, statements)
	err := s.lines.run(key, me, s.sendAll)
	if errors.Is(err, errRetryAlone) || retryable(err) {
		err = s.again(ctx, func() error { return s.sendAll(ctx, []*errand{me}) })
	}
	if err != nil {
		return nil, s.fail(ctx, op, err)
	}
	return list, nil
}

// sendAll sends the statements of all of group to PostgreSQL, in one implicit transaction.
func (s *Store) sendAll(ctx context.Context, group []*errand) error {
	conn, err := s.pools.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var b pgx.Batch
	for _, e := range group {
		for _, st := range e.statements {
			b.Queue(s.sql(st.text), st.args...)
		}
	}
	return conn.Raw(func(driven any) error {
		c, ok := driven.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver is %T", driven)
		}
		results := c.Conn().SendBatch(ctx, &b)
		var err error
		for _, e := range group {
			if err = e.read(results); err != nil {
				break
			}
		}
		if closed := results.Close(); err == nil {
			err = closed // only now is it committed
		}
		return err
	})
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
