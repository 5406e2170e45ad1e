package main_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func digestHeader(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// deaf passes requests on and cuts the connection before the answer arrives, up to times per
// address.
type deaf struct {
	*httptest.Server
	mu    sync.Mutex
	seen  map[string]int
	times int
	lost  int
}

func newDeaf(t testing.TB, base string, times int) *deaf {
	t.Helper()
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	d := &deaf{seen: map[string]int{}, times: times}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(res *http.Response) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			place := res.Request.Method + " " + res.Request.URL.Path
			if d.seen[place]++; d.seen[place] <= d.times {
				d.lost++
				panic(http.ErrAbortHandler) // the server has done it, but nobody hears the answer
			}
			return nil
		},
	}
	d.Server = httptest.NewServer(proxy)
	t.Cleanup(d.Close)
	return d
}

// ask retries until there is an answer, as a recorder does.
func ask(t testing.TB, method, address string, body []byte, headers map[string]string) (answer []byte, status int) {
	t.Helper()
	for range 10 {
		req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.GetBody = nil // else the transport would retry what is safe to repeat
		for name, value := range headers {
			req.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		answer, err = io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil {
			return answer, res.StatusCode
		}
	}
	t.Fatalf("%s %s: no answer", method, address)
	return nil, 0
}

func TestLostAnswersAreRepeated(t *testing.T) {
	t.Parallel()
	lostAnswersAreRepeated(t, newProgram(t))
}

func TestLostAnswersAreRepeatedOnPostgreSQLRedisAndS3(t *testing.T) {
	t.Parallel()
	lostAnswersAreRepeated(t, newProgram(t, mustServices(t).env()...))
}

// lostAnswersAreRepeated loses the first answers to create, to every chunk and to complete. Nothing
// may be doubled or missing.
func lostAnswersAreRepeated(t *testing.T, p *program) {
	key := p.owner()
	p.start()
	line := newDeaf(t, p.base, 2)
	file, err := os.ReadFile(samples(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	var r recorder
	created, status := ask(
		t,
		"POST",
		line.URL+"/api/v1/videos",
		[]byte(`{"source":"recording"}`),
		map[string]string{
			"Authorization":   "Bearer " + key,
			"Content-Type":    "application/json",
			"Idempotency-Key": `"this take"`,
		},
	)
	if err := json.Unmarshal(created, &r); err != nil || status != http.StatusCreated {
		t.Fatalf("create: %d %s, %v", status, created, err)
	}
	var library struct{ Items []video }
	if status := p.get(
		key,
		"/api/v1/videos",
		&library,
	); status != http.StatusOK || len(library.Items) != 1 ||
		library.Items[0].ID != r.ID {
		t.Errorf("three requests of one name made %+v, want one recording", library.Items)
	}
	at, err := url.Parse(r.Upload.URL)
	if err != nil {
		t.Fatal(err)
	}
	upload, mine := line.URL+at.Path, map[string]string{"Authorization": "Bearer " + r.Upload.Token}
	const size = 60_000
	chunks := 0
	for from := 0; from < len(file); from += size {
		body := file[from:min(from+size, len(file))]
		mine["Content-Digest"] = digestHeader(body)
		if answer, status := ask(
			t,
			"PUT",
			fmt.Sprintf("%s/tracks/screen/chunks/%d", upload, chunks),
			body,
			mine,
		); status != http.StatusOK {
			t.Errorf("chunk %d, heard at the third time: %d %s, want 200: it is here already", chunks, status, answer)
		}
		chunks++
	}
	mine["Content-Type"] = "application/json"
	claim := fmt.Sprintf(`{"tracks":{"screen":{"chunks":%d,"bytes":%d}}}`, chunks, len(file))
	if answer, status := ask(t, "POST", upload+"/complete", []byte(claim), mine); status != http.StatusOK {
		t.Fatalf("complete, heard at the third time: %d %s", status, answer)
	}
	if want := 2 * (chunks + 2); line.lost != want {
		t.Errorf("%d answers were lost, want %d", line.lost, want)
	}
	original, status := p.send("GET", p.base+"/api/v1/videos/"+r.ID+"/original", nil, "Authorization: Bearer "+key)
	if status != http.StatusOK || !bytes.Equal(original, file) {
		t.Errorf("the original: %d, %d bytes of %d", status, len(original), len(file))
	}
}

// half sends the head of a chunk's request and half of its body, and returns the connection.
func (r *recorder) half(n int, body []byte) net.Conn {
	r.t.Helper()
	at, err := url.Parse(r.Upload.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", at.Host)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(
		conn,
		"PUT %s/tracks/screen/chunks/%d HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Digest: %s\r\n"+
			"Content-Type: video/mp4\r\nContent-Length: %d\r\n\r\n%s",
		at.Path,
		n,
		at.Host,
		r.Upload.Token,
		digestHeader(body),
		len(body),
		body[:len(body)/2],
	)
	if err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// TestNewRequestTakesOverFromAHalfOpenOne lets the connection of the first request hang in the
// middle of a chunk. A new request does not have to wait for it, and the old one later changes
// nothing.
func TestNewRequestTakesOverFromAHalfOpenOne(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	r := p.record(key)
	first, other := bytes.Repeat([]byte("first "), 50_000), bytes.Repeat([]byte("other "), 50_000)
	same, different, left := r.half(0, first), r.half(0, other), r.half(1, first)
	r.chunk("screen", 0, first)
	r.chunk("screen", 1, other)
	finish := func(conn net.Conn, rest []byte) int {
		t.Helper()
		if _, err := conn.Write(rest); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if status := finish(same, first[len(first)/2:]); status != http.StatusOK {
		t.Errorf("the same bytes, later: %d, want 200", status)
	}
	if status := finish(different, other[len(other)/2:]); status != http.StatusConflict {
		t.Errorf("other bytes, later: %d, want 409", status)
	}
	left.Close()
	r.complete(fmt.Sprintf(`"screen":{"chunks":2,"bytes":%d}`, len(first)+len(other)))
	original, _ := p.send("GET", p.base+"/api/v1/videos/"+r.ID+"/original", nil, "Authorization: Bearer "+key)
	if !bytes.Equal(original, append(bytes.Clone(first), other...)) {
		t.Errorf("the original has %d bytes, not those that were acknowledged", len(original))
	}
}

// TestKilledAtRandomNothingAcknowledgedIsLost kills the server again and again while two tracks are
// sent, in any order and four chunks at once. It records what was acknowledged.
func TestKilledAtRandomNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	r := p.record(key)
	path := strings.TrimPrefix(r.Upload.URL, p.base)
	const chunks, size, kills = 120, 30_000, 5
	type name struct {
		track string
		n     int
	}
	bodies := map[name][]byte{}
	todo := make([]name, 0, 2*chunks)
	random := rand.New(rand.NewPCG(3, 4))
	for _, track := range []string{"screen", "camera"} {
		for n := range chunks {
			body := make([]byte, size)
			for i := range body {
				body[i] = byte(random.Uint32())
			}
			bodies[name{track, n}] = body
			todo = append(todo, name{track, n})
		}
	}
	put := func(c name) int {
		req, err := http.NewRequestWithContext(
			t.Context(),
			"PUT",
			fmt.Sprintf("%s%s/tracks/%s/chunks/%d", p.base, path, c.track, c.n),
			bytes.NewReader(bodies[c]),
		)
		if err != nil {
			t.Error(err)
			return 0
		}
		req.Header.Set("Authorization", "Bearer "+r.Upload.Token)
		req.Header.Set("Content-Digest", digestHeader(bodies[c]))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0 // the server is dead
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		return res.StatusCode
	}
	var mu sync.Mutex
	ledger := map[name]bool{}
	for kill := range kills + 1 {
		// A kill falls between two acknowledgements, with other requests under way.
		after, last := int64(10+random.IntN(30)), kill == kills
		var acked atomic.Int64
		work := make(chan name, len(todo))
		for _, i := range random.Perm(len(todo)) {
			if c := todo[i]; !ledger[c] {
				work <- c
			}
		}
		close(work)
		dead := make(chan struct{})
		var once sync.Once
		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() {
				for c := range work {
					select {
					case <-dead:
						return
					default:
					}
					switch status := put(c); status {
					// 200: it was stored, but its answer was lost
					case http.StatusCreated, http.StatusOK:
						mu.Lock()
						ledger[c] = true
						mu.Unlock()
						if acked.Add(1) == after && !last {
							once.Do(func() { p.cmd.Process.Kill(); close(dead) })
						}
					case 0:
					default:
						t.Errorf("chunk %d of %s: %d", c.n, c.track, status)
					}
				}
			})
		}
		senders.Wait()
		if !last {
			p.kill()
			p.start()
		}
		var state struct {
			Tracks map[string]struct {
				Next    int
				Missing []int
			}
		}
		answer, _ := p.send("GET", p.base+path, nil, "Authorization: Bearer "+r.Upload.Token)
		if err := json.Unmarshal(answer, &state); err != nil {
			t.Fatalf("%v: %s", err, answer)
		}
		for c := range ledger {
			if have := state.Tracks[c.track]; slices.Contains(have.Missing, c.n) ||
				c.n >= have.Next && len(have.Missing) == 0 {
				t.Errorf("after kill %d chunk %d of %s is gone, though it was acknowledged", kill, c.n, c.track)
			}
		}
	}
	if len(ledger) != len(todo) {
		t.Fatalf("%d of %d chunks were acknowledged", len(ledger), len(todo))
	}
	for _, c := range todo { // the bytes, by their hash
		if status := put(c); status != http.StatusOK {
			t.Errorf("chunk %d of %s, once more: %d, want 200", c.n, c.track, status)
		}
	}
	r.Upload.URL = p.base + path
	r.complete(
		fmt.Sprintf(`"screen":{"chunks":%d,"bytes":%d}`, chunks, chunks*size),
		fmt.Sprintf(`"camera":{"chunks":%d,"bytes":%d}`, chunks, chunks*size),
	)
	original, _ := p.send("GET", p.base+"/api/v1/videos/"+r.ID+"/original", nil, "Authorization: Bearer "+key)
	var want []byte
	for n := range chunks {
		want = append(want, bodies[name{"screen", n}]...)
	}
	if !bytes.Equal(original, want) {
		t.Errorf("the original has %d bytes, not those of the ledger", len(original))
	}
}
