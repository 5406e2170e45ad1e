package main_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"

	"meanwhile/storage"
)

// services are the settings of a site with its own PostgreSQL database, Redis and bucket folder.
type services struct{ database, redis, objects string }

func (s services) env() []string {
	return []string{
		"MEANWHILE_DATABASE_URL=" + s.database, "MEANWHILE_REDIS_URL=" + s.redis, "MEANWHILE_OBJECTS_URL=" + s.objects,
		"MEANWHILE_SECRET_KEY=" + strings.Repeat("the same for all ", 3),
	}
}

// mustServices returns services that nobody else uses. A short run skips the test.
func mustServices(t testing.TB) services {
	t.Helper()
	server, cache, bucket := os.Getenv("MEANWHILE_TEST_DATABASE_URL"), os.Getenv(
		"MEANWHILE_TEST_REDIS_URL",
	), os.Getenv("MEANWHILE_TEST_OBJECTS_URL")
	if (server == "" || cache == "" || bucket == "") && testing.Short() {
		t.Skip("MEANWHILE_TEST_DATABASE_URL, MEANWHILE_TEST_REDIS_URL or MEANWHILE_TEST_OBJECTS_URL is not set")
	}
	if server == "" || cache == "" || bucket == "" {
		t.Fatal(
			"MEANWHILE_TEST_DATABASE_URL, MEANWHILE_TEST_REDIS_URL or MEANWHILE_TEST_OBJECTS_URL is not set: run " +
				"make test, or deploy/with-services.sh go test ./...",
		)
	}
	return services{database: newDatabase(t, server), redis: newRedis(t, cache), objects: newFolder(t, bucket)}
}

// redisDBs are this package's databases; other packages have the first ones.
var redisDBs = struct {
	sync.Mutex
	taken [13]bool
}{}

// newRedis returns a database of the Redis at address. It is empty, and nobody else uses it until
// the test ends.
func newRedis(t testing.TB, address string) string {
	t.Helper()
	redisDBs.Lock()
	defer redisDBs.Unlock()
	free := slices.Index(redisDBs.taken[:], false)
	if free < 0 {
		t.Fatal("more tests run at once than Redis has databases")
	}
	redisDBs.taken[free] = true
	t.Cleanup(func() {
		redisDBs.Lock()
		defer redisDBs.Unlock()
		redisDBs.taken[free] = false
	})
	address = fmt.Sprintf("%s/%d", address, 3+free)
	o, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal("MEANWHILE_TEST_REDIS_URL is not the address of a Redis")
	}
	c := redis.NewClient(o)
	defer c.Close()
	if err := c.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return address
}

// newFolder returns a new folder of the bucket at address.
func newFolder(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal("MEANWHILE_TEST_OBJECTS_URL is not the address of a bucket")
	}
	return u.JoinPath("program-" + storage.NewRandomID()).String()
}

// newDatabase returns a new database on the server at address.
func newDatabase(t testing.TB, server string) string {
	t.Helper()
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
	name := "test_" + storage.NewRandomID()
	exec("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'")
	t.Cleanup(func() {
		exec("DROP DATABASE " + name + " WITH (FORCE)")
		db.Close()
	})
	return u.JoinPath("..", name).String()
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
	t.Parallel()
	s := mustServices(t)
	p := newProgram(t, s.env()...)
	if by, _ := p.doctor(); by["database"].Result != "warn" ||
		!strings.Contains(by["database"].Mend, "meanwhile migrate") {
		t.Errorf("before the first start: %+v, want a warning with the command", by["database"])
	}
	if _, stderr, code := p.run("migrate"); code != 0 {
		t.Fatalf("migrate: %d %s", code, stderr)
	}
	by, _ := p.doctor()
	for check, want := range map[string]string{
		"database":      `^PostgreSQL [0-9.]+.*, answers in [0-9.]+.s, writable, [0-9]+ migrations applied$`,
		"redis":         `^Redis [0-9.]+, answers in [0-9.]+.s, writable$`,
		"workers":       `^none is running`,
		"objects":       `^written, read and deleted$`,
		"media address": `^media comes from the server`,
		"secret key":    `^set`,
		"mail":          `^none is sent`,
		"clock":         `^20[0-9TZ:-]+, [0-9.]+m?s off the database clock$`,
	} {
		if got := by[check]; (got.Result != "ok" && got.Result != "warn") ||
			!regexp.MustCompile(want).MatchString(got.Detail) {
			t.Errorf("%s: %+v, want %s", check, got, want)
		}
	}

	u, err := url.Parse(s.database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "wrong secret")
	p.env = append(
		p.env,
		"MEANWHILE_DATABASE_URL="+u.String(),
		"MEANWHILE_REDIS_URL=redis://:wrong%20secret@127.0.0.1:1",
	)
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
	t.Parallel()
	s := mustServices(t)
	p := newProgram(t, s.env()...)
	p.start()
	form := url.Values{
		"workspace": {"Team"},
		"name":      {"Ada"},
		"email":     {"ada@example.com"},
		"password":  {"a long password"},
	}
	if res := p.postForm(browser(t), p.setup, form); res.Request.URL.Path != "/checks" {
		t.Errorf("set-up ends at %s, want how the site does", res.Request.URL.Path)
	}
	if by, _ := p.doctor(); by["workers"].Detail != "1 running" {
		t.Errorf("while the program works, the doctor says %+v", by["workers"])
	}
	if err := p.stop(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	p.start()
	if p.setup != "" {
		t.Error("the account was forgotten over a restart")
	}
}
