// Package queue carries jobs to workers by asynq. It trusts the queue with nothing: a job is only a
// wake-up. Its row in the database says what to do, who does it and how often it was tried.
package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"meanwhile/storage"
)

// taskType is the only kind of task.
const taskType = "stage"

// Client sends jobs. It implements storage.Queue.
type Client struct {
	asynq *asynq.Client
}

// NewClient sends through the Redis that opt names. The caller closes it.
func NewClient(opt asynq.RedisConnOpt) *Client {
	return &Client{asynq: asynq.NewClient(opt)}
}

// Enqueue sends j. The task's id contains attempt and sending, so an earlier task of the same
// stage, archived or lost, never blocks it. The same sending twice is one task. Unavailable if
// Redis is away.
func (c *Client) Enqueue(ctx context.Context, j storage.Job) error {
	id := fmt.Sprintf("%s.%d.%d", j.Stage, j.Attempt, j.Send)
	options := []asynq.Option{
		asynq.TaskID(id),
		asynq.Queue(string(j.Queue)),
		asynq.MaxRetry(0),
		asynq.Timeout(lanes[j.Queue].timeout),
	}
	if j.Delay > 0 {
		// asynq keeps whole seconds, and a job that comes too early is lost
		options = append(options, asynq.ProcessIn(j.Delay+time.Second))
	}
	_, err := c.asynq.EnqueueContext(ctx, asynq.NewTask(taskType, []byte(j.Stage)), options...)
	if err == nil || errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return storage.E(
		storage.Unavailable,
		"The queue is away for a moment; the work is kept and goes on by itself.",
		err,
	)
}

// Close closes the connection.
func (c *Client) Close() error { return c.asynq.Close() }

// lane is how one queue is processed. The timeout is a last resort far above the worker's own
// limits: asynq's default of 30 minutes would stop a long encode.
type lane struct {
	check   time.Duration // poll interval of an idle worker
	timeout time.Duration
}

var lanes = map[storage.QueueName]lane{
	storage.QueueInstant: {check: 50 * time.Millisecond, timeout: time.Hour},
	storage.QueueShort:   {check: 250 * time.Millisecond, timeout: time.Hour},
	storage.QueueEncode:  {check: 250 * time.Millisecond, timeout: 48 * time.Hour},
	storage.QueueSound:   {check: 100 * time.Millisecond, timeout: 2 * time.Hour},
	storage.QueueCamera:  {check: 250 * time.Millisecond, timeout: 48 * time.Hour},
	storage.QueueLater:   {check: time.Second, timeout: 48 * time.Hour},
}
