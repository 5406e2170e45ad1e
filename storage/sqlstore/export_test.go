package sqlstore

import (
	"context"
	"database/sql"
	"strings"
)

// Setting returns a setting of the connection that it uses.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	return one(ctx, s, reading, "read setting", scanValue[string], "SELECT current_setting($1)", name)
}

// WaitingForLocks returns how many connections to the same PostgreSQL database wait for another's
// lock.
func (s *Store) WaitingForLocks(ctx context.Context) (int, error) {
	return one(ctx, s, reading, "count waiting", scanValue[int],
		"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
}

// InLine returns how many wait for another writer to the same thing.
func (s *Store) InLine(thing string) int {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	return len(s.lines.by[thing])
}

// Recorded is a copy of the store that tells record each query that it reads with.
func (s *Store) Recorded(record func(text string, args []any)) *Store {
	recorded := *s
	recorded.reads = recorder{s.reads, record}
	return &recorded
}

type recorder struct {
	querier
	record func(text string, args []any)
}

func (r recorder) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	r.record(text, args)
	return r.querier.QueryContext(ctx, text, args...)
}

// PlanStep is one line of a plan. Below says that it works below a limit, on more rows than the
// page has.
type PlanStep struct {
	Text  string
	Below bool
}

// Plan returns how the database would run a query. PostgreSQL prefers to read small tables as a
// whole: it is told not to, so that the plan shows whether an index could be used.
func (s *Store) Plan(ctx context.Context, text string, args []any) ([]PlanStep, error) {
	conn, err := s.pools.read.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	explain := "EXPLAIN QUERY PLAN "
	if !s.dialect.isSQLite {
		explain = "EXPLAIN "
		for _, setting := range []string{"enable_seqscan", "enable_bitmapscan", "enable_sort"} {
			if _, err := conn.ExecContext(ctx, "SET "+setting+" = off"); err != nil {
				return nil, err
			}
		}
	}
	rows, err := conn.QueryContext(ctx, explain+text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var plan []PlanStep
	limits := map[int]bool{} // SQLite's subqueries, by their step
	depth := -1              // of PostgreSQL's limit
	for rows.Next() {
		var line string
		var id, parent int
		into := []any{&line}
		if s.dialect.isSQLite {
			into = []any{&id, &parent, new(int), &line}
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		plan = append(plan, PlanStep{Text: line, Below: limits[parent] || depth >= 0 && indent > depth})
		if strings.HasPrefix(line, "CO-ROUTINE") {
			limits[id] = true
		}
		if name := strings.TrimLeft(line, " ->"); strings.HasPrefix(name, "Limit") && depth < 0 {
			depth = indent
		}
	}
	return plan, rows.Err()
}
