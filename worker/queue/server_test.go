package queue_test

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"meanwhile/storage"
	"meanwhile/worker/queue"
)

// redisEnv names the Redis that tests use beside the embedded one.
const redisEnv = "MEANWHILE_TEST_REDIS_URL"

// ownDB is this package's database on it.
const ownDB = 2

// mustServerRedis is the tests' Redis, with this package's database emptied. A short run does
// without.
func mustServerRedis(t testing.TB) asynq.RedisClientOpt {
	t.Helper()
	text := os.Getenv(redisEnv)
	if text == "" && testing.Short() {
		t.Skipf("%s is not set", redisEnv)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		t.Fatalf("%s is not the address of a Redis: run make test, or deploy/with-services.sh go test ./...", redisEnv)
	}
	password, _ := u.User.Password()
	opt := asynq.RedisClientOpt{Addr: u.Host, Username: u.User.Username(), Password: password, DB: ownDB}
	c := redis.NewClient(&redis.Options{Addr: opt.Addr, Username: opt.Username, Password: opt.Password, DB: opt.DB})
	defer c.Close()
	if err := c.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return opt
}

// server is a redis-server of the test's own, to be killed and started again on the same port.
type server struct {
	t    testing.TB
	addr string
	cmd  *exec.Cmd
}

func newServer(t testing.TB) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil && testing.Short() {
		t.Skip("redis-server is not installed")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	s := &server{t: t, addr: ln.Addr().String()}
	t.Cleanup(s.kill)
	return s
}

// start runs the server, which remembers nothing of an earlier life, and waits until it answers.
func (s *server) start() {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(s.addr)
	s.cmd = exec.CommandContext(s.t.Context(), "redis-server", "-")
	s.cmd.Stdin = strings.NewReader(
		"bind " + host + "\nport " + port + "\ndir " + s.t.TempDir() + "\nsave \"\"\nappendonly no\n",
	)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: s.addr})
	defer c.Close()
	eventually(s.t, "redis-server answers", func() bool { return c.Ping(s.t.Context()).Err() == nil })
}

// kill ends the server as a crash does. A second time it does nothing.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err == nil {
		_ = s.cmd.Wait() // it was killed, and says so
	}
	s.cmd = nil
}

// eventually asks again every 10 ms until ok, for 20 s at most.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not so after 20 s", what)
		}
	}
}

// Redis goes in the middle of a job and comes back empty: the job goes on, sending says what is
// wrong meanwhile, and new jobs arrive after.
func TestRedisKilledAndStartedAgain(t *testing.T) {
	server := newServer(t)
	server.start()
	opt := asynq.RedisClientOpt{
		Addr:         server.addr,
		DialTimeout:  time.Second,
		ReadTimeout:  time.Second,
		WriteTimeout: time.Second,
	}
	c := queue.NewClient(opt)
	defer c.Close()
	got, finish, finished := make(chan storage.StageID, 1000), make(chan struct{}), make(chan error, 1)
	s := start(t, opt, func(ctx context.Context, id storage.StageID) {
		if id == "long" {
			got <- id
			<-finish
			finished <- ctx.Err()
			return
		}
		got <- id
	})
	defer s.Stop()
	enqueue(t, c, storage.Job{Stage: "long", Queue: storage.QueueEncode})
	within(t, got, "long")

	server.kill()
	err := c.Enqueue(t.Context(), storage.Job{Stage: "refused", Queue: storage.QueueInstant})
	if storage.KindOf(err) != storage.Unavailable || storage.MessageOf(err) == "" {
		t.Errorf("Enqueue without Redis = %v, want unavailable with a sentence", err)
	}
	server.start()
	close(finish)
	if err := <-finished; err != nil {
		t.Errorf("the running job was ended: %v, want it to go on without Redis", err)
	}

	// What was sent is lost with Redis; each new sending has a number of its own, as reconcile's
	// has.
	sending := 0
	eventually(t, "a new job is sent and taken", func() bool {
		sending++
		if err := c.Enqueue(
			t.Context(),
			storage.Job{Stage: storage.StageID("again-" + strconv.Itoa(sending)), Queue: storage.QueueInstant},
		); err != nil {
			return false
		}
		select {
		case id := <-got:
			return strings.HasPrefix(string(id), "again-")
		default:
			return false
		}
	})
}
