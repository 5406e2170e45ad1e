package fsstore

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"meanwhile/storage"
)

// absent reports whether err means that nothing is at a path. ENOTDIR: a shorter key is a file
// where this one has a folder.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// classify gives a file system error its kind. op names the operation in the log.
func classify(op string, err error) error {
	wrapped := fmt.Errorf("%s: %w", op, err)
	switch {
	case errors.Is(err, fs.ErrExist):
		return storage.E(storage.Conflict, "There is an object of this name already.", wrapped)
	case absent(err):
		return storage.E(storage.NotFound, "This object is not there.", wrapped)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return storage.E(storage.Full, "There is no room left on the disk.", wrapped)
	case errors.Is(err, syscall.EIO),
		errors.Is(err, syscall.EROFS),
		errors.Is(err, syscall.ESTALE),
		errors.Is(err, fs.ErrClosed):
		return storage.E(storage.Unavailable, "The folder of the objects cannot be used just now.", wrapped)
	}
	return wrapped
}
