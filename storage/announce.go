package storage

import (
	"context"
	"log/slog"
	"sync"
)

// Announce says "look again" about a video. A lost message costs a viewer a refetch, so failure is
// only logged.
func Announce(ctx context.Context, bus Bus, log *slog.Logger, v Video, event string) {
	publish := func(topic, text string) {
		if err := bus.Publish(ctx, topic, text); err != nil {
			log.Warn("event not published", "video_id", v.ID, "event", event, "error", err)
		}
	}
	var both sync.WaitGroup // at the same time, so that they are sent together
	both.Go(func() { publish(OwnerTopic(v.WorkspaceID, v.OwnerID), string(v.ID)) })
	publish(VideoTopic(v.ID), event)
	both.Wait()
}
