package queue_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"

	"meanwhile"
	"meanwhile/worker/queue"
)

// onBoth runs a test on the Redis that runs inside a process and on a server.
func onBoth(t *testing.T, run func(t *testing.T, opt asynq.RedisConnOpt)) {
	t.Run("embedded", func(t *testing.T) { run(t, asynq.RedisClientOpt{Addr: miniredis.RunT(t).Addr()}) })
	t.Run("server", func(t *testing.T) { run(t, mustServerRedis(t)) })
}

func start(t testing.TB, opt asynq.RedisConnOpt, handle queue.Handler) *queue.Server {
	t.Helper()
	slots := map[meanwhile.QueueName]int{meanwhile.QueueInstant: 1, meanwhile.QueueEncode: 1}
	s, err := queue.Start(opt, slots, handle, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func enqueue(t testing.TB, c *queue.Client, j meanwhile.Job) {
	t.Helper()
	if err := c.Enqueue(t.Context(), j); err != nil {
		t.Fatal(err)
	}
}

func within(t testing.TB, got <-chan meanwhile.StageID, want meanwhile.StageID) {
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
	j := meanwhile.Job{Stage: "s1", Queue: meanwhile.QueueInstant, Attempt: 1, Send: 1}
	enqueue(t, c, j)
	enqueue(t, c, j) // a second time is no error, and no second task
	j.Send = 2
	enqueue(t, c, j)
	enqueue(t, c, meanwhile.Job{Stage: "last", Queue: meanwhile.QueueInstant})
	got := make(chan meanwhile.StageID, 10)
	s := start(t, opt, func(_ context.Context, id meanwhile.StageID) { got <- id })
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
	got, release := make(chan meanwhile.StageID, 10), make(chan struct{})
	s := start(t, opt, func(_ context.Context, id meanwhile.StageID) {
		got <- id
		if id == "encode" {
			<-release
		}
	})
	defer s.Stop()
	defer close(release)
	enqueue(t, c, meanwhile.Job{Stage: "encode", Queue: meanwhile.QueueEncode})
	within(t, got, "encode")
	enqueue(t, c, meanwhile.Job{Stage: "copy", Queue: meanwhile.QueueInstant})
	within(t, got, "copy")
}

func TestStopWaitsForHandlersToHandBack(t *testing.T) { onBoth(t, testStopWaitsForHandlersToHandBack) }

func testStopWaitsForHandlersToHandBack(t *testing.T, opt asynq.RedisConnOpt) {
	c := queue.NewClient(opt)
	defer c.Close()
	began, handedBack := make(chan meanwhile.StageID, 1), false
	s := start(t, opt, func(ctx context.Context, id meanwhile.StageID) {
		began <- id
		<-ctx.Done()
		handedBack = true
	})
	enqueue(t, c, meanwhile.Job{Stage: "s1", Queue: meanwhile.QueueEncode})
	within(t, began, "s1")
	s.Stop()
	if !handedBack {
		t.Error("Stop returned before the handler did")
	}
	inspector := asynq.NewInspector(opt)
	defer inspector.Close()
	info, err := inspector.GetQueueInfo(string(meanwhile.QueueEncode))
	if err != nil {
		t.Fatal(err)
	}
	if info.Pending+info.Retry+info.Archived+info.Active != 0 {
		t.Errorf("the queue still holds the job: %+v; the database alone knows what is left to do", info)
	}
}

func TestRedisAwayIsUnavailable(t *testing.T) {
	c := queue.NewClient(asynq.RedisClientOpt{Addr: "127.0.0.1:1", DialTimeout: time.Second})
	defer c.Close()
	err := c.Enqueue(t.Context(), meanwhile.Job{Stage: "s", Queue: meanwhile.QueueShort})
	if meanwhile.KindOf(err) != meanwhile.Unavailable || meanwhile.MessageOf(err) == "" {
		t.Errorf("Enqueue = %v, want Unavailable with a sentence", err)
	}
}

func TestDelayedJobIsNotEarly(t *testing.T) { onBoth(t, testDelayedJobIsNotEarly) }

func testDelayedJobIsNotEarly(t *testing.T, opt asynq.RedisConnOpt) {
	c := queue.NewClient(opt)
	defer c.Close()
	got := make(chan meanwhile.StageID, 10)
	s := start(t, opt, func(_ context.Context, id meanwhile.StageID) { got <- id })
	defer s.Stop()
	began := time.Now()
	const wait = 1500 * time.Millisecond
	enqueue(t, c, meanwhile.Job{Stage: "later", Queue: meanwhile.QueueInstant, Delay: wait})
	enqueue(t, c, meanwhile.Job{Stage: "now", Queue: meanwhile.QueueInstant})
	within(t, got, "now")
	within(t, got, "later")
	if took := time.Since(began); took < wait {
		t.Errorf("it came after %s, want %s at least", took, wait)
	}
}
