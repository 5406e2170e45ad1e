package access

import (
	"context"

	"meanwhile/storage"
)

// Announce says "look again" about a video, as storage.Announce does.
func (c *Core) Announce(ctx context.Context, v storage.Video, event string) {
	storage.Announce(ctx, c.Bus, c.Log, v, event)
}
