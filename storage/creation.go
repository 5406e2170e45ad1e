package storage

import (
	"time"
)

// Creation is the name that an account gave a request that made a video. With it the client can ask
// again if the answer was lost.
type Creation struct {
	UserID    UserID
	KeyHash   string // SecretHash of the name, which the client chooses
	VideoID   VideoID
	CreatedAt time.Time
}
