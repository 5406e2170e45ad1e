package storage

import (
	"fmt"
	"strings"
)

// Key sizes that every implementation of Objects accepts: S3's limit, and a file system's limit for
// one name in a path.
const (
	MaxKeyBytes     = 1024
	maxSegmentBytes = 255
)

// CheckKey fails with Invalid unless key matches ^[a-z0-9/_.-]+$ without an empty segment, "." or
// "..". Every implementation of Objects refuses other keys.
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

// BadKey returns the error for a refused key.
func BadKey(key string) error {
	return E(Invalid, "This is not the name of an object.", fmt.Errorf("bad key %q", key))
}
