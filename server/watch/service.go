// Package watch is for what a viewer sees and hears: the video behind a link, and its media.
package watch

import (
	"meanwhile/server/access"
	"meanwhile/server/comments"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core     *access.Core
	comments *comments.Service
	source   *source.Opener
	stages   *stages.Outbox
	growing  growingTracks
	feeds    feeds
}

// New makes a Service.
func New(core *access.Core, comments *comments.Service, source *source.Opener, stages *stages.Outbox) *Service {
	return &Service{
		core:     core,
		comments: comments,
		source:   source,
		stages:   stages,
		growing:  growingTracks{store: core.Store, objects: core.Objects, source: source},
	}
}
