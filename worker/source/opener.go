// Package source reads an upload, which is a list of parts, as one stream, even while it grows.
package source

import (
	"meanwhile/storage"
)

// Opener opens uploads. All methods may be called from many goroutines.
type Opener struct {
	store   storage.Store
	objects storage.Objects
	sounds  soundCache
}

// New makes an Opener.
func New(store storage.Store, objects storage.Objects) *Opener {
	return &Opener{store: store, objects: objects}
}
