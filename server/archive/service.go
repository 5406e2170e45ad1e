// Package archive is for what people take with them or leave behind: exports and the end of
// accounts.
package archive

import (
	"meanwhile/server/access"
	"meanwhile/server/videos"
	"meanwhile/server/watch"
	"meanwhile/worker/source"
)

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core   *access.Core
	source *source.Opener
	videos *videos.Service
	watch  *watch.Service
}

// New makes a Service.
func New(core *access.Core, source *source.Opener, videos *videos.Service, watch *watch.Service) *Service {
	return &Service{core: core, source: source, videos: videos, watch: watch}
}
