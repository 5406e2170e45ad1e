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

// redisEnv names the Redis for tests beside the embedded one.
const redisEnv = "MEANWHILE_TEST_REDIS_URL"

// ownDB is this package's database on that Redis.
const ownDB = 2

// mustServerRedis is the tests' Redis, with this package's database emptied. A short run skips it.
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

// server is a redis-server of this test, which can be killed and started again on the same port.
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

// start runs the server without data of an earlier run, and waits until it answers.
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

// kill kills the server like a crash. A second call does nothing.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err == nil {
		_ = s.cmd.Wait() // the error only says that it was killed
	}
	s.cmd = nil
}

// eventually asks every 10 ms until ok returns true, for 20 s at most.
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

// Redis dies in the middle of a job and comes back empty. The job goes on, meanwhile sending
// returns an error, and new jobs arrive afterwards.
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

	// Sent jobs are lost with Redis. Each new sending has its own number, as in reconcile.
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
