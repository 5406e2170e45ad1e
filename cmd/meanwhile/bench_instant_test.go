//go:build bench

package main_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/hibiken/asynq"

	"meanwhile/storage"
	"meanwhile/storage/redisbus"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/queue"
)

// sealedToPlayable measures how long a person waits from the last byte of a recording until it
// plays, compared with the copy by hand.
func sealedToPlayable(b *bench) []row {
	screen, camera := b.screen(b.seconds(60), "mp4"), b.camera(b.seconds(20), "mp4")
	tools := b.tools()
	var rows []row
	for _, file := range []struct{ name, path string }{
		{"60 s, H.264", screen},
		{"10 min, H.264", b.joined(fmt.Sprintf("screen-%ds.mp4", b.seconds(600)), screen, 10*b.size(screen), true)},
		{"60 s, VP8", b.screen(b.seconds(60), "webm")},
		{"96 MB, H.264", b.joined("camera-96MB.mp4", camera, 96e6, true)},
		{"384 MB, H.264", b.joined("camera-384MB.mp4", camera, 384e6, true)},
	} {
		src := b.source(tools, file.path)
		var ours, alone, durable sample
		for range b.times(5) {
			ours.addMillis(b.playable(file.path))
			_, wall := b.copyAlone(file.path, src.Probe)
			alone.addMillis(wall)
			durable.addMillis(b.durableCopy(src))
		}
		r := compared("sealed → playable, "+file.name+" / bare remux", ours, alone, "ms", 0)
		more := ours.median() - alone.median()
		r.Ratio = "+" + number(more) + " ms"
		r.Hold, r.Held = atMost(more, 300, "ms more")
		r.Bare += "; with fsync " + number(durable.median()) + " ms"
		rows = append(rows, r)
	}
	return rows
}

// playable measures once, on a program that has just started and does nothing else. It does not
// wait for the work after the copy.
func (b *bench) playable(path string) time.Duration {
	b.Helper()
	s := newSubject(b, "")
	defer s.kill()
	up := s.sealing(path, func() {})
	return s.playableAfter(up.id)
}

// durableCopy returns the wall time of the copy by hand, including its sync to the disk.
func (b *bench) durableCopy(src ffmpeg.Source) time.Duration {
	b.Helper()
	c := *b.plan(src.Probe).Copy
	out := filepath.Join(b.folder(), "copy."+string(c.Container))
	defer os.Remove(out)
	began := time.Now()
	bare(b, "ffmpeg", ffmpeg.CopyArgs(src.Path, out, src.Probe, c)...)
	f, err := os.Open(out)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// pickUp measures how long a task waits for an idle worker, compared with asynq's own settings.
func pickUp(b *bench) []row {
	r, err := redisbus.Open(b.Context(), "embedded:", slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	o := r.Options()
	opt := asynq.RedisClientOpt{
		Network:   o.Network,
		Addr:      o.Addr,
		Username:  o.Username,
		Password:  o.Password,
		DB:        o.DB,
		TLSConfig: o.TLS,
	}

	taken := make(chan time.Time)
	srv, err := queue.Start(opt, map[storage.QueueName]int{storage.QueueInstant: 2},
		func(context.Context, storage.StageID) { taken <- time.Now() }, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Stop()
	client := queue.NewClient(opt)
	defer client.Close()
	ours := b.waits(b.times(100), 250*time.Millisecond, taken, func(i int) error {
		return client.Enqueue(
			b.Context(),
			storage.Job{Stage: storage.StageID(fmt.Sprint(i)), Queue: storage.QueueInstant},
		)
	})

	plain := asynq.NewServer(
		opt,
		asynq.Config{Concurrency: 2, Queues: map[string]int{"plain": 1}, LogLevel: asynq.FatalLevel},
	)
	if err := plain.Start(
		asynq.HandlerFunc(func(context.Context, *asynq.Task) error { taken <- time.Now(); return nil }),
	); err != nil {
		b.Fatal(err)
	}
	defer plain.Shutdown()
	sender := asynq.NewClient(opt)
	defer sender.Close()
	usual := b.waits(b.times(20), 2*time.Second, taken, func(int) error {
		_, err := sender.EnqueueContext(b.Context(), asynq.NewTask("plain", nil), asynq.Queue("plain"))
		return err
	})
	line := compared("queue: pick-up on an idle worker / asynq's own settings", ours, usual, "ms", 0)
	line.Hold, line.Held = atMost(ours.median(), 50, "ms (median)")
	return []row{line}
}

// waits sends n tasks at moments independent of the worker's own, and returns how long each waited,
// in ms.
func (b *bench) waits(n int, within time.Duration, taken <-chan time.Time, send func(i int) error) sample {
	b.Helper()
	var waits sample
	for i := range max(n, 3) {
		<-time.After(rand.N(within)) // an idle worker may be at any moment of its cycle
		sent := time.Now()
		if err := send(i); err != nil {
			b.Fatal(err)
		}
		select {
		case at := <-taken:
			waits.addMillis(at.Sub(sent))
		case <-time.After(10 * time.Second):
			b.Fatal("a task was not picked up")
		}
	}
	slices.Sort(waits)
	return waits
}
