package storage

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Typed identifiers, so that one kind cannot be passed as another. All have 26 characters of a–z
// and 2–7 (128 random bits) unless said otherwise, so they fit object keys and addresses unchanged.
type (
	// WorkspaceID names a Workspace.
	WorkspaceID string
	// UserID names a User.
	UserID string
	// VideoID names a Video.
	VideoID string
	// LinkID names a Link; the address that people see carries its Token instead.
	LinkID string
	// UploadID names an Upload.
	UploadID string
	// CommentID names a Comment. It sorts by age (NewOrderedID), so that threads at one position of
	// the video stand in the order in which they began; it is no secret.
	CommentID string
	// StageID names a Stage.
	StageID string
	// AssetID names an Asset.
	AssetID string
	// APIKeyID names an APIKey.
	APIKeyID string
)

// IDEncoding writes random bytes in lower case, as object names need it.
var IDEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewRandomID returns 128 bits from the system's random source as 26 lower-case characters.
func NewRandomID() string {
	var b [16]byte
	rand.Read(b[:]) // never returns an error: crypto/rand crashes the process instead
	return IDEncoding.EncodeToString(b[:])
}

// IsRandomID reports whether text has the form that NewRandomID gives.
func IsRandomID(text string) bool {
	if len(text) != 26 {
		return false
	}
	_, err := IDEncoding.DecodeString(text)
	return err == nil
}

// orderedEncoding keeps the order of the bytes it encodes (RFC 4648, 7, in lower case).
var orderedEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewOrderedID returns 26 lower-case characters that sort by at, to the millisecond: 48 bits of
// time and 80 random bits, as RFC 9562 arranges them in version 7.
func NewOrderedID(at time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli())<<16)
	rand.Read(b[6:])
	return orderedEncoding.EncodeToString(b[:])
}

// NewSecret returns 256 random bits as 52 lower-case characters, for tokens of which only
// SecretHash is stored.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return IDEncoding.EncodeToString(b[:])
}

// SecretHash is what the store keeps of a random secret: its SHA-256 in hexadecimal. Human
// passwords go through Hasher instead.
func SecretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
