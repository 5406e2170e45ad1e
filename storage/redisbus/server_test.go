package redisbus_test

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// server is a redis-server of one test, which can kill it and start it again on the same port. Its
// password is "pass word".
type server struct {
	t      testing.TB
	port   string
	config string
	mode   []string // arguments after the configuration
	cmd    *exec.Cmd
}

const serverPassword = "pass word"

// newServer prepares a server with extra lines of configuration.
func newServer(t testing.TB, lines ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil && testing.Short() {
		t.Skip("redis-server is not installed")
	}
	s := &server{t: t, port: freePort(t)}
	s.config = strings.Join(append([]string{
		"bind 127.0.0.1", "port " + s.port, "dir " + t.TempDir(), `save ""`, "appendonly no",
		`requirepass "` + serverPassword + `"`, `masterauth "` + serverPassword + `"`,
	}, lines...), "\n")
	t.Cleanup(s.kill)
	return s
}

// newSentinel prepares a sentinel that watches the master at masterPort under the name main.
func newSentinel(t testing.TB, masterPort string) *server {
	t.Helper()
	s := newServer(t)
	s.config = strings.Join([]string{
		"bind 127.0.0.1", "port " + s.port, "dir " + t.TempDir(), `requirepass "` + serverPassword + `"`,
		"sentinel monitor main 127.0.0.1 " + masterPort + " 1", `sentinel auth-pass main "` + serverPassword + `"`,
	}, "\n")
	s.mode = []string{"--sentinel"}
	return s
}

// start runs the server and waits until it answers.
func (s *server) start() {
	s.t.Helper()
	// A sentinel writes into its configuration, so it cannot be on standard input.
	file := filepath.Join(s.t.TempDir(), "redis.conf")
	mustWrite(s.t, file, s.config+"\n")
	s.cmd = exec.CommandContext(s.t.Context(), "redis-server", append([]string{file}, s.mode...)...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	c := s.client()
	eventually(s.t, "redis-server answers", func() bool { return c.Ping(s.t.Context()).Err() == nil })
}

// kill ends the server as a crash does. A second call does nothing.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err == nil {
		_ = s.cmd.Wait() // it fails, since it was killed
	}
	s.cmd = nil
}

func (s *server) client() *redis.Client {
	s.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + s.port, Password: serverPassword})
	s.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return c
}

func (s *server) address() string { return fmt.Sprintf("redis://:pass%%20word@127.0.0.1:%s", s.port) }

func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
