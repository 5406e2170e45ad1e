//go:build bench

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"meanwhile/storage"
)

const saying = "I would cut the part about the old table: at this point everybody has seen it, and the new one " +
	"answers all three questions."

// comments measures how fast people can comment, compared with the same rows written directly into
// the same table.
func comments(b *bench) []row {
	rows := append(
		[]row{
			{
				Figure: "what the disk allows: 4 KB written and made durable, one after another",
				Ours:   b.syncs().in("/s"),
			},
		},
		b.talk("SQLite", "")...)
	server := os.Getenv("MEANWHILE_TEST_DATABASE_URL")
	if server == "" {
		return append(rows, row{Figure: "comments on PostgreSQL", Ours: "not measured: no server"})
	}
	return append(rows, b.talk("PostgreSQL", newDatabase(b, server))...)
}

// syncs measures how often per second this disk makes a page durable in a file that has its full
// length, like a log. One writer that answers after each row cannot be faster.
func (b *bench) syncs() (rate sample) {
	b.Helper()
	f, err := os.Create(filepath.Join(b.folder(), "page"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page, pages := make([]byte, 4096), int64(1024)
	for i := range pages {
		if _, err := f.WriteAt(page, i*int64(len(page))); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	for range b.times(5) {
		began, n := time.Now(), int64(0)
		for time.Since(began) < b.span(time.Second) {
			if _, err := f.WriteAt(page, n%pages*int64(len(page))); err != nil {
				b.Fatal(err)
			}
			if err := unix.Fdatasync(int(f.Fd())); err != nil {
				b.Fatal(err)
			}
			n++
		}
		rate.add(float64(n) / time.Since(began).Seconds())
	}
	return rate
}

func (b *bench) talk(engine, database string) []row {
	b.Helper()
	s := newSubject(b, database, "MEANWHILE_TRUSTED_PROXIES=127.0.0.1/32")
	s.db.SetMaxIdleConns(clients)
	if database != "" {
		s.db.SetMaxOpenConns(clients)
	}
	tiny := b.tinyClip()
	var videos []begun
	for range clients {
		videos = append(videos, s.ready(tiny))
	}
	var rows []row
	for _, talk := range []struct {
		who, name string
		videos    []begun
		writer    func(*http.Request)
	}{
		{"", "one conversation", videos[:1], s.asOwner}, {"", "eight conversations", videos, s.asOwner},
		{"guest ", "one conversation", videos[:1], asNewGuest}, {"guest ", "eight conversations", videos, asNewGuest},
	} {
		var ours, bare, median, p99 sample
		for range b.times(5) {
			said := s.sayAll(b, talk.videos, talk.writer)
			ours.add(said.perSecond)
			median.addMillis(said.percentile(0.5))
			p99.addMillis(said.percentile(0.99))
			bare.add(s.write(b, talk.videos).perSecond)
		}
		name := fmt.Sprintf("%scomments through the API, %s, %s", talk.who, engine, talk.name)
		r := compared(name+" / bare inserts", ours, bare, "inserts/s", 0)
		r.Hold, r.Held = atLeast(ours.median()/bare.median(), 0.2, "")
		rate := row{Figure: name + ", inserts/s", Ours: ours.in("inserts/s")}
		rate.Hold, rate.Held = atLeast(ours.median(), 3000, "inserts/s")
		slow := row{Figure: name + ", p99", Ours: p99.in("ms") + ", p50 " + median.in("ms")}
		slow.Hold, slow.Held = atMost(p99.median(), 20, "ms")
		rows = append(rows, r, rate, slow)
	}
	return rows
}

// tinyClip is two seconds that are processed in a moment.
func (b *bench) tinyClip() string {
	b.Helper()
	return b.clip("tiny.mp4", func(string) []string {
		return append(
			[]string{"-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=2"},
			"-c:v",
			"libx264",
			"-g",
			"5",
			"-pix_fmt",
			"yuv420p",
			"-f",
			"mp4",
		)
	})
}

func (s *subject) asOwner(req *http.Request) { req.Header.Set("Authorization", "Bearer "+s.key) }

// asNewGuest makes a request come from a guest and an address of its own behind a proxy, as nearly
// all who comment do. All limits are on.
func asNewGuest(req *http.Request) {
	n := rand.Uint32()
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("%d.%d.%d.%d", 11+n>>24%100, n>>16&255, n>>8&255, n&255))
	req.Header.Set("Meanwhile-Guest", storage.NewRandomID())
}

// sayAll has every client comment under its video, each time as soon as it has its answer.
func (s *subject) sayAll(b *bench, videos []begun, as func(*http.Request)) load {
	b.Helper()
	return drive(b, b.span(4*time.Second), func(ctx context.Context, n int, c *http.Client) error {
		return s.say(ctx, c, videos[n%len(videos)].token, as)
	})
}

// say writes one comment.
func (s *subject) say(ctx context.Context, c *http.Client, token string, as func(*http.Request)) error {
	body, err := json.Marshal(map[string]any{"at_ms": rand.IntN(2000), "body": saying, "name": "Guest"})
	if err != nil {
		return err
	}
	address := s.base + "/api/v1/shares/" + token + "/comments"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	as(req)
	req.Header.Set("Content-Type", "application/json")
	return exchange(c, req, http.StatusCreated)
}

// below counts down from zero for rows of other writers, since no comment of the program has a
// negative number.
var below atomic.Int64

// write has the same number of writers insert the same rows, each with one statement.
func (s *subject) write(b *bench, videos []begun) load {
	b.Helper()
	var owner string
	s.row(`SELECT owner_id FROM videos WHERE id = $1`, []any{videos[0].id}, &owner)
	return drive(b, b.span(4*time.Second), func(ctx context.Context, n int, _ *http.Client) error {
		now := time.Now()
		id := storage.NewOrderedID(now)
		_, err := s.db.ExecContext(
			ctx,
			`INSERT INTO comments (id, video_id, thread_id, thread_at_ms, reply, seq, author_id, author_name, edit_hash,
				at_ms, until_ms, body, created_ms, edited_ms, deleted_ms)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, NULL, $10, $11, NULL, NULL)`,
			id,
			videos[n%len(videos)].id,
			id,
			rand.IntN(2000),
			false,
			below.Add(-1),
			owner,
			"Owner",
			rand.IntN(2000),
			saying,
			now.UnixMilli(),
		)
		return err
	})
}
