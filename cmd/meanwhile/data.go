package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// lockData keeps other processes out of a data folder. The lock ends with the process, however it
// ends.
func lockData(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	unlock, err = lockFile(filepath.Join(dir, "lock"))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf(
			"another meanwhile is running on %s: stop it first, or set MEANWHILE_DATA to another folder",
			dir,
		)
	}
	return unlock, err
}

// mostWorkers is how many workers may share one data folder.
const mostWorkers = 64

// ownFolder gives this process one of the folders name, name-2, name-3 … under dir for itself.
// Workers on one machine may share the rest of dir.
func ownFolder(dir, name string) (path string, unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("make data folder: %w", err)
	}
	for i := 1; i <= mostWorkers; i++ {
		path = filepath.Join(dir, name)
		if i > 1 {
			path = fmt.Sprintf("%s-%d", path, i)
		}
		if unlock, err = lockFile(path + ".lock"); !errors.Is(err, errLocked) {
			return path, unlock, err
		}
	}
	return "", nil, fmt.Errorf("%d workers run on %s already: set MEANWHILE_DATA to another folder", mostWorkers, dir)
}

var errLocked = errors.New("another process holds the lock")

// lockFile takes a lock that ends with the process, however it ends. errLocked if another process
// has it.
func lockFile(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() error {
		// A program that is just being started holds a copy of the file until it runs, so closing
		// ours would not release the lock at once.
		return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
	}, nil
}

// secretKey returns the configured key, else the one stored in the data folder, else a new one that
// it stores there.
func secretKey(configured, dir string) ([]byte, error) {
	if configured != "" {
		return []byte(configured), nil
	}
	path := filepath.Join(dir, "secret.key")
	b, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(b))) >= 32 {
		return []byte(strings.TrimSpace(string(b))), nil
	}
	if err == nil {
		return nil, fmt.Errorf(
			"%s is damaged: restore it from a backup, or delete it (links to media that are open now will have to "+
				"be loaded again)",
			path,
		)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	var raw [32]byte
	rand.Read(raw[:])
	key := hex.EncodeToString(raw[:])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep secret key: %w", err)
	}
	_, err = f.WriteString(key + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("keep secret key: %w", err)
	}
	return []byte(key), nil
}

// diskUsed returns which part of the file system under dir is used, 0…1, as an ordinary user sees
// it; 0 if unknown.
func diskUsed(dir string) func() float64 {
	return func() float64 {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil || s.Blocks == 0 {
			return 0
		}
		used := s.Blocks - s.Bfree
		return float64(used) / float64(used+s.Bavail)
	}
}
