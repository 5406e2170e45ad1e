// Package fsstore stores objects as files in one folder.
//
// A key is the path of its file in the folder. Every access goes through os.Root, so that neither a
// key nor a symbolic link leads outside. A file appears under its key only when all its bytes and
// its name are on the disk.
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

var _ storage.Objects = (*Store)(nil)

// Store is storage.Objects on a folder. It is safe for concurrent use, also by several processes.
type Store struct {
	root    *os.Root
	folder  *os.File        // the root itself
	beneath syscall.RawConn // its descriptor
}

// New opens the folder dir. If it is missing, New creates it durably, readable only by its owner.
// The caller closes the store.
func New(dir string) (*Store, error) {
	if err := makeDir(filepath.Clean(dir)); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open objects folder: %w", err)
	}
	if err := root.Mkdir(tempDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, errors.Join(fmt.Errorf("make folder for unfinished objects: %w", err), root.Close())
	}
	s := &Store{root: root}
	if s.folder, err = root.Open("."); err == nil {
		s.beneath, err = s.folder.SyscallConn()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open objects folder: %w", err), s.Close())
	}
	return s, nil
}

// makeDir is os.MkdirAll, but every new name is on the disk when it returns.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	above := filepath.Dir(dir)
	if errors.Is(err, fs.ErrNotExist) && above != dir {
		if err := makeDir(above); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make objects folder: %w", err)
	}
	f, err := os.Open(above)
	if err != nil {
		return fmt.Errorf("open folder above the objects: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// Close releases the folder. Open readers stay usable.
func (s *Store) Close() error {
	if s.folder == nil {
		return s.root.Close()
	}
	return errors.Join(s.folder.Close(), s.root.Close())
}

// Open returns the bytes of key in r. For the whole object the reader is its *os.File, which can
// seek and which the kernel can send.
func (s *Store) Open(ctx context.Context, key string, r storage.Range) (io.ReadCloser, error) {
	if err := errors.Join(ctx.Err(), storage.CheckKey(key)); err != nil {
		return nil, fmt.Errorf("open object: %w", err)
	}
	if r.Start < 0 || r.Length < 0 {
		return nil, storage.E(storage.Invalid, "This range of bytes makes no sense.", nil)
	}
	f, size, err := s.openFile(key)
	if err != nil {
		return nil, err
	}
	if r == (storage.Range{}) {
		return f, nil
	}
	if r.Start > size {
		return nil, errors.Join(
			storage.E(storage.Invalid, "This range of bytes begins beyond the end.", nil),
			f.Close(),
		)
	}
	if _, err := f.Seek(r.Start, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("seek in object: %w", err), f.Close())
	}
	if r.Length == 0 {
		r.Length = size - r.Start
	}
	return piece{Reader: io.LimitReader(f, r.Length), Closer: f}, nil
}

// piece is a part of a file. Closing it closes the file.
type piece struct {
	io.Reader
	io.Closer
}

func (s *Store) openFile(key string) (*os.File, int64, error) {
	f, err := s.openBeneath(key)
	if err != nil {
		return nil, 0, classify("open object", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(classify("look at object", err), f.Close())
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.Join(classify("open object", fs.ErrNotExist), f.Close())
	}
	return f, info.Size(), nil
}

// Stat returns size and time. NotFound if key is absent.
func (s *Store) Stat(ctx context.Context, key string) (storage.ObjectInfo, error) {
	if err := errors.Join(ctx.Err(), storage.CheckKey(key)); err != nil {
		return storage.ObjectInfo{}, fmt.Errorf("look at object: %w", err)
	}
	info, err := s.root.Lstat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist // a folder on the way to other keys
	}
	if err != nil {
		return storage.ObjectInfo{}, classify("look at object", err)
	}
	return infoOf(key, info), nil
}

func infoOf(key string, info fs.FileInfo) storage.ObjectInfo {
	return storage.ObjectInfo{Key: key, SizeBytes: info.Size(), ModifiedAt: info.ModTime().UTC()}
}

// Delete removes key durably; an absent key is no error. Its folder stays for the next key.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := errors.Join(ctx.Err(), storage.CheckKey(key)); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	info, err := s.root.Lstat(key)
	if err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err == nil {
		err = s.root.Remove(key)
	}
	if absent(err) {
		return nil
	}
	if err != nil {
		return classify("delete object", err)
	}
	return s.syncDir(path.Dir(key))
}

// SignURL fails with Invalid: a folder has no address.
func (s *Store) SignURL(context.Context, string, time.Duration) (string, error) {
	return "", storage.E(storage.Invalid, "Signed addresses are not available where objects are files.", nil)
}
