package servertest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"meanwhile/storage"
)

// Clock is a time that tests move. It runs by itself until it is frozen.
type Clock struct {
	mu     sync.Mutex
	frozen time.Time // zero while it runs
	plus   time.Duration
}

// Now is the time for everything under test.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen.IsZero() {
		return c.frozen.Add(c.plus)
	}
	return time.Now().Add(c.plus)
}

// Move puts the clock forward.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plus += d
}

// Freeze stops the clock at a whole millisecond, as rows store times. From then on, only Move
// changes it.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Now().Truncate(time.Millisecond)
}

// Queue records jobs. The test is the worker.
type Queue struct {
	mu   sync.Mutex
	jobs []storage.Job
	err  error
}

// Enqueue takes a job, or fails if the test wants that.
func (q *Queue) Enqueue(_ context.Context, j storage.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	q.jobs = append(q.jobs, j)
	return nil
}

// Take returns the jobs that came since the last call.
func (q *Queue) Take() []storage.Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs := q.jobs
	q.jobs = nil
	return jobs
}

// Waiting are the jobs that Take will return.
func (q *Queue) Waiting() []storage.Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.jobs)
}

// PutBack makes Take return jobs once more, before those that came since.
func (q *Queue) PutBack(jobs []storage.Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = slices.Concat(jobs, q.jobs)
}

// Fail makes the queue refuse jobs with err. nil ends that.
func (q *Queue) Fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
}

// Bus carries events inside the test.
type Bus struct {
	mu   sync.Mutex
	subs map[string][]chan string
}

// Publish sends an event to everybody who listens now.
func (b *Bus) Publish(_ context.Context, topic, event string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.subs[topic] {
		select {
		case c <- event:
		default:
		}
	}
	return nil
}

// Subscribe listens until ctx ends.
func (b *Bus) Subscribe(ctx context.Context, topic string) (<-chan string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[string][]chan string{}
	}
	c := make(chan string, 64)
	b.subs[topic] = append(b.subs[topic], c)
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.subs[topic] = slices.DeleteFunc(b.subs[topic], func(o chan string) bool { return o == c })
		close(c)
	})
	return c, nil
}

// Mailbox gets every mail that is sent.
type Mailbox struct {
	mu   sync.Mutex
	mail []storage.Mail
	err  error
}

// Send takes a mail, or fails if the test wants that.
func (m *Mailbox) Send(_ context.Context, mail storage.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.mail = append(m.mail, mail)
	}
	return m.err
}

// Take returns the mails that came since the last call.
func (m *Mailbox) Take() []storage.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	mail := m.mail
	m.mail = nil
	return mail
}

// Fail makes the mailbox refuse mails with err. nil ends that.
func (m *Mailbox) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Hasher replaces argon2id, because most tests need not wait for it.
type Hasher struct{}

// Hash leaves the password readable.
func (Hasher) Hash(_ context.Context, password string) (string, error) {
	return "plain:" + password, nil
}

// Verify compares with the result of Hash.
func (Hasher) Verify(_ context.Context, password, hash string) (bool, error) {
	return hash == "plain:"+password, nil
}

// Log stores what was logged.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write takes a line.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
