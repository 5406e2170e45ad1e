//go:build bench

package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	bytesof "encoding/binary"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"meanwhile/worker/media"
)

// Recorders of 2.5 Mbit/s whose browsers send their data every two seconds.
const (
	recorders  = 50
	chunkEvery = 2 * time.Second
	chunkBytes = 2_500_000 / 8 * 2
	twoHours   = 3600 // chunks
)

// ingest measures how soon fifty recorders hear that a chunk is durable, and what the last chunk of
// a long recording costs compared with the first.
func ingest(b *bench) []row {
	s := newSubject(b, "")
	first, next := b.pieces()
	peer := newBareServer(b, b.folder())
	span := b.span(time.Minute)

	bare := b.record(span, peer.pid, func(ctx context.Context, n, chunk int, c *http.Client) error {
		return put(
			ctx,
			c,
			fmt.Sprintf("%s/keep/%d-%d", peer.base, n, chunk),
			"",
			filled(first, next, chunk, chunkBytes),
		)
	})
	var begun []*recorder
	for range recorders {
		begun = append(begun, s.record(s.key))
	}
	forgetPeak(b, s.cmd.Process.Pid)
	ours := b.record(span, s.cmd.Process.Pid, func(ctx context.Context, n, chunk int, c *http.Client) error {
		return put(
			ctx,
			c,
			fmt.Sprintf("%s/tracks/screen/chunks/%d", begun[n].Upload.URL, chunk),
			begun[n].Upload.Token,
			filled(first, next, chunk, chunkBytes),
		)
	})
	peak, _ := memoryOf(s.cmd.Process.Pid, "VmHWM")

	name := fmt.Sprintf("%d recorders of 2.5 Mbit/s", recorders)
	said := row{
		Figure: name + ", a chunk's answer p99 / a file written and synced",
		Ours: fmt.Sprintf(
			"%s ms (p50 %s, most %s, of %d)",
			ms(ours.load, 0.99),
			ms(ours.load, 0.5),
			ms(ours.load, 1),
			len(ours.took),
		),
		Bare: fmt.Sprintf("%s ms (p50 %s, most %s)", ms(bare.load, 0.99), ms(bare.load, 0.5), ms(bare.load, 1)),
	}
	said.Hold, said.Held = atMost(millis(ours.percentile(0.99)), 500, "ms")
	memory := row{Figure: name + ", memory of server and worker at most", Ours: number(peak) + " MiB"}
	memory.Hold, memory.Held = atMost(peak, 400, "MiB")
	rows := []row{said, compared("the same, CPU of the server a chunk", ours.cpu, bare.cpu, "ms", 0), memory}
	return append(rows, b.longRecording(s, first, next)...)
}

// longRecording sends a recording of two hours in small chunks, each as soon as the last one is
// answered.
func (b *bench) longRecording(s *subject, first, next []byte) []row {
	b.Helper()
	r, c, pid := s.record(s.key), oneConnection(), s.cmd.Process.Pid
	defer c.CloseIdleConnections()
	chunks, piece := twoHours, 400
	if b.quick {
		chunks, piece = 600, 100
	}
	sent := 0
	// send returns what a chunk costs, in CPU of the server.
	send := func(n int) (cpu sample) {
		before, _ := statOf(b, pid)
		for range n {
			err := put(
				b.Context(),
				c,
				fmt.Sprintf("%s/tracks/screen/chunks/%d", r.Upload.URL, sent),
				r.Upload.Token,
				filled(first, next, sent, 0),
			)
			if err != nil {
				b.Fatal(err)
			}
			sent++
		}
		after, _ := statOf(b, pid)
		return sample{millis(after-before) / float64(n)}
	}
	// ask returns what a viewer's requests cost: the playlist, and a piece of the newest bytes.
	ask := func() (playlist, piece sample) {
		var link struct {
			Playback struct{ Tracks []struct{ HLS string } }
		}
		if status := s.get(
			"",
			"/api/v1/shares/"+r.LinkToken,
			&link,
		); status != http.StatusOK ||
			len(link.Playback.Tracks) == 0 {
			b.Fatalf("share: %d", status)
		}
		list := s.base + link.Playback.Tracks[0].HLS
		cpuOf := func(address string, header map[string]string, status int) sample {
			before, _ := statOf(b, pid)
			const times = 500
			for range times {
				if err := fetch(b.Context(), c, address, header, status); err != nil {
					b.Fatal(err)
				}
			}
			after, _ := statOf(b, pid)
			return sample{millis(after-before) / times}
		}
		last := map[string]string{"Range": fmt.Sprintf("bytes=-%d", len(next))}
		return cpuOf(
				list,
				nil,
				http.StatusOK,
			), cpuOf(
				strings.TrimSuffix(list, ".m3u8")+".mp4",
				last,
				http.StatusPartialContent,
			)
	}
	send(20)
	early := send(piece)
	earlyList, earlyBytes := ask()
	send(chunks - 2*piece - 20)
	late := send(piece)
	lateList, lateBytes := ask()

	name := fmt.Sprintf("a recording of %d chunks, CPU of ", chunks)
	beside := func(what string, late, early sample, limit float64) row {
		r := compared(name+what+": at its end / at its beginning", late, early, "ms", limit)
		return r
	}
	return []row{
		beside("a chunk", late, early, 1.25),
		beside("a viewer's piece of the bytes", lateBytes, earlyBytes, 1.25),
		beside("a viewer's playlist, which grows", lateList, earlyList, 0),
	}
}

// ingested is the result for all recorders.
type ingested struct {
	load
	cpu sample // of the server for each chunk, ms
}

// record has recorders send a chunk every two seconds, spread over the interval. An answer's time
// counts from when the chunk was due.
func (b *bench) record(
	span time.Duration,
	pid int,
	send func(ctx context.Context, n, chunk int, c *http.Client) error,
) ingested {
	b.Helper()
	took := make([][]time.Duration, recorders)
	group, ctx := errgroup.WithContext(b.Context())
	before, _ := statOf(b, pid)
	began := time.Now()
	for n := range recorders {
		group.Go(func() error {
			c := oneConnection()
			defer c.CloseIdleConnections()
			due := began.Add(chunkEvery * time.Duration(n) / recorders)
			for chunk := 0; due.Sub(began) < span; chunk++ {
				wait := time.NewTimer(time.Until(due))
				select {
				case <-wait.C:
				case <-ctx.Done():
					return ctx.Err()
				}
				if err := send(ctx, n, chunk, c); err != nil {
					return err
				}
				took[n] = append(took[n], time.Since(due))
				due = due.Add(chunkEvery)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	after, _ := statOf(b, pid)
	all := slices.Concat(took...)
	slices.Sort(all)
	return ingested{
		load: load{perSecond: float64(len(all)) / span.Seconds(), took: all},
		cpu:  sample{millis(after-before) / float64(len(all))},
	}
}

// pieces returns the beginning of a browser's recording with its first fragment, and a later
// fragment.
func (b *bench) pieces() (first, next []byte) {
	b.Helper()
	file, err := os.ReadFile(filepath.Join("..", "..", "server", "testdata", "recorded.mp4"))
	if err != nil {
		b.Fatal(err)
	}
	x, err := media.IndexFragments(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		b.Fatal(err)
	}
	f := x.Fragments[0]
	return file[:f.Offset+f.SizeBytes], file[f.Offset : f.Offset+f.SizeBytes]
}

// filled returns a chunk of at least sizeBytes: a fragment, and a box that players skip.
func filled(first, next []byte, n, sizeBytes int) []byte {
	body := next
	if n == 0 {
		body = first
	}
	rest := sizeBytes - len(body)
	if rest < 8 {
		return body
	}
	free := make([]byte, rest)
	bytesof.BigEndian.PutUint32(free, uint32(rest))
	copy(free[4:], "free")
	return append(slices.Clip(body), free...)
}

// put sends a chunk as a browser does.
func put(ctx context.Context, c *http.Client, address, token string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	req.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":")
	req.Header.Set("Content-Type", "video/mp4")
	req.Header.Set("Authorization", "Bearer "+token)
	return exchange(c, req, http.StatusCreated)
}
