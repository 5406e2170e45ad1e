package fsstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"meanwhile/storage"
)

// tempDir holds files while they are written. No key can name it, since keys have no "+". It is in
// the root so that a link from it to a key stays on one file system.
const tempDir = "+unfinished"

// Put stores all of r under key and returns the bytes written. The order of steps makes nil mean
// durable: bytes, fsync of the file, its name, fsync of every folder up to the root. See
// storage.Objects.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := errors.Join(ctx.Err(), storage.CheckKey(key)); err != nil {
		return 0, fmt.Errorf("put object: %w", err)
	}
	if _, err := s.root.Lstat(key); err == nil {
		// saves reading r; the link below decides
		return 0, classify("put object", fs.ErrExist)
	}
	temp := path.Join(tempDir, storage.NewRandomID())
	written, taken, err := s.takeOver(temp, r)
	if !taken {
		written, err = s.writeTemp(ctx, temp, r)
	}
	if err != nil {
		return 0, errors.Join(err, s.discard(temp))
	}
	if err := s.publish(temp, key); err != nil {
		return 0, errors.Join(err, s.discard(temp))
	}
	// The object is safe under its key. If the second name cannot be removed, Sweep does it later.
	_ = s.root.Remove(temp)
	return written, nil
}

// takeOver gives a finished file of the same file system a second name instead of copying it. taken
// is false if that is not possible: r is not a file, was read from already, or is elsewhere.
func (s *Store) takeOver(temp string, r io.Reader) (written int64, taken bool, err error) {
	f, ok := r.(*os.File)
	if !ok {
		return 0, false, nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, false, nil
	}
	if at, err := f.Seek(0, io.SeekCurrent); err != nil || at != 0 {
		return 0, false, nil
	}
	if err := os.Link(f.Name(), filepath.Join(s.root.Name(), temp)); err != nil {
		return 0, false, nil
	}
	linked, err := s.root.Lstat(temp)
	// another file has this name since r was opened
	if err != nil || !os.SameFile(info, linked) {
		return 0, false, s.discard(temp)
	}
	if err := errors.Join(f.Chmod(0o600), f.Sync()); err != nil {
		return 0, true, classify("write object", err)
	}
	return info.Size(), true, nil
}

// writeTemp writes r to a new file and syncs it.
func (s *Store) writeTemp(ctx context.Context, temp string, r io.Reader) (int64, error) {
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, classify("create unfinished object", err)
	}
	body := &bodyReader{ctx: ctx, r: r}
	written, err := io.Copy(f, body)
	if err == nil {
		// Only once: after a failed fsync the kernel marks pages as clean that never reached the
		// disk, so a second try would falsely succeed.
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	switch {
	case body.err != nil:
		return 0, fmt.Errorf("read object body: %w", body.err)
	case err != nil:
		return 0, classify("write object", err)
	}
	return written, nil
}

// bodyReader stops when ctx ends, and keeps errors of r apart from errors of the file.
type bodyReader struct {
	ctx context.Context //nolint:containedctx // of the one Put that owns the reader
	r   io.Reader
	err error
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if b.err = b.ctx.Err(); b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// publish gives the file its key, which must be free, and makes the name durable. On an error the
// key is not there.
func (s *Store) publish(temp, key string) error {
	if err := s.makeParents(path.Dir(key)); err != nil {
		return err
	}
	// A link, because a rename would overwrite.
	if err := s.root.Link(temp, key); err != nil {
		return classify("name object", err)
	}
	if err := s.syncUp(path.Dir(key)); err != nil {
		return errors.Join(err, s.discard(key))
	}
	return nil
}

// makeParents creates the folder dir and those above it.
func (s *Store) makeParents(dir string) error {
	err := s.root.MkdirAll(dir, 0o700)
	if errors.Is(err, syscall.ENOTDIR) {
		err = fs.ErrExist // a shorter key is a file where this one needs a folder
	}
	if err != nil {
		return classify("make folder of object", err)
	}
	return nil
}

// syncUp syncs dir and every folder above it, also those that existed before: another Put may have
// made them a moment ago and not synced them yet. A clean folder costs microseconds.
func (s *Store) syncUp(dir string) error {
	for {
		if err := s.syncDir(dir); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
		dir = path.Dir(dir)
	}
}

func (s *Store) syncDir(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return classify("open folder of object", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return classify("sync folder of object", err)
	}
	return nil
}

// discard removes what a failed Put left.
func (s *Store) discard(name string) error {
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove unfinished object: %w", err)
	}
	return nil
}

// Sweep removes unfinished files, left by a crash, that nobody has written to for olderThan. It
// returns how many. olderThan must be longer than a slow upload may pause.
func (s *Store) Sweep(ctx context.Context, olderThan time.Duration) (int, error) {
	names, err := s.names(tempDir)
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return removed, fmt.Errorf("sweep unfinished objects: %w", err)
		}
		temp := path.Join(tempDir, name)
		info, err := s.root.Lstat(temp)
		if absent(err) {
			continue // its Put has just finished
		}
		if err != nil {
			return removed, classify("look at unfinished object", err)
		}
		if time.Since(info.ModTime()) < olderThan {
			continue
		}
		if err := s.discard(temp); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// names lists the names in a folder.
func (s *Store) names(dir string) ([]string, error) {
	f, err := s.root.Open(dir)
	if err != nil {
		return nil, classify("open folder", err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, classify("read folder", err)
	}
	return names, nil
}
