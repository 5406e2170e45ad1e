package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// maxPrepared bounds the prepared statements. Ours are some hundred, and a search makes one for
// each number of words.
const maxPrepared = 300

// preparer is a pool or a connection.
type preparer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
	querier
}

// prepared keeps the statements that SQLite has parsed: parsing one takes longer than running it.
type prepared struct {
	on preparer

	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
}

func newPrepared(on preparer) *prepared { return &prepared{on: on, stmts: map[string]*sql.Stmt{}} }

// ExecContext is sql.DB's.
func (p *prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := p.stmt(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case stmt == nil:
		return p.on.ExecContext(ctx, text, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

// QueryContext is sql.DB's.
func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := p.stmt(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case stmt == nil:
		return p.on.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// stmt returns text as a prepared statement, or nil if there are too many already.
func (p *prepared) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.RLock()
	stmt, full := p.stmts[text], len(p.stmts) >= maxPrepared
	p.mu.RUnlock()
	if stmt != nil || full {
		return stmt, nil
	}
	stmt, err := p.on.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare statement: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.stmts[text]; first != nil {
		return first, stmt.Close()
	}
	p.stmts[text] = stmt
	return stmt, nil
}

// close closes the statements.
func (p *prepared) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stmt := range p.stmts {
		_ = stmt.Close() // no write depends on it
	}
	clear(p.stmts)
}
