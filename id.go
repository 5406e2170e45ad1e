package meanwhile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
)

// Typed identifiers, so that one kind cannot be passed for another. All are 26 characters of a–z and 2–7 (128 random bits) unless
// said otherwise, and so fit object keys and addresses as they are.
type (
	// WorkspaceID names a Workspace.
	WorkspaceID string
	// UserID names a User.
	UserID string
	// VideoID names a Video.
	VideoID string
	// ShareID names a Share; the address that people see carries its Token instead.
	ShareID string
	// UploadID names an Upload.
	UploadID string
	// CommentID names a Comment.
	CommentID string
	// StageID names a Stage.
	StageID string
	// AssetID names an Asset.
	AssetID string
	// APIKeyID names an APIKey.
	APIKeyID string
)

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewRandomID returns 128 bits from the system's random source as 26 lower-case characters.
func NewRandomID() string {
	var b [16]byte
	rand.Read(b[:]) // never returns an error: crypto/rand crashes the process instead
	return idEncoding.EncodeToString(b[:])
}

// NewSecret returns 256 random bits as 52 lower-case characters: for tokens of which only SecretHash is kept.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return idEncoding.EncodeToString(b[:])
}

// SecretHash is what the store keeps of a random secret: its SHA-256 in hexadecimal. Human passwords go through Hasher instead.
func SecretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
