package meanwhile

import "time"

// Share is a revocable address of a video.
type Share struct {
	ID            ShareID
	VideoID       VideoID
	Token         string // in the address: 128 random bits
	AllowDownload bool
	Epoch         int64 // raised when a rule changes, so that grants given before end
	CreatedAt     time.Time
	ExpiresAt     *time.Time
	RevokedAt     *time.Time
}

// Open reports whether the share lets anyone in at now.
func (s Share) Open(now time.Time) bool {
	return s.RevokedAt == nil && (s.ExpiresAt == nil || now.Before(*s.ExpiresAt))
}
