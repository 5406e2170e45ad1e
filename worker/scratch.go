package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"meanwhile"
)

// scratchKeep is how long an unused copy of a source waits for the video's next step.
const scratchKeep = 30 * time.Second

// Scratch is the worker's own folder: one copy of each source that is worked on, shared by its steps, and a folder for every job's output.
// Nothing in it outlives the process.
type Scratch struct {
	dir string

	mu     sync.Mutex
	copies map[sourceKey]*scratchCopy
	closed bool
	early  sync.WaitGroup
}

type scratchCopy struct {
	path  string
	users int
	ready chan struct{} // closed when err is set or the bytes are there
	err   error
	timer *time.Timer
	early *earlyOutput
}

// earlyOutput is made before anybody knows whether it is wanted.
type earlyOutput struct {
	path string
	stop context.CancelFunc
	done chan struct{} // closed when err is set or the file is there
	err  error
}

// NewScratch empties dir and uses it. Nobody else may.
func NewScratch(dir string) (*Scratch, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("empty scratch folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make scratch folder: %w", err)
	}
	return &Scratch{dir: dir, copies: make(map[sourceKey]*scratchCopy)}, nil
}

// sourceKey names a source: a file's and a recording's main track, or another track.
type sourceKey struct {
	video meanwhile.VideoID
	track string
}

func mainSource(id meanwhile.VideoID) sourceKey { return sourceKey{id, meanwhile.ScreenTrack} }

// Source gives a local file with a track of the video's source. Steps of the same video share it; the caller calls release when it has read
// enough.
func (s *Scratch) Source(ctx context.Context, lib *meanwhile.Library, video meanwhile.VideoID, track string) (path string, release func(), err error) {
	id := sourceKey{video, track}
	c, first := s.hold(id)
	release = func() { s.release(id, c) }
	if first {
		c.err = fetch(ctx, lib, id, c.path)
		close(c.ready)
	}
	select {
	case <-c.ready:
	case <-ctx.Done():
		release()
		return "", nil, ctx.Err()
	}
	if c.err != nil {
		release()
		return "", nil, c.err
	}
	return c.path, release, nil
}

// hold counts one more user; first tells the caller to fill the copy.
func (s *Scratch) hold(id sourceKey) (c *scratchCopy, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.copies[id]; ok {
		c.users++
		if c.timer != nil {
			c.timer.Stop()
			c.timer = nil
		}
		return c, false
	}
	c = &scratchCopy{path: filepath.Join(s.dir, "source-"+meanwhile.NewRandomID()), users: 1, ready: make(chan struct{})}
	s.copies[id] = c
	return c, true
}

func (s *Scratch) release(id sourceKey, c *scratchCopy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.users--
	if c.users > 0 {
		return
	}
	if c.err != nil || s.closed {
		s.drop(id, c)
		return
	}
	c.timer = time.AfterFunc(scratchKeep, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if c.users == 0 {
			s.drop(id, c)
		}
	})
}

// drop removes the copy; s.mu is held.
func (s *Scratch) drop(id sourceKey, c *scratchCopy) {
	if s.copies[id] == c {
		delete(s.copies, id)
	}
	os.Remove(c.path)
	if c.early != nil {
		c.early.stop()
		s.early.Go(func() {
			<-c.early.done
			os.Remove(c.early.path)
		})
	}
}

// BeginEarly starts to make a file beside the source of a video whose source is held: what a later step will probably want. It ends when
// the source is let go.
func (s *Scratch) BeginEarly(id meanwhile.VideoID, work func(ctx context.Context, path string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.copies[mainSource(id)]
	if c == nil || c.early != nil || s.closed {
		return
	}
	ctx, stop := context.WithCancel(context.Background()) //nolint:contextcheck // it outlives the step that begins it; drop and Close end it
	e := &earlyOutput{path: c.path + ".early", stop: stop, done: make(chan struct{})}
	c.early = e
	s.early.Go(func() {
		defer close(e.done)
		defer stop()
		e.err = work(ctx, e.path)
	})
}

// TakeEarly moves what BeginEarly made to path when it is finished. false when there is none, or it could not be made.
func (s *Scratch) TakeEarly(ctx context.Context, id meanwhile.VideoID, path string) bool {
	s.mu.Lock()
	c := s.copies[mainSource(id)]
	s.mu.Unlock()
	if c == nil || c.early == nil {
		return false
	}
	select {
	case <-c.early.done:
		return c.early.err == nil && os.Rename(c.early.path, path) == nil
	case <-ctx.Done():
		return false
	}
}

func fetch(ctx context.Context, lib *meanwhile.Library, id sourceKey, path string) error {
	src, err := lib.OpenTrack(ctx, id.video, id.track)
	if err != nil {
		return fmt.Errorf("open source: %w", err)
	}
	defer src.Close()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return scratchError(err)
	}
	if _, err := io.Copy(f, src); err != nil {
		f.Close()
		return scratchError(err)
	}
	if err := f.Close(); err != nil {
		return scratchError(err)
	}
	return nil
}

func scratchError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return meanwhile.E(meanwhile.Full, "There is no room left to work on this video. Your original is kept: free some space, then try again.", err)
	}
	return fmt.Errorf("copy source to scratch: %w", err)
}

// Folder makes an empty folder for one job's output. The caller removes it.
func (s *Scratch) Folder() (string, error) {
	dir, err := os.MkdirTemp(s.dir, "job-")
	if err != nil {
		return "", scratchError(err)
	}
	return dir, nil
}

// Close removes everything; running jobs have ended before.
func (s *Scratch) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, c := range s.copies {
		if c.timer != nil {
			c.timer.Stop()
		}
		if c.early != nil {
			c.early.stop()
		}
	}
	s.mu.Unlock()
	s.early.Wait()
	return os.RemoveAll(s.dir)
}
