//go:build bench

package main_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// clients is how many send requests at once.
const clients = 8

// load is what the clients measured.
type load struct {
	perSecond float64
	took      []time.Duration // of each request, sorted
}

func (l load) percentile(p float64) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	return l.took[min(len(l.took)-1, int(p*float64(len(l.took))))]
}

// drive has each client send its next request as soon as it has its answer, for as long as span.
// ask gets the client's number and connection.
func drive(t testing.TB, span time.Duration, ask func(ctx context.Context, n int, c *http.Client) error) load {
	t.Helper()
	took := make([][]time.Duration, clients)
	group, ctx := errgroup.WithContext(t.Context())
	began := time.Now()
	for n := range clients {
		group.Go(func() error {
			c := oneConnection()
			defer c.CloseIdleConnections()
			for time.Since(began) < span {
				asked := time.Now()
				if err := ask(ctx, n, c); err != nil {
					return err
				}
				took[n] = append(took[n], time.Since(asked))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	over := time.Since(began)
	all := slices.Concat(took...)
	slices.Sort(all)
	return load{perSecond: float64(len(all)) / over.Seconds(), took: all}
}

// oneConnection returns a client that keeps its connection and does not decompress.
func oneConnection() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true}}
}

// fetch reads an answer to its end and expects the status want.
func fetch(ctx context.Context, c *http.Client, address string, header map[string]string, want int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return exchange(c, req, want)
}

func exchange(c *http.Client, req *http.Request, want int) error {
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != want {
		return fmt.Errorf("%s %s: %s, want %d", req.Method, req.URL.Path, res.Status, want)
	}
	return nil
}

// pair is the load on the program and on the bare server, measured in turns.
type pair struct {
	ours, bare       sample // requests per second
	oursCPU, bareCPU sample // of the server for each request, µs
}

// sideBySide measures two servers in turns. Each function puts load on one of them.
func (b *bench) sideBySide(ours, bare func() load, oursPID, barePID int) pair {
	b.Helper()
	var p pair
	measure := func(run func() load, pid int, rate, cpu *sample) {
		before, _ := statOf(b, pid)
		got := run()
		after, _ := statOf(b, pid)
		rate.add(got.perSecond)
		cpu.add(float64((after - before).Microseconds()) / float64(len(got.took)))
	}
	for range b.times(5) {
		measure(ours, oursPID, &p.ours, &p.oursCPU)
		measure(bare, barePID, &p.bare, &p.bareCPU)
	}
	return p
}

// bareServer is net/http alone in its own process, which sends files of dir. It is this test
// binary, started again.
type bareServer struct {
	base string
	pid  int
}

const bareServerEnv = "MEANWHILE_BENCH_SERVE"

func newBareServer(t testing.TB, dir string) bareServer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServeBare$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), bareServerEnv+"="+dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if base, ok := strings.CutPrefix(lines.Text(), "bare server at "); ok {
			return bareServer{base: base, pid: cmd.Process.Pid}
		}
	}
	t.Fatal("the bare server did not start")
	return bareServer{}
}

// TestServeBare is not a test: it is the bare server's process.
func TestServeBare(t *testing.T) {
	dir := os.Getenv(bareServerEnv)
	if dir == "" {
		t.Skip("only as a server of its own")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := root.ReadFile("packed.html")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /packed", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed)
	})
	mux.HandleFunc("PUT /keep/{name}", func(w http.ResponseWriter, r *http.Request) {
		f, err := root.Create(r.PathValue("name"))
		if err == nil {
			_, err = io.Copy(f, r.Body)
			err = errors.Join(err, f.Sync(), f.Close())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("GET /file/{name}", func(w http.ResponseWriter, r *http.Request) {
		f, err := root.Open(r.PathValue("name"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer f.Close()
		http.ServeContent(w, r, r.PathValue("name"), time.Time{}, f)
	})
	listeners := &audience{heard: make(chan struct{})}
	mux.HandleFunc("GET /stream", listeners.stream)
	mux.HandleFunc("GET /shout", listeners.shout)
	fmt.Println("bare server at http://" + ln.Addr().String())
	t.Fatal(http.Serve(ln, mux))
}
