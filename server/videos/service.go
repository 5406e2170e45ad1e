// Package videos is for what an owner does with videos: list, rename, trash, process again, keep.
package videos

import (
	"meanwhile/server/access"
	"meanwhile/storage"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// Service has the use cases of this package. All methods may be called from many goroutines.
type Service struct {
	core   *access.Core
	source *source.Opener
	stages *stages.Outbox
	// releases room that is kept on the disk; false if there is none
	release func() bool
}

// New makes a Service. release releases room that is kept on the disk for deleting, and returns
// false if there is none.
func New(core *access.Core, source *source.Opener, stages *stages.Outbox, release func() bool) *Service {
	return &Service{core: core, source: source, stages: stages, release: release}
}

// makingRoom does a write that leads to free space. Even deleting rows needs a little, so on a full
// disk the kept room is released first.
func (s *Service) makingRoom(do func() error) error {
	err := do()
	if err != nil && storage.KindOf(err) == storage.Full && s.release() {
		s.core.Log.Warn("the disk is full: released the room that is kept for deleting")
		err = do()
	}
	return err
}
