package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"meanwhile/storage"
)

// reserveBytes is enough for SQLite's log of the largest deletion: the rows of a video of hours.
const reserveBytes = 16 << 20

// reserve is a file that keeps room on the disk of the database. On a full disk it is removed, so
// that people can delete videos; later it is made again.
type reserve string

// newReserve keeps room beside an SQLite database. There is none for PostgreSQL, whose disk is its
// own.
func newReserve(c *Config) reserve {
	if !local(c) {
		return ""
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(c.DatabaseURL, "sqlite:"), "?")
	return reserve(filepath.Join(filepath.Dir(path), "reserve"))
}

// release removes the file, and returns false if there is none.
func (r reserve) release() bool { return r != "" && os.Remove(string(r)) == nil }

// keep makes the file if it is not there and the disk has room for much more.
func (r reserve) keep(context.Context) (int, error) {
	if r == "" {
		return 0, nil
	}
	if _, err := os.Lstat(string(r)); !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(string(r)), &disk); err != nil {
		return 0, fmt.Errorf("look at the disk: %w", err)
	}
	if float64(disk.Bavail)*float64(disk.Bsize) < 2*reserveBytes {
		return 0, nil
	}
	temp := string(r) + "+"
	err := writeNoise(temp)
	if err == nil {
		err = os.Rename(temp, string(r))
	}
	if err != nil {
		return 0, errors.Join(storage.E(storage.Full, "There is no room to keep for deleting.", err), os.Remove(temp))
	}
	return 0, nil
}

// writeNoise fills a file with bytes that no file system can make smaller, and writes them to the
// disk: holes and zeros keep no room.
func writeNoise(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, reserveBytes)
	return errors.Join(err, f.Sync(), f.Close())
}
