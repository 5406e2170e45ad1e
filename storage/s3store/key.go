package s3store

import (
	"fmt"
	"path"
	"strings"

	"meanwhile/storage"
)

// What S3 takes as a name, and what a server that keeps objects as files takes as one name in a
// path.
const (
	maxNameBytes    = 1024
	maxSegmentBytes = 255
)

// checkKey keeps keys to ^[a-z0-9/_.-]+$ without an empty segment, "." or "..", of maxBytes at
// most. Invalid.
func checkKey(key string, maxBytes int) error {
	if key == "" || len(key) > maxBytes || strings.ContainsFunc(key, notInKeys) {
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

// name is the object's name in the bucket. Invalid for a bad key.
func (s *Store) name(key string) (string, error) {
	if err := checkKey(key, maxNameBytes-len(s.prefix)); err != nil {
		return "", err
	}
	return s.prefix + key, nil
}

// mediaTypes is what a browser is told of an object that it fetches from the server itself.
var mediaTypes = map[string]string{
	".mp4":  "video/mp4",
	".m4s":  "video/mp4",
	".m4a":  "audio/mp4",
	".webm": "video/webm",
	".m3u8": "application/vnd.apple.mpegurl",
	".jpg":  "image/jpeg",
	".png":  "image/png",
	".webp": "image/webp",
	".vtt":  "text/vtt; charset=utf-8",
	".json": "application/json",
}

func mediaType(name string) string {
	if t, ok := mediaTypes[path.Ext(name)]; ok {
		return t
	}
	return "application/octet-stream"
}
