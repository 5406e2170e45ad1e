package ffmpeg

import (
	"sync"
	"time"
)

// awake measures time in which this process ran. Time in which the machine was stopped (a closed
// laptop, a stalled virtual machine) does not count: no file is to blame for it.
type awake struct {
	last time.Time
	ran  time.Duration
}

// tick is called about every so often, and returns how long this process has run.
func (a *awake) tick(now time.Time, every time.Duration) time.Duration {
	a.ran += min(now.Sub(a.last), every)
	a.last = now
	return a.ran
}

// AfterAwake calls do when this process has run for d. cancel ends the wait.
func AfterAwake(d time.Duration, do func()) (cancel func()) {
	every := min(max(d/16, time.Millisecond), time.Second)
	stop := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		a := awake{last: time.Now()}
		for {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				if a.tick(now, every) >= d {
					do()
					return
				}
			}
		}
	})
	return sync.OnceFunc(func() {
		close(stop)
		ended.Wait()
	})
}
