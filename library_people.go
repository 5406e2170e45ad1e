package meanwhile

import (
	"meanwhile/storage"
)

// What the log of a workspace says about sessions and keys.
const (
	ActionPassword   storage.Action = "password-changed"
	ActionSession    storage.Action = "session-ended"
	ActionKey        storage.Action = "key-made"
	ActionKeyDeleted storage.Action = "key-deleted"
)
