//go:build !linux

package fsstore

import "os"

// openBeneath opens key for reading.
func (s *Store) openBeneath(key string) (*os.File, error) { return s.root.Open(key) }
