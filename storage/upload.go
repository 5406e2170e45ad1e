package storage

import (
	"time"
)

// MaxPartBytes bounds one part: a longer request is cut into several.
const MaxPartBytes = 16 << 20

// UploadKeep is how long an unfinished upload waits for its next byte.
const UploadKeep = 7 * 24 * time.Hour

// FileTrack is the one track of a file upload.
const FileTrack = "main"

// Upload is an ordered list of immutable parts that arrives over time. The source of a video is
// that list; the store never re-assembles it.
type Upload struct {
	ID           UploadID
	VideoID      VideoID
	TokenHash    string // SecretHash of the upload's own write-only credential
	Filename     string // as the client sent it: display text, never a path
	LengthBytes  int64  // -1 while deferred
	OffsetBytes  int64
	Holder       int64 // raised by every request that takes the upload over
	Writer       int64 // the holder whose request is being stored; 0 if none
	CreatedAt    time.Time
	ExpiresAt    time.Time
	SealedAt     *time.Time
	TerminatedAt *time.Time
}

// Part is an acknowledged piece of an upload.
type Part struct {
	Track       string
	N           int // from 0
	OffsetBytes int64
	SizeBytes   int64
	SHA256      string // hexadecimal
	Key         string // in Objects
}

// End is the offset of the byte after the part.
func (p Part) End() int64 { return p.OffsetBytes + p.SizeBytes }
