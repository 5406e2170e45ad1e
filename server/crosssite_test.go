package server_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage/sqlstore/sqlstoretest"
)

// withDatabase keeps the rows of a fixture in a database that the test can read without the store.
func withDatabase(t *testing.T) (change, *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.db")
	store := sqlstoretest.OpenAt(t, path, slog.New(slog.DiscardHandler))
	rows := must(sql.Open("sqlite", path))(t)
	t.Cleanup(func() { _ = rows.Close() })
	return func(_ *server.Config, _ *server.Deps, lc *servertest.Config) { lc.Store = store }, rows
}

// dump is every row of every table, by the name of the table.
func dump(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	names := must(
		db.QueryContext(
			t.Context(),
			"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
		),
	)(
		t,
	)
	defer names.Close()
	var tables []string
	for names.Next() {
		var name string
		if err := names.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := names.Err(); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		all[table] = dumpTable(t, db, table)
	}
	return all
}

func dumpTable(t *testing.T, db *sql.DB, table string) string {
	t.Helper()
	rows := must(db.QueryContext(t.Context(), "SELECT * FROM "+table))(t)
	defer rows.Close()
	columns := must(rows.Columns())(t)
	var b strings.Builder
	for rows.Next() {
		values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			fmt.Fprintf(&b, "%s=%s\t", columns[i], v.String)
		}
		b.WriteString("\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// addressOf fills a route's address with ids that exist, so that a request would do something if
// the server let it through.
func (w *fixture) addressOf(row server.Route, ready, upload, recording uploaded, comment string) string {
	id := ready.video
	switch {
	case strings.Contains(row.Path, "/comments/"):
		id = comment
	case strings.HasPrefix(row.Path, "/api/v1/files/"):
		id = upload.location[strings.LastIndex(upload.location, "/")+1:]
	case strings.HasPrefix(row.Path, "/api/v1/uploads/"):
		id = recording.location[strings.LastIndex(recording.location, "/")+1:]
	}
	return placeholder.ReplaceAllString(
		strings.NewReplacer(
			"{id}",
			id,
			"{token}",
			ready.link,
			"{share}",
			w.linkID(ready.link),
			"{track}",
			"screen",
			"{n}",
			"0",
		).
			Replace(row.Path),
		"x",
	)
}

// TestNoRouteObeysAnotherSite sends to every route that may change something what a page of another
// site can make a signed-in browser send.
func TestNoRouteObeysAnotherSite(t *testing.T) {
	t.Parallel()
	database, rows := withDatabase(t)
	w := newFixture(t, database)
	ready, upload, recording := w.newReadyVideo(), w.createUpload(5), w.newRecording()
	said := w.want(
		w.do("POST", "/api/v1/shares/"+ready.link+"/comments", object{"at_ms": 0, "body": "hi"}, w.asOwner()),
		201,
	)
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	before := dump(t, rows)
	sent := []struct {
		name    string
		headers []string
	}{
		{"another site", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}},
		{"a neighbour", []string{"Sec-Fetch-Site: same-site"}},
		{"an older browser", []string{"Origin: https://evil.example"}},
		{"another port", []string{"Origin: http://127.0.0.1:1"}},
		{"a page without an origin", []string{"Origin: null"}},
		{
			"a browser that remembers a password of the proxy",
			[]string{"Sec-Fetch-Site: cross-site", "Authorization: Basic YTpi"},
		},
	}
	bodies := map[string]any{
		"":       object{"title": "taken", "body": "taken", "name": "taken"},
		formType: formOf("email", servertest.OwnerEmail, "password", servertest.OwnerPassword),
	}
	tried := 0
	for _, row := range server.Routes() {
		if slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, row.Method) {
			continue
		}
		path := w.addressOf(row, ready, upload, recording, said.text(t, "id"))
		for _, from := range sent {
			for kind, body := range bodies {
				headers := append([]string{session, tusOn}, from.headers...)
				if kind != "" {
					headers = append(headers, kind)
				}
				r := w.do(row.Method, path, body, headers...)
				tried++
				if r.status != 403 || !strings.Contains(string(r.body), "came from another site") {
					t.Errorf("%s %s from %s: %d %.200s", row.Method, row.Path, from.name, r.status, r.body)
				}
				if r.header.Get("Set-Cookie") != "" || r.header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s %s from %s: refused with %v", row.Method, row.Path, from.name, r.header)
				}
			}
		}
	}
	if tried == 0 {
		t.Error("no route was tried")
	}
	after := dump(t, rows)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			t.Errorf("%s changed:\n%s\nto\n%s", table, before[table], after[table])
		}
	}
}

// TestNoRouteIsOpenedToOtherOrigins: no response lets a script of another origin read it, so no
// preflight succeeds either.
func TestNoRouteIsOpenedToOtherOrigins(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ready, upload, recording := w.newReadyVideo(), w.createUpload(5), w.newRecording()
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	for _, row := range server.Routes() {
		if strings.HasSuffix(row.Path, "/events") {
			continue // never ends; events_test.go reads its headers
		}
		path := w.addressOf(row, ready, upload, recording, "x")
		asked := w.do(
			"OPTIONS",
			path,
			nil,
			session,
			"Origin: https://evil.example",
			"Access-Control-Request-Method: "+row.Method,
			"Access-Control-Request-Headers: authorization",
		)
		read := w.do("GET", path, nil, session, "Origin: https://evil.example")
		for _, r := range []reply{asked, read} {
			for name := range r.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s: %d with %s: %s", row.Method, row.Path, r.status, name, r.header.Get(name))
				}
			}
		}
	}
}
