package storage

import (
	"time"
)

// Creation is what an account calls a request that made a video, so that it can ask again when the
// answer was lost.
type Creation struct {
	UserID    UserID
	KeyHash   string // SecretHash of the name: clients choose it
	VideoID   VideoID
	CreatedAt time.Time
}
