package server

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Check is one check of what the site needs. Look should obey its context. If it does not, it is
// cut off.
type Check struct {
	Name string
	Look func(ctx context.Context) Finding
}

// Finding is the result of a check. Result is ResultOK, ResultWarn or ResultFail. Mend says what to
// do next, if anything. People who look after the site see it, so it holds no secret.
type Finding struct {
	Result string
	Detail string
	Mend   string
}

// The results of a check.
const (
	ResultOK   = "ok"
	ResultWarn = "warn"
	ResultFail = "fail"
)

// found is a finding with the name of its check.
type found struct {
	Name string
	Finding
}

// checkup runs all checks at once, one round at a time. A request during a round gets the result of
// that round.
type checkup struct {
	checks []Check
	within time.Duration

	mu   sync.Mutex
	now  *round
	late map[string]bool // checks that have not returned yet
}

type round struct {
	done  chan struct{}
	found []found // read it only after done
}

// handOver is the time that a check has, after it was told to end, to say what it was waiting for.
const handOver = 500 * time.Millisecond

// mendLate is for a check that reports nothing at all.
const mendLate = "Check that its address is right, and that no firewall is in between: a firewall can drop " +
	"requests without an answer."

func newCheckup(checks []Check, within time.Duration) *checkup {
	return &checkup{checks: checks, within: within, late: map[string]bool{}}
}

// look returns the findings, within the checks' time and a moment. Its error is that of ctx.
func (c *checkup) look(ctx context.Context) ([]found, error) {
	c.mu.Lock()
	r, first := c.now, c.now == nil
	if first {
		r = &round{done: make(chan struct{})}
		c.now = r
	}
	c.mu.Unlock()
	if first {
		r.found = c.makeRound(context.WithoutCancel(ctx)) // others may wait for it
		c.mu.Lock()
		c.now = nil
		c.mu.Unlock()
		close(r.done)
	}
	select {
	case <-r.done:
		return r.found, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *checkup) makeRound(ctx context.Context) []found {
	all := make([]found, len(c.checks))
	var looks sync.WaitGroup
	for i, check := range c.checks {
		looks.Go(func() { all[i] = found{check.Name, c.try(ctx, check)} })
	}
	looks.Wait()
	return all
}

// try runs one check, and gives up if it does not end. It does not run the check again before that
// one has ended.
func (c *checkup) try(ctx context.Context, check Check) Finding {
	if c.isLate(check.Name) {
		return Finding{ResultFail, "has not answered since the last check", mendLate}
	}
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	answer, started := make(chan Finding, 1), time.Now()
	c.setLate(check.Name, true)
	go func() {
		f := check.Look(ctx)
		c.setLate(check.Name, false)
		answer <- f
	}()
	end := time.NewTimer(c.within + handOver)
	defer end.Stop()
	late := fmt.Sprintf("did not answer within %g s", c.within.Seconds())
	select {
	case f := <-answer:
		if f.Result == ResultFail && time.Since(started) > c.within*9/10 {
			f.Detail = late // clearer than "deadline exceeded"
		}
		return f
	case <-end.C:
		return Finding{ResultFail, late, mendLate}
	}
}

func (c *checkup) isLate(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.late[name]
}

func (c *checkup) setLate(name string, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late[name] = is
}
