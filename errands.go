package meanwhile

import (
	"context"
	"sync"
	"time"
)

// errandsAtOnce bounds what the Library does behind answers that it gave, and errandFor how long each may take.
const (
	errandsAtOnce = 32
	errandFor     = 30 * time.Second
)

// errands are what the Library does after a request was answered, so that the answer tells nothing of it: not by its words, nor by its time.
type errands struct {
	slots chan struct{}
	group sync.WaitGroup
}

func newErrands() *errands { return &errands{slots: make(chan struct{}, errandsAtOnce)} }

// later runs fn behind the answer; Settle waits for it. Failure is logged, as nobody is there to be told. Unavailable when much is under way.
func (l *Library) later(ctx context.Context, what string, fn func(context.Context) error) error {
	select {
	case l.errands.slots <- struct{}{}:
	default:
		return E(Unavailable, "There is too much to do just now. Try again in a minute.", nil)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), errandFor)
	l.errands.group.Go(func() {
		defer cancel()
		defer func() { <-l.errands.slots }()
		if err := fn(ctx); err != nil {
			l.Log.Error("errand failed", "errand", what, "error", err)
		}
	})
	return nil
}

// Settle waits until what the Library does behind its answers is done. The program calls it when no request can come any more.
func (l *Library) Settle() error {
	l.errands.group.Wait()
	return nil
}
