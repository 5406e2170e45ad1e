package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestRollingRestartFailsNoRequest restarts one server after another while people read, watch,
// write and upload.
func TestRollingRestartFailsNoRequest(t *testing.T) {
	t.Parallel()
	// Longer than the time between two health checks, so that the balancer notices before the port
	// closes.
	s := newSite(t, 2, "MEANWHILE_DRAIN_DELAY=3s", "MEANWHILE_TRUSTED_PROXIES=127.0.0.1")
	c := &crowd{t: t, site: s, key: s.owner()}
	s.newWorker()
	file := clip(t, "small.mp4", 4, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac")
	id := s.push(file)
	v := s.waitState(c.key, id, time.Minute, "ready")
	c.link = v.LinkToken
	c.learn()

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	for _, act := range []func(context.Context){c.read, c.look, c.watch, c.say, c.say, c.say, c.follow} {
		running.Go(func() {
			pace := time.NewTicker(25 * time.Millisecond) // a steady stream, not a load test
			defer pace.Stop()
			for ctx.Err() == nil {
				act(ctx)
				<-pace.C
			}
		})
	}
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	running.Go(func() { c.upload(ctx, body) })
	for range 2 {
		for _, server := range s.servers {
			s.until(
				20*time.Second,
				"both servers",
				func() bool { return s.front.isReady(s.servers[0].base) && s.front.isReady(s.servers[1].base) },
			)
			before := c.done.Load()
			if err := server.stop(); err != nil {
				t.Errorf("a server ended with %v, want exit code 0", err)
			}
			s.until(20*time.Second, "requests meanwhile", func() bool { return c.done.Load() > before+20 })
			server.start()
		}
	}
	stop()
	running.Wait()
	if c.done.Load() < 100 || c.said.Load() < 5 || c.uploads.Load() < 1 {
		t.Errorf(
			"only %d requests, %d comments and %d uploads: that proves little",
			c.done.Load(),
			c.said.Load(),
			c.uploads.Load(),
		)
	}
	var list struct{ Count int64 }
	s.get("", "/api/v1/shares/"+c.link+"/comments", &list)
	if list.Count != c.said.Load() {
		t.Errorf("%d comments are there, %d were answered for", list.Count, c.said.Load())
	}
	t.Logf("%d requests, %d of them comments, %d whole uploads", c.done.Load(), c.said.Load(), c.uploads.Load())
}

// crowd is the people who use the site meanwhile. Every unexpected answer is a test error.
type crowd struct {
	t     *testing.T
	site  *site
	key   string
	link  string
	media string // address of what plays
	bytes []byte // its bytes

	done, said, uploads atomic.Int64
}

// ask sends one request and returns the body of its answer. It reports errors unless the test is
// over.
func (c *crowd) ask(
	ctx context.Context,
	method, path string,
	body []byte,
	want int,
	header ...string,
) (*http.Response, []byte) {
	// Finish what has begun: the end of the test is no failure of the site.
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), method, c.site.base+path, bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return nil, nil
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
		return nil, nil
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.t.Errorf("%s %s: %s, %v, want %d: %.200s", method, path, res.Status, err, want, b)
		return nil, nil
	}
	c.done.Add(1)
	return res, b
}

// learn finds what plays, and its bytes.
func (c *crowd) learn() {
	c.t.Helper()
	var link struct {
		Playback struct {
			Tracks []struct{ Sources []struct{ URL string } }
		}
	}
	c.site.get("", "/api/v1/shares/"+c.link, &link)
	if len(link.Playback.Tracks) != 1 || len(link.Playback.Tracks[0].Sources) == 0 {
		c.t.Fatalf("nothing plays: %+v", link)
	}
	c.media = link.Playback.Tracks[0].Sources[0].URL
	_, c.bytes = c.ask(c.t.Context(), http.MethodGet, c.media, nil, http.StatusOK)
	if len(c.bytes) < 10_000 {
		c.t.Fatalf("what plays has %d bytes", len(c.bytes))
	}
}

func (c *crowd) read(ctx context.Context) {
	c.ask(ctx, http.MethodGet, "/v/"+c.link, nil, http.StatusOK)
}

func (c *crowd) look(ctx context.Context) {
	c.ask(ctx, http.MethodGet, "/api/v1/videos?limit=5", nil, http.StatusOK, "Authorization", "Bearer "+c.key)
}

// watch reads a piece of the media with a grant, which one server gave and every server accepts.
func (c *crowd) watch(ctx context.Context) {
	const start, end = 1000, 9000
	if _, got := c.ask(
		ctx,
		http.MethodGet,
		c.media,
		nil,
		http.StatusPartialContent,
		"Range",
		fmt.Sprintf("bytes=%d-%d", start, end-1),
	); got != nil &&
		!bytes.Equal(got, c.bytes[start:end]) {
		c.t.Error("other bytes than before")
	}
}

func (c *crowd) say(ctx context.Context) {
	body := []byte(`{"at_ms": 1000, "body": "in the middle of a restart"}`)
	if _, b := c.ask(
		ctx,
		http.MethodPost,
		"/api/v1/shares/"+c.link+"/comments",
		body,
		http.StatusCreated,
		"Authorization",
		"Bearer "+c.key,
		"Content-Type",
		"application/json",
	); b != nil {
		c.said.Add(1)
	}
}

// follow listens to events until its server stops: the stream must end in an orderly way.
func (c *crowd) follow(ctx context.Context) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.site.base+"/api/v1/shares/"+c.link+"/events", nil)
	if err != nil {
		c.t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	if ctx.Err() == nil && (err != nil || res.StatusCode != http.StatusOK) {
		c.t.Errorf("events: %v", err)
	}
}

// pieces is into how many requests a file is cut. At one every 100 ms, an upload takes longer than
// the restart of all servers.
const pieces = 150

// upload sends files in small pieces, each to the next server.
func (c *crowd) upload(ctx context.Context, file []byte) {
	pace := time.NewTicker(100 * time.Millisecond)
	defer pace.Stop()
	auth := []string{"Authorization", "Bearer " + c.key, "Tus-Resumable", "1.0.0"}
	piece := len(file)/pieces + 1
	for ctx.Err() == nil {
		name := base64.StdEncoding.EncodeToString([]byte("pieces.mp4"))
		res, _ := c.ask(
			ctx,
			http.MethodPost,
			"/api/v1/files/",
			nil,
			http.StatusCreated,
			append(auth, "Upload-Length", strconv.Itoa(len(file)), "Upload-Metadata", "filename "+name)...)
		if res == nil {
			return
		}
		path, id := res.Header.Get("Location"), res.Header.Get("Meanwhile-Video-Id")
		path = path[strings.Index(path, "/api/"):]
		for at := 0; at < len(file); at += piece {
			<-pace.C
			end := min(at+piece, len(file))
			res, _ := c.ask(ctx, http.MethodPatch, path, file[at:end], http.StatusNoContent,
				append(auth, "Upload-Offset", strconv.Itoa(at), "Content-Type", "application/offset+octet-stream")...)
			if res == nil || res.Header.Get("Upload-Offset") != strconv.Itoa(end) {
				c.t.Errorf("the upload does not stand at %d", end)
				return
			}
		}
		_, b := c.ask(ctx, http.MethodGet, "/api/v1/videos/"+id, nil, http.StatusOK, auth...)
		var v video
		if err := json.Unmarshal(b, &v); err != nil || v.State == "uploading" {
			c.t.Errorf("after the last byte the video is %q, %v", v.State, err)
		}
		c.uploads.Add(1)
	}
}
