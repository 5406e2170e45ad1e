package fsstore

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"meanwhile/storage"
)

// A path has 4,096 bytes at most, of which the folder needs some; one name in it 255.
const (
	maxKeyBytes     = 1024
	maxSegmentBytes = 255
)

// checkKey keeps keys to ^[a-z0-9/_.-]+$ without an empty segment, "." or "..". Invalid.
func checkKey(key string) error {
	if key == "" || len(key) > maxKeyBytes || strings.ContainsFunc(key, notInKeys) {
		return badKey(key)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > maxSegmentBytes {
			return badKey(key)
		}
	}
	return nil
}

func notInKeys(r rune) bool {
	lower := r >= 'a' && r <= 'z'
	digit := r >= '0' && r <= '9'
	return !lower && !digit && !strings.ContainsRune("/_.-", r)
}

func badKey(key string) error {
	return storage.E(storage.Invalid, "This is not the name of an object.", fmt.Errorf("bad key %q", key))
}

// absent reports whether err says that there is nothing at a path. ENOTDIR: a shorter key is a file
// where this one has a folder.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// classify gives what the file system said its kind. op says in the log what was tried.
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
