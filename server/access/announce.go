package access

import (
	"context"

	"meanwhile/storage"
)

// Announce publishes "look again" about a video, like storage.Announce.
func (c *Core) Announce(ctx context.Context, v storage.Video, event string) {
	storage.Announce(ctx, c.Bus, c.Log, v, event)
}
