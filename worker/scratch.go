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

	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/source"
)

// scratchKeep is how long an unused copy of a source is kept for the video's next step.
const scratchKeep = 30 * time.Second

// Scratch is the worker's own folder. It has one copy of each source in use, shared by the source's
// steps, and a folder for every job's output. Nothing in it outlives the process.
type Scratch struct {
	dir string

	mu     sync.Mutex
	copies map[sourceKey]*scratchCopy
	aside  map[storage.VideoID]*asideFile
	closed bool

	syncing sync.WaitGroup
}

type scratchCopy struct {
	path  string
	lost  string // what of a recording it does not hold, in words
	users int
	ready chan struct{} // closed when the bytes are there or err is set
	err   error
	timer *time.Timer
}

// asideFile is a file of one step for a later step.
type asideFile struct {
	path   string
	synced chan struct{} // closed when the file is durable or err is set
	err    error
	timer  *time.Timer
}

// NewScratch empties dir and uses it. Nobody else may use it.
func NewScratch(dir string) (*Scratch, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("empty scratch folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make scratch folder: %w", err)
	}
	return &Scratch{
		dir:    dir,
		copies: make(map[sourceKey]*scratchCopy),
		aside:  make(map[storage.VideoID]*asideFile),
	}, nil
}

// sourceKey names a source: the main track of a file or a recording, or another track.
type sourceKey struct {
	video      storage.VideoID
	generation int // late chunks make a new source
	track      string
}

// Source returns a local file with a track of the video's source. Steps of the same video share it.
// The caller calls release when it has read enough.
func (s *Scratch) Source(
	ctx context.Context,
	lib *source.Opener,
	video storage.VideoID,
	generation int,
	track string,
) (path string, release func(), err error) {
	id := sourceKey{video, generation, track}
	c, first := s.hold(id)
	release = func() { s.release(id, c) }
	if first {
		c.lost, c.err = fetch(ctx, lib, id, c.path)
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

// Lost says what of a source its copy does not hold, because the original is damaged. It is empty
// for a whole one.
func (s *Scratch) Lost(video storage.VideoID, generation int, track string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.copies[sourceKey{video, generation, track}]; c != nil {
		return c.lost
	}
	return ""
}

// hold counts one more user. If first, the caller must fill the copy.
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
	c = &scratchCopy{
		path:  filepath.Join(s.dir, "source-"+storage.NewRandomID()),
		users: 1,
		ready: make(chan struct{}),
	}
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

// drop removes the copy. The caller holds s.mu.
func (s *Scratch) drop(id sourceKey, c *scratchCopy) {
	if s.copies[id] == c {
		delete(s.copies, id)
	}
	os.Remove(c.path)
}

// SetAside keeps the file at path for a later step of the video, 30 s at most. It begins to make
// the file durable, because the later step needs that.
func (s *Scratch) SetAside(id storage.VideoID, path string) error {
	a := &asideFile{
		path:   filepath.Join(s.dir, "aside-"+storage.NewRandomID()+filepath.Ext(path)),
		synced: make(chan struct{}),
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return scratchError(err)
	}
	if err := os.Rename(path, a.path); err != nil {
		return errors.Join(scratchError(err), f.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.aside[id]; before != nil {
		s.forget(id, before)
	}
	if s.closed {
		return f.Close() // Close removes the folder
	}
	s.aside[id] = a
	s.syncing.Go(func() {
		defer close(a.synced)
		a.err = errors.Join(f.Sync(), f.Close())
	})
	a.timer = time.AfterFunc(scratchKeep, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.aside[id] == a {
			s.forget(id, a)
		}
	})
	return nil
}

// TakeAside moves the video's file that was set aside to path. It returns false if there is none,
// if its file extension differs, or if it could not be made durable.
func (s *Scratch) TakeAside(ctx context.Context, id storage.VideoID, path string) bool {
	s.mu.Lock()
	a := s.aside[id]
	if a != nil && filepath.Ext(a.path) != filepath.Ext(path) {
		a = nil
	}
	if a != nil {
		delete(s.aside, id)
		a.timer.Stop()
	}
	s.mu.Unlock()
	if a == nil {
		return false
	}
	if err := os.Rename(a.path, path); err != nil {
		return false
	}
	select {
	case <-a.synced:
		return a.err == nil
	case <-ctx.Done():
		return false
	}
}

// forget removes a file that nobody took. The caller holds s.mu.
func (s *Scratch) forget(id storage.VideoID, a *asideFile) {
	delete(s.aside, id)
	a.timer.Stop()
	os.Remove(a.path)
}

// fetch copies a source to path. Of a damaged recording it copies what can be read before the
// damage, and says what is lost.
func fetch(ctx context.Context, lib *source.Opener, id sourceKey, path string) (lost string, err error) {
	src, err := lib.OpenTrack(ctx, id.video, id.track)
	if err != nil {
		return "", fmt.Errorf("open source: %w", err)
	}
	defer src.Close()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", scratchError(err)
	}
	defer f.Close()
	n, err := io.Copy(f, src)
	if storage.KindOf(err) == storage.Damaged && src.Recorded {
		if whole := media.WholeFragments(f, n); whole > 0 {
			n, lost, err = whole, storage.MessageOf(err), f.Truncate(whole)
		}
	}
	if err != nil {
		return "", scratchError(err)
	}
	if whole := media.WholeFragments(f, n); whole < n {
		if err := f.Truncate(whole); err != nil {
			return "", scratchError(err)
		}
	}
	if err := f.Close(); err != nil {
		return "", scratchError(err)
	}
	return lost, nil
}

func scratchError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return storage.E(
			storage.Full,
			"There is no room left to work on this video: free some space, then try again.",
			err,
		)
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

// Close removes everything. Running jobs must have ended before.
func (s *Scratch) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, c := range s.copies {
		if c.timer != nil {
			c.timer.Stop()
		}
	}
	for id, a := range s.aside {
		s.forget(id, a)
	}
	s.mu.Unlock()
	s.syncing.Wait()
	return os.RemoveAll(s.dir)
}
