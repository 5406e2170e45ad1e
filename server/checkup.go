package server

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Check is one look at what the site needs. Look keeps to its context, and is cut off where it does
// not.
type Check struct {
	Name string
	Look func(ctx context.Context) Finding
}

// Finding is what a check says: Result is ResultOK, ResultWarn or ResultFail; Mend tells what to do
// next, where there is something to do. It is shown to who looks after the site, so it holds no
// secret.
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

// checkup makes every check at once, and one round at a time: who asks while a round is going on
// gets what that finds.
type checkup struct {
	checks []Check
	within time.Duration

	mu   sync.Mutex
	now  *round
	late map[string]bool // checks whose last look has not come back
}

type round struct {
	done  chan struct{}
	found []found // to be read after done
}

// handOver is how long a check that was told to end has to say what it was waiting for.
const handOver = 500 * time.Millisecond

// mendLate is for a check that says nothing at all.
const mendLate = "See that its address is right, and that no firewall stands between: such a one drops what is sent " +
	"and says nothing."

func newCheckup(checks []Check, within time.Duration) *checkup {
	return &checkup{checks: checks, within: within, late: map[string]bool{}}
}

// look is what the checks find, within their time and a moment. Its error is that of ctx.
func (c *checkup) look(ctx context.Context) ([]found, error) {
	c.mu.Lock()
	r, first := c.now, c.now == nil
	if first {
		r = &round{done: make(chan struct{})}
		c.now = r
	}
	c.mu.Unlock()
	if first {
		r.found = c.makeRound(context.WithoutCancel(ctx)) // others may be waiting for it
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

// try makes one check, and gives up on one that does not end. That one is not made again before it
// has.
func (c *checkup) try(ctx context.Context, check Check) Finding {
	if c.isLate(check.Name) {
		return Finding{ResultFail, "has not answered since it was last asked", mendLate}
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
			f.Detail = late // rather than that some deadline was exceeded
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
