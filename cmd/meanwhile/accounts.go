package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"meanwhile/server"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

type userCmd struct {
	Add userAddCmd `cmd:"" help:"Make an account and print a one-time log-in link."`
}

type userAddCmd struct {
	Email string `arg:"" help:"Mail address."`
	Name  string `help:"Name that others see; default: what stands before the @."`
	Role  string `default:"member" help:"owner, admin or member."`
}

// Run creates the account. Only the link goes to standard output.
func (u userAddCmd) Run(ctx context.Context, c *Config, o out) error {
	role, err := storage.ParseRole(u.Role)
	if err != nil {
		return usageError{err}
	}
	return withServices(ctx, c, o, func(services *server.Services) error {
		_, secret, err := services.SignIn.AddUser(ctx, signin.Account{Email: u.Email, Name: u.Name, Role: role})
		if err != nil {
			return err
		}
		base := c.BaseURL
		if base == "" {
			base = "http://" + friendly(c.Listen)
		}
		fmt.Fprintln(o.stderr, "This link signs in once, within 24 hours:")
		fmt.Fprintf(o.stdout, "%s/enter/%s\n", base, secret)
		return nil
	})
}

type tokenCmd struct {
	Add tokenAddCmd `cmd:"" help:"Make an API key and print it, once."`
}

type tokenAddCmd struct {
	Email   string `required:"" help:"Mail address of the key's owner."`
	Name    string `default:"key" help:"What it is for."`
	Scopes  string `default:"read,write,upload,comment" help:"Scopes: read, write, upload, comment, admin."`
	Expires string `help:"When it ends: a date such as 2027-01-31, or a time from now such as 720h; default: never."`
}

// Run creates the key. Only the key goes to standard output.
func (t tokenAddCmd) Run(ctx context.Context, c *Config, o out) error {
	scopes, err := storage.ParseScopes(t.Scopes)
	if err != nil {
		return usageError{err}
	}
	expires, err := parseExpiry(t.Expires, time.Now())
	if err != nil {
		return usageError{err}
	}
	return withServices(ctx, c, o, func(services *server.Services) error {
		secret, err := services.SignIn.AddAPIKey(ctx, t.Email, t.Name, scopes, expires)
		if err != nil {
			return err
		}
		fmt.Fprintln(o.stdout, secret)
		return nil
	})
}

// parseExpiry reads a date (the end of that day, UTC) or a duration from now; nil for nothing.
func parseExpiry(s string, now time.Time) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		t := now.Add(d)
		return &t, nil
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return nil, fmt.Errorf("--expires is %q: it needs a date such as 2027-01-31 or a time from now such as 720h", s)
	}
	end := day.AddDate(0, 0, 1)
	return &end, nil
}

type migrateCmd struct {
	Action string `arg:"" optional:"" enum:"up,status" default:"up" help:"up or status."`
}

// Run brings the schema up to date, or prints its state.
func (m migrateCmd) Run(ctx context.Context, c *Config, o out) (err error) {
	if err := c.finish(roleTool); err != nil {
		return usageError{err}
	}
	p := &parts{log: c.logger(o.stderr)}
	defer func() { err = errors.Join(err, p.Close()) }()
	if m.Action == "up" && local(c) {
		unlock, err := lockData(c.Data)
		if err != nil {
			return err
		}
		p.close = append(p.close, unlock)
	}
	if err := p.connectStore(ctx, c); err != nil {
		return err
	}
	if m.Action == "up" {
		if err := p.store.Migrate(ctx); err != nil {
			return err
		}
	}
	status, err := p.store.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	for _, m := range status {
		state := "waiting"
		if m.AppliedAt != nil {
			state = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(o.stdout, "%s  %s\n", m.Name, state)
	}
	return nil
}

type openAPICmd struct{}

// Run prints the document that GET /api/v1/openapi.json returns.
func (openAPICmd) Run(o out) error {
	doc, err := server.OpenAPI(version())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(o.stdout, string(doc))
	return err
}

// withServices runs a command that ends, with the store, beside a running server or without one.
func withServices(ctx context.Context, c *Config, o out, fn func(*server.Services) error) (err error) {
	if err := c.finish(roleTool); err != nil {
		return usageError{err}
	}
	p, err := wire(ctx, c, roleTool, c.logger(o.stderr))
	defer func() { err = errors.Join(err, p.Close()) }()
	if err != nil {
		return err
	}
	return fn(p.services)
}
