package worker

import "sync"

// progressStep is the smallest change that is worth a write.
const progressStep = 0.005

// progress holds the newest fraction between a step that reports often and a writer that looks from
// time to time.
type progress struct {
	mu      sync.Mutex
	now     float64
	written float64
}

func newProgress() *progress { return &progress{} }

func (p *progress) set(fraction float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = fraction
}

// take returns the newest fraction, and whether it changed enough to be written.
func (p *progress) take() (float64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now-p.written < progressStep {
		return p.now, false
	}
	p.written = p.now
	return p.now, true
}
