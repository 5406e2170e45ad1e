package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one step of the schema. AppliedAt is nil until it has run.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt *time.Time
}

// Migrate brings the schema up to this program's version, one transaction per step. Conflict if a
// newer program has brought it to rules that this one does not know. It first copies
// a SQLite file that holds something to <file>.before-NNNN beside it, where NNNN is the first new
// step. The operator removes such copies.
func (s *Store) Migrate(ctx context.Context) error {
	return s.outside(ctx, func() error { return s.migrate(ctx) })
}

// outside runs fn, which takes a writing connection from the pool. On SQLite it runs while nobody
// writes: the pool has one connection.
func (s *Store) outside(ctx context.Context, fn func() error) error {
	if s.group == nil {
		return fn()
	}
	err := s.group.outside(ctx, fn)
	if own, ok := err.(*writerError); ok { //nolint:errorlint // as in tryTx
		return s.fail(ctx, own.what, own.err)
	}
	return err
}

func (s *Store) migrate(ctx context.Context) error {
	provider, err := s.provider()
	if err != nil {
		return err
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return s.fail(ctx, "read schema version", err)
	}
	if have >= want {
		return s.MayServe(ctx)
	}
	if s.dialect.isSQLite && have > 0 {
		if err := s.copyTo(ctx, fmt.Sprintf("%s.before-%04d", s.pools.path, have+1)); err != nil {
			return err
		}
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return s.fail(ctx, "migrate schema", err)
	}
	for _, r := range results {
		s.log.InfoContext(
			ctx,
			"schema migrated",
			"migration",
			filepath.Base(r.Source.Path),
			"duration_ms",
			r.Duration.Milliseconds(),
		)
	}
	return nil
}

// MigrationStatus lists every step, oldest first.
func (s *Store) MigrationStatus(ctx context.Context) (list []Migration, err error) {
	err = s.outside(ctx, func() error {
		list, err = s.migrationStatus(ctx)
		return err
	})
	return list, err
}

func (s *Store) migrationStatus(ctx context.Context) ([]Migration, error) {
	provider, err := s.provider()
	if err != nil {
		return nil, err
	}
	statuses, err := provider.Status(ctx)
	if err != nil {
		return nil, s.fail(ctx, "read migration status", err)
	}
	list := make([]Migration, 0, len(statuses))
	for _, status := range statuses {
		m := Migration{Version: status.Source.Version, Name: filepath.Base(status.Source.Path)}
		if status.State == goose.StateApplied {
			m.AppliedAt = &status.AppliedAt
		}
		list = append(list, m)
	}
	return list, nil
}

// newest is the number of the last migration that this program knows.
func newest() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("list migrations: %d, %w", len(files), err)
	}
	number, _, _ := strings.Cut(filepath.Base(files[len(files)-1]), "_")
	return strconv.ParseInt(number, 10, 64)
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.dialect.locker != nil {
		locker, err := s.dialect.locker()
		if err != nil {
			return nil, fmt.Errorf("make migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(s.dialect.goose, s.pools.write, files, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// copyTo writes a consistent, durable copy of the SQLite file to path. It replaces an earlier one
// only when the copy is whole.
func (s *Store) copyTo(ctx context.Context, path string) error {
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove unfinished copy: %w", err)
	}
	// this cannot run in a transaction
	if _, err := s.pools.write.ExecContext(ctx, "VACUUM INTO $1", partial); err != nil {
		return s.fail(ctx, "copy database", err)
	}
	if err := os.Chmod(partial, 0o600); err != nil {
		return fmt.Errorf("protect copy: %w", err)
	}
	if err := syncFile(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("name copy: %w", err)
	}
	if err := syncFile(filepath.Dir(path)); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "database copied before a migration", "copy", filepath.Base(path))
	return nil
}
