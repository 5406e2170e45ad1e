package main_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"meanwhile"
)

// mustServices gives the settings of a program on a PostgreSQL database and a Redis of its own. A short run does without.
func mustServices(t testing.TB) (databaseURL, redisURL string) {
	t.Helper()
	server, cache := os.Getenv("MEANWHILE_TEST_DATABASE_URL"), os.Getenv("MEANWHILE_TEST_REDIS_URL")
	if (server == "" || cache == "") && testing.Short() {
		t.Skip("MEANWHILE_TEST_DATABASE_URL or MEANWHILE_TEST_REDIS_URL is not set")
	}
	if server == "" || cache == "" {
		t.Fatal("MEANWHILE_TEST_DATABASE_URL or MEANWHILE_TEST_REDIS_URL is not set: run make test, or deploy/with-services.sh go test ./...")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(text string) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if _, err := db.ExecContext(ctx, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	name := "test_" + meanwhile.NewRandomID()
	exec("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'")
	t.Cleanup(func() {
		exec("DROP DATABASE " + name + " WITH (FORCE)")
		db.Close()
	})
	return u.JoinPath("..", name).String(), cache + "/3"
}

type line struct{ Check, Result, Detail, Mend string }

func (p *program) doctor() (map[string]line, int) {
	p.t.Helper()
	stdout, stderr, code := p.run("doctor", "--json")
	var findings []line
	if err := json.Unmarshal([]byte(stdout), &findings); err != nil {
		p.t.Fatalf("doctor: %v\n%s\n%s", err, stdout, stderr)
	}
	by := make(map[string]line)
	for _, f := range findings {
		by[f.Check] = f
	}
	return by, code
}

func TestDoctorLooksAtPostgreSQLAndRedis(t *testing.T) {
	database, redis := mustServices(t)
	p := newProgram(t, "MEANWHILE_DATABASE_URL="+database, "MEANWHILE_REDIS_URL="+redis)
	if by, _ := p.doctor(); by["database"].Result != "warn" || !strings.Contains(by["database"].Mend, "meanwhile migrate") {
		t.Errorf("before the first start: %+v, want a warning with the command", by["database"])
	}
	if _, stderr, code := p.run("migrate"); code != 0 {
		t.Fatalf("migrate: %d %s", code, stderr)
	}
	by, _ := p.doctor()
	for check, want := range map[string]string{
		"database": `^PostgreSQL [0-9.]+.*, answers in [0-9.]+.s, writable, [0-9]+ migrations applied$`,
		"redis":    `^Redis [0-9.]+, answers in [0-9.]+.s, writable$`,
	} {
		if got := by[check]; (got.Result != "ok" && got.Result != "warn") || !regexp.MustCompile(want).MatchString(got.Detail) {
			t.Errorf("%s: %+v, want %s", check, got, want)
		}
	}

	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "wrong secret")
	p.env = append(p.env, "MEANWHILE_DATABASE_URL="+u.String(), "MEANWHILE_REDIS_URL=redis://:wrong%20secret@127.0.0.1:1")
	by, code := p.doctor()
	for _, check := range []string{"database", "redis"} {
		got := by[check]
		if got.Result != "fail" || got.Mend == "" || strings.Contains(got.Detail, "wrong secret") {
			t.Errorf("%s with a wrong address: %+v, want a failure with a mend and without the password", check, got)
		}
	}
	if code != 1 {
		t.Errorf("doctor ended with %d, want 1", code)
	}
}

func TestTheProgramServesOnPostgreSQLAndRedis(t *testing.T) {
	database, redis := mustServices(t)
	p := newProgram(t, "MEANWHILE_DATABASE_URL="+database, "MEANWHILE_REDIS_URL="+redis)
	p.start()
	form := url.Values{"workspace": {"Team"}, "name": {"Ada"}, "email": {"ada@example.com"}, "password": {"a long password"}}
	if res := p.postForm(browser(t), p.setup, form); res.Request.URL.Path != "/" {
		t.Errorf("set-up ends at %s, want the library", res.Request.URL.Path)
	}
	if err := p.stop(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	p.start()
	if p.setup != "" {
		t.Error("the account was forgotten over a restart")
	}
}
