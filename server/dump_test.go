package server_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"

	"meanwhile"

	"meanwhile/server"
	"meanwhile/storage/sqlstore"
)

// cheapHasher is the real thing at the least cost.
type cheapHasher struct{}

func (cheapHasher) Hash(_ context.Context, p string) (string, error) {
	return argon2id.CreateHash(p, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
}

func (cheapHasher) Verify(_ context.Context, p, h string) (bool, error) {
	return argon2id.ComparePasswordAndHash(p, h)
}

// withFile keeps the rows in a file that the test knows.
func withFile(t testing.TB, file string) change {
	t.Helper()
	store := must(sqlstore.Open(t.Context(), "sqlite:"+file, slog.New(slog.DiscardHandler)))(t)
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return func(c *server.Config, _ *server.Deps, lc *meanwhile.Config) {
		lc.Store, lc.Hasher, lc.OpenSignUp, c.LogInsPerMinute = store, cheapHasher{}, true, 1000
	}
}

// TestADumpOfTheDatabaseOpensNothing makes a credential of every kind and uses it, then looks for all of them in every column of every table
// and in the bytes of the file. Share tokens are addresses that people pass on, and stand there.
func TestADumpOfTheDatabaseOpensNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dump.db")
	w := newWorld(t, withFile(t, file))
	secrets := w.everyCredential()
	dump := mustDump(t, file)
	u := w.newReadyVideo()
	for _, there := range []string{meanwhile.SecretHash(secrets["session"]), meanwhile.SecretHash(secrets["API key"]), "$argon2id$"} {
		if !strings.Contains(dump, there) {
			t.Errorf("the dump lacks %s: it was not read whole", there)
		}
	}
	if !strings.Contains(mustDump(t, file), u.share) {
		t.Error("the dump lacks the address of a share")
	}
	folded := strings.ToLower(dump)
	for name, secret := range secrets {
		if len(secret) < 10 {
			t.Fatalf("%s is %q", name, secret)
		}
		for _, part := range pieces(secret) {
			if strings.Contains(folded, strings.ToLower(part)) {
				t.Errorf("the database holds a part of the secret of a %s", name)
				break
			}
		}
	}
}

// TestTheLogHoldsNoSecret makes and uses the same, at the level that says most, and looks into the log; nor are mail addresses there.
func TestTheLogHoldsNoSecret(t *testing.T) {
	w := newWorld(t, withFile(t, filepath.Join(t.TempDir(), "log.db")))
	secrets := w.everyCredential()
	w.want(w.do("POST", "/api/v1/session", object{"email": ownerEmail, "password": "a wrong password"}), 401)
	w.want(w.do("GET", "/api/v1/session", nil, bearer("mw_"+meanwhile.NewSecret())...), 401)
	u := w.newReadyVideo()
	w.want(w.do("GET", "/v/"+u.share+"?t=1", nil), 200)
	secrets["share"], secrets["mail address"], secrets["mail address of a sign-up"] = u.share, ownerEmail, "cyd@example.org"
	logged := w.logged.String()
	if !strings.Contains(logged, "route=/v/{token}") || !strings.Contains(logged, "route=/enter/{secret}") {
		t.Fatalf("the log lacks what was done:\n%s", logged)
	}
	for name, secret := range secrets {
		for _, part := range pieces(secret) {
			if strings.Contains(logged, part) {
				t.Errorf("the log holds a part of the secret of a %s", name)
				break
			}
		}
	}
}

// pieces are the parts of a secret that would help to guess the rest.
func pieces(secret string) []string {
	const length = 10
	var out []string
	for i := 0; i+length <= len(secret); i++ {
		out = append(out, secret[i:i+length])
	}
	return out
}

// everyCredential makes and uses one of each kind.
func (w *world) everyCredential() map[string]string {
	w.t.Helper()
	const signUpPassword, newPassword = "Correct-Horse-9-Battery", "Staple+Orchard%77+Violet"
	out := map[string]string{"password": ownerPassword, "password of a sign-up": signUpPassword, "password by a link": newPassword, "set-up link": w.lib.SetUpToken()}
	cookie := func(r reply) string {
		c, err := http.ParseSetCookie(r.header.Get("Set-Cookie"))
		if err != nil {
			w.t.Fatal(err)
		}
		return c.Value
	}
	out["session"] = cookie(w.want(w.do("POST", "/api/v1/session", object{"email": ownerEmail, "password": ownerPassword}), 200))
	out["session by a form"] = cookie(w.want(w.do("POST", "/login", formOf("email", ownerEmail, "password", ownerPassword), formType), 303))
	out["session of a sign-up"] = cookie(w.want(w.do("POST", "/signup", formOf("email", "cyd@example.org", "name", "Cyd", "password", signUpPassword), formType), 303))
	_, link, err := w.lib.AddUser(w.t.Context(), meanwhile.Account{Email: "eve@example.org", Name: "Eve", Role: meanwhile.RoleMember})
	if err != nil {
		w.t.Fatal(err)
	}
	out["log-in link"] = link
	out["session by a link"] = cookie(w.want(w.do("POST", "/enter/"+link, formOf("password", newPassword), formType), 303))
	_, out["log-in link that waits"], err = w.lib.AddUser(w.t.Context(), meanwhile.Account{Email: "finn@example.org", Role: meanwhile.RoleMember})
	if err != nil {
		w.t.Fatal(err)
	}
	out["API key"] = w.key
	w.want(w.do("GET", "/api/v1/session", nil, w.asOwner()), 200)

	file, recording := w.createUpload(5), w.newRecording()
	out["upload token of a file"], out["upload token of a recording"] = file.token, signature(recording.token)
	w.want(w.patch(file, 0, "hello"), 204)
	w.want(w.putChunk(recording, "screen", 0, "chunk"), 201)
	out["upload token by a heartbeat"] = signature(w.want(w.do("POST", recording.location+"/heartbeat", object{"state": "recording"}, bearer(recording.token)...), 200).text(w.t, "token"))
	renewed := w.want(w.do("POST", "/api/v1/videos/"+recording.video+"/upload-token", nil, w.asOwner()), 201)
	out["upload token that is new"] = signature(renewed.text(w.t, "token"))

	ready := w.newReadyVideo()
	said := w.want(w.do("POST", "/api/v1/shares/"+ready.share+"/comments", object{"at_ms": 0, "body": "hi", "name": "Client"}), 201)
	out["edit token of a guest"] = said.text(w.t, "edit_token")
	w.want(w.do("PATCH", "/api/v1/shares/"+ready.share+"/comments/"+said.text(w.t, "id"), object{"body": "ho"}, "Meanwhile-Edit-Token: "+out["edit token of a guest"]), 200)
	source, _ := w.mediaOf(ready)
	w.want(w.do("GET", source, nil), 200)
	out["grant of media"] = signature(strings.Split(source, "/")[2])
	return out
}

// signature is what is secret of a token that says itself what it opens and until when.
func signature(token string) string { return token[strings.LastIndexByte(token, '.')+1:] }

// mustDump is every value of every table, and the file as it lies.
func mustDump(t testing.TB, file string) string {
	t.Helper()
	db := must(sql.Open("sqlite", "file:"+file+"?mode=ro"))(t)
	defer db.Close()
	var b strings.Builder
	tables := mustRows(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
	if len(tables) < 15 {
		t.Fatalf("tables %v", tables)
	}
	for _, table := range tables {
		for _, row := range mustRows(t, db, fmt.Sprintf("SELECT * FROM %q", table[0])) {
			fmt.Fprintln(&b, table[0], row)
		}
	}
	for _, end := range []string{"", "-wal"} {
		raw, err := os.ReadFile(file + end)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(raw)
	}
	return b.String()
}

func mustRows(t testing.TB, db *sql.DB, query string) [][]string {
	t.Helper()
	rows := must(db.QueryContext(t.Context(), query))(t)
	defer rows.Close()
	columns := must(rows.Columns())(t)
	var out [][]string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			row[i] = fmt.Sprint(v)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
