package storage

import (
	"fmt"
	"strings"
)

// What every implementation of Objects takes as a name: what S3 takes, and what a file system takes
// as one name in a path.
const (
	MaxKeyBytes     = 1024
	maxSegmentBytes = 255
)

// CheckKey keeps keys to ^[a-z0-9/_.-]+$ without an empty segment, "." or "..". Every
// implementation of Objects refuses others. Invalid.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKeyBytes || strings.ContainsFunc(key, notInKeys) {
		return BadKey(key)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > maxSegmentBytes {
			return BadKey(key)
		}
	}
	return nil
}

func notInKeys(r rune) bool {
	lower := r >= 'a' && r <= 'z'
	digit := r >= '0' && r <= '9'
	return !lower && !digit && !strings.ContainsRune("/_.-", r)
}

// BadKey is what a name is refused with.
func BadKey(key string) error {
	return E(Invalid, "This is not the name of an object.", fmt.Errorf("bad key %q", key))
}
