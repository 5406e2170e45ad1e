package sqlstore

import "context"

// Setting is a setting of the connection that answers.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	return one(ctx, s, reading, "read setting", scanValue[string], "SELECT current_setting($1)", name)
}

// WaitingForLocks is how many connections to the same PostgreSQL database wait for another's lock.
func (s *Store) WaitingForLocks(ctx context.Context) (int, error) {
	return one(ctx, s, reading, "count waiting", scanValue[int],
		"SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
}

// InLine is how many wait for somebody else who writes to the same thing.
func (s *Store) InLine(thing string) int {
	s.lines.mu.Lock()
	defer s.lines.mu.Unlock()
	return len(s.lines.by[thing])
}
