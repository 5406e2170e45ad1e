package queue_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"meanwhile/storage"
	"meanwhile/storage/redisbus"
	"meanwhile/worker/queue"
)

// onBoth runs a test on the embedded Redis and on a server.
func onBoth(t *testing.T, run func(t *testing.T, opt asynq.RedisConnOpt)) {
	t.Run("embedded", func(t *testing.T) { run(t, asynq.RedisClientOpt{Addr: miniredis.RunT(t).Addr()}) })
	t.Run("server", func(t *testing.T) { run(t, mustServerRedis(t)) })
}

// sparing wraps options as the program does for its worker.
type sparing struct{ asynq.RedisConnOpt }

func (s sparing) MakeRedisClient() any { return redisbus.Spare(s.RedisConnOpt.MakeRedisClient()) }

func start(t testing.TB, opt asynq.RedisConnOpt, handle queue.Handler) *queue.Server {
	t.Helper()
	return startOn(t, sparing{opt}, handle)
}

func startOn(t testing.TB, opt asynq.RedisConnOpt, handle queue.Handler) *queue.Server {
	t.Helper()
	slots := map[storage.QueueName]int{storage.QueueInstant: 1, storage.QueueEncode: 1}
	s, err := queue.Start(opt, slots, handle, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func enqueue(t testing.TB, c *queue.Client, j storage.Job) {
	t.Helper()
	if err := c.Enqueue(t.Context(), j); err != nil {
		t.Fatal(err)
	}
}

func within(t testing.TB, got <-chan storage.StageID, want storage.StageID) {
	t.Helper()
	select {
	case id := <-got:
		if id != want {
			t.Fatalf("got stage %q, want %q", id, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("stage %q never came", want)
	}
}

func TestSameSendingIsOneTaskAndANewSendingIsAnother(t *testing.T) {
	onBoth(t, testSameSendingIsOneTaskAndANewSendingIsAnother)
}

func testSameSendingIsOneTaskAndANewSendingIsAnother(t *testing.T, opt asynq.RedisConnOpt) {
	c := queue.NewClient(opt)
	defer c.Close()
	j := storage.Job{Stage: "s1", Queue: storage.QueueInstant, Attempt: 1, Send: 1}
	enqueue(t, c, j)
	enqueue(t, c, j) // again: no error, and no second task
	j.Send = 2
	enqueue(t, c, j)
	enqueue(t, c, storage.Job{Stage: "last", Queue: storage.QueueInstant})
	got := make(chan storage.StageID, 10)
	s := start(t, opt, func(_ context.Context, id storage.StageID) { got <- id })
	defer s.Stop()
	within(t, got, "s1")
	within(t, got, "s1")
	within(t, got, "last")
}

func TestInstantJobsDoNotWaitBehindAnEncode(t *testing.T) {
	onBoth(t, testInstantJobsDoNotWaitBehindAnEncode)
}

func testInstantJobsDoNotWaitBehindAnEncode(t *testing.T, opt asynq.RedisConnOpt) {
	c := queue.NewClient(opt)
	defer c.Close()
	got, release := make(chan storage.StageID, 10), make(chan struct{})
	s := start(t, opt, func(_ context.Context, id storage.StageID) {
		got <- id
		if id == "encode" {
			<-release
		}
	})
	defer s.Stop()
	defer close(release)
	enqueue(t, c, storage.Job{Stage: "encode", Queue: storage.QueueEncode})
	within(t, got, "encode")
	enqueue(t, c, storage.Job{Stage: "copy", Queue: storage.QueueInstant})
	within(t, got, "copy")
}

func TestStopWaitsForHandlersToHandBack(t *testing.T) { onBoth(t, testStopWaitsForHandlersToHandBack) }

func testStopWaitsForHandlersToHandBack(t *testing.T, opt asynq.RedisConnOpt) {
	c := queue.NewClient(opt)
	defer c.Close()
	began, handedBack := make(chan storage.StageID, 1), false
	s := start(t, opt, func(ctx context.Context, id storage.StageID) {
		began <- id
		<-ctx.Done()
		handedBack = true
	})
	enqueue(t, c, storage.Job{Stage: "s1", Queue: storage.QueueEncode})
	within(t, began, "s1")
	s.Stop()
	if !handedBack {
		t.Error("Stop returned before the handler did")
	}
	inspector := asynq.NewInspector(opt)
	defer inspector.Close()
	info, err := inspector.GetQueueInfo(string(storage.QueueEncode))
	if err != nil {
		t.Fatal(err)
	}
	if info.Pending+info.Retry+info.Archived+info.Active != 0 {
		t.Errorf("the queue still holds the job: %+v; the database alone knows what is left to do", info)
	}
}

// wire counts commands: looks at a key, and scripts by the ending of their first key.
type wire struct {
	asynq.RedisConnOpt
	mu    sync.Mutex
	count map[string]int
}

func (w *wire) MakeRedisClient() any {
	c := w.RedisConnOpt.MakeRedisClient()
	c.(redis.UniversalClient).AddHook(w)
	return c
}

func (w *wire) DialHook(next redis.DialHook) redis.DialHook { return next }

func (w *wire) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (w *wire) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		w.mu.Lock()
		switch args := cmd.Args(); cmd.Name() {
		case "exists":
			w.count["looks"]++
		case "eval", "evalsha":
			key := fmt.Sprint(args[3])
			w.count[key[strings.LastIndex(key, ":")+1:]]++
		}
		w.mu.Unlock()
		return next(ctx, cmd)
	}
}

func (w *wire) counted(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count[what]
}

// An idle worker asks all the time. It may look at keys, but must not run a script in Redis for
// each question.
func TestIdleWorkerRunsNoScriptsForWork(t *testing.T) {
	onBoth(t, testIdleWorkerRunsNoScriptsForWork)
}

func testIdleWorkerRunsNoScriptsForWork(t *testing.T, opt asynq.RedisConnOpt) {
	// wire is behind sparing and counts what it lets through
	w := &wire{RedisConnOpt: sparing{opt}, count: map[string]int{}}
	s := startOn(t, w, func(context.Context, storage.StageID) {})
	defer s.Stop()
	eventually(
		t,
		"the worker asked for work, and for what has become due",
		func() bool { return w.counted("looks") >= 40 },
	)
	for _, from := range []string{"pending", "scheduled", "retry"} {
		if n := w.counted(from); n > 0 {
			t.Errorf("%d scripts were run to take from %q, which is empty", n, from)
		}
	}
}

func TestRedisAwayIsUnavailable(t *testing.T) {
	c := queue.NewClient(asynq.RedisClientOpt{Addr: "127.0.0.1:1", DialTimeout: time.Second})
	defer c.Close()
	err := c.Enqueue(t.Context(), storage.Job{Stage: "s", Queue: storage.QueueShort})
	if storage.KindOf(err) != storage.Unavailable || storage.MessageOf(err) == "" {
		t.Errorf("Enqueue = %v, want Unavailable with a sentence", err)
	}
}

func TestDelayedJobIsNotEarly(t *testing.T) { onBoth(t, testDelayedJobIsNotEarly) }

func testDelayedJobIsNotEarly(t *testing.T, opt asynq.RedisConnOpt) {
	c := queue.NewClient(opt)
	defer c.Close()
	got := make(chan storage.StageID, 10)
	s := start(t, opt, func(_ context.Context, id storage.StageID) { got <- id })
	defer s.Stop()
	began := time.Now()
	const wait = 1500 * time.Millisecond
	enqueue(t, c, storage.Job{Stage: "later", Queue: storage.QueueInstant, Delay: wait})
	enqueue(t, c, storage.Job{Stage: "now", Queue: storage.QueueInstant})
	within(t, got, "now")
	within(t, got, "later")
	if took := time.Since(began); took < wait {
		t.Errorf("it came after %s, want %s at least", took, wait)
	}
}

func TestWorkersAreCountedByTheProcess(t *testing.T) { onBoth(t, testWorkersAreCountedByTheProcess) }

func testWorkersAreCountedByTheProcess(t *testing.T, opt asynq.RedisConnOpt) {
	count := func() int {
		t.Helper()
		n, err := queue.Workers(opt)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("%d processes work before one was started", n)
	}
	c := queue.NewClient(opt)
	defer c.Close()
	got := make(chan storage.StageID, 1)
	s := start(t, opt, func(_ context.Context, id storage.StageID) { got <- id })
	enqueue(t, c, storage.Job{Stage: "first", Queue: storage.QueueEncode, Attempt: 1})
	within(t, got, "first") // it works, so it has said that it does
	if n := count(); n != 1 {
		t.Errorf("%d processes work, want one, whatever the number of its queues", n)
	}
	s.Stop()
	if n := count(); n != 0 {
		t.Errorf("%d processes work after it was stopped", n)
	}
}
