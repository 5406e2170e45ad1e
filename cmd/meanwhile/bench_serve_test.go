//go:build bench

package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// rangeBytes is about what a player requests at once.
const rangeBytes = 300 << 10

// mediaRoute compares the delivery of media bytes with http.ServeContent of the same file.
func mediaRoute(b *bench) []row {
	s := newSubject(b, "")
	up := s.ready(b.camera(b.seconds(20), "mp4"))
	address, dir := s.mediaURL(up.token), b.folder()
	file := filepath.Join(dir, "media.mp4")
	download(b, address, file, nil)
	peer, size := newBareServer(b, dir), b.size(file)
	from := func(address string) func() load {
		return func() load {
			return drive(b, b.span(3*time.Second), func(ctx context.Context, _ int, c *http.Client) error {
				at := rand.Int64N(size - rangeBytes)
				return fetch(
					ctx,
					c,
					address,
					map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", at, at+rangeBytes-1)},
					http.StatusPartialContent,
				)
			})
		}
	}
	p := b.sideBySide(from(address), from(peer.base+"/file/media.mp4"), s.cmd.Process.Pid, peer.pid)
	rate := compared("media route, ranges of 300 KB / http.ServeContent", p.ours, p.bare, "requests/s", 0)
	rate.Hold, rate.Held = atLeast(p.ours.median()/p.bare.median(), 0.9, "")
	return []row{rate, compared("the same, CPU of the server a request", p.oursCPU, p.bareCPU, "µs", 0)}
}

// watchPages compares the page that everybody with a link opens with a server that sends the same
// bytes ready made.
func watchPages(b *bench) []row {
	s := newSubject(b, "")
	up := s.ready(b.screen(b.seconds(20), "mp4"))
	page := s.base + "/v/" + up.token
	dir := b.folder()
	packed := filepath.Join(dir, "packed.html")
	if h := download(b, page, packed, http.Header{"Accept-Encoding": {"gzip"}}); h.Get("Content-Encoding") != "gzip" {
		b.Fatal("the watch page is not packed")
	}
	peer := newBareServer(b, dir)
	from := func(address string) func() load {
		return func() load {
			return drive(b, b.span(3*time.Second), func(ctx context.Context, _ int, c *http.Client) error {
				return fetch(ctx, c, address, map[string]string{"Accept-Encoding": "gzip"}, http.StatusOK)
			})
		}
	}
	p := b.sideBySide(from(page), from(peer.base+"/packed"), s.cmd.Process.Pid, peer.pid)
	rate := compared("watch page / the ready bytes (SendRec: 730/s)", p.ours, p.bare, "pages/s", 0)
	rate.Hold, rate.Held = atLeast(p.ours.median(), 2000, "pages/s")
	size := row{Figure: "watch page, HTML compressed", Ours: number(float64(b.size(packed))/1000) + " KB"}
	size.Hold, size.Held = atMost(float64(b.size(packed))/1000, 12, "KB")
	rows := []row{rate, compared("the same, CPU of the server a page", p.oursCPU, p.bareCPU, "µs", 0), size}
	for n := range 50 {
		body := fmt.Sprintf(`{"at_ms":%d,"body":%q}`, 300*n, saying)
		if _, status := s.program.send("POST", s.base+"/api/v1/shares/"+up.token+"/comments", []byte(body),
			"Authorization: Bearer "+s.key, "Content-Type: application/json"); status != http.StatusCreated {
			b.Fatalf("a comment: %d", status)
		}
	}
	p = b.sideBySide(from(page), from(peer.base+"/packed"), s.cmd.Process.Pid, peer.pid)
	talk := compared("watch page with 50 comments / the ready bytes of one without", p.ours, p.bare, "pages/s", 0)
	talk.Hold, talk.Held = atLeast(p.ours.median(), 1500, "pages/s")
	return append(rows, talk)
}

// twentyFiles measures how soon a watch page comes while twenty files arrive and two of them at a
// time are encoded, compared with an idle program. People come every 50 ms, even if the last one
// has not been served yet.
func twentyFiles(b *bench) []row {
	s := newSubject(b, "", "MEANWHILE_WORKER_CONCURRENCY=2")
	page := s.base + "/v/" + s.ready(b.screen(b.seconds(20), "mp4")).token
	quiet := b.visits(page, b.span(20*time.Second))

	clip := b.screen(b.seconds(20), "webm")
	var arriving errgroup.Group
	for range 20 {
		arriving.Go(func() error {
			_, err := s.upload(clip)
			return err
		})
	}
	arrival := b.visits(page, b.span(5*time.Second))
	if err := arriving.Wait(); err != nil {
		b.Fatal(err)
	}
	s.until(2*time.Minute, "two encodes", func() bool { return s.encodes() == 2 })
	busy := b.visits(page, b.span(40*time.Second))
	if n := s.encodes(); n != 2 {
		b.Fatalf("%d encodes run at the end, want 2: the clip is too short", n)
	}
	r := row{
		Figure: "20 files at once: watch page p99 while two encodes run / while nothing else is done",
		Ours: fmt.Sprintf("%s ms (p50 %s, most %s, of %d visits; while the files arrive p99 %s)",
			ms(busy, 0.99), ms(busy, 0.5), ms(busy, 1), len(busy.took), ms(arrival, 0.99)),
		Bare: ms(quiet, 0.99) + " ms",
	}
	r.Hold, r.Held = atMost(millis(busy.percentile(0.99)), 100, "ms")
	return []row{r}
}

func ms(l load, p float64) string { return number(millis(l.percentile(p))) }

// visits opens the page every 50 ms.
func (b *bench) visits(page string, span time.Duration) load {
	b.Helper()
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true}}
	defer c.CloseIdleConnections()
	n := int(span / (50 * time.Millisecond))
	answers := make(chan time.Duration, n)
	problems := make(chan error, n)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range n {
		<-tick.C
		go func() {
			asked := time.Now()
			problems <- fetch(b.Context(), c, page, map[string]string{"Accept-Encoding": "gzip"}, http.StatusOK)
			answers <- time.Since(asked)
		}()
	}
	var l load
	for range n {
		if err := <-problems; err != nil {
			b.Fatal(err)
		}
		l.took = append(l.took, <-answers)
	}
	slices.Sort(l.took)
	l.perSecond = float64(n) / span.Seconds()
	return l
}

// encodes returns how many ladders are being made.
func (s *subject) encodes() (n int) {
	s.row(`SELECT COUNT(*) FROM stages WHERE step = 'encode' AND state = 'running'`, nil, &n)
	return n
}
