package watch

import (
	"context"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// File is the video as one file for places that cannot compose. NotFound as Watch says, or
// when there is none yet.
func (s *Service) File(ctx context.Context, a access.Actor, token string) (storage.Asset, error) {
	w, err := s.Watch(ctx, a, token)
	if err != nil {
		return storage.Asset{}, err
	}
	f := w.File()
	if f == nil {
		return storage.Asset{}, storage.E(storage.NotFound, "There is no file of this video yet.", nil)
	}
	return *f, nil
}

// apart reports whether there is a camera to be seen beside what the sources show.
func (w Watch) apart() bool { return w.Layout != nil && w.Layout.Shown() }

// File is the one file that shows all there is: the flattened rendition of screen and camera, else
// the largest. nil where there is none yet.
func (w Watch) File() *storage.Asset {
	switch {
	case w.Flat != nil:
		return w.Flat
	case len(w.Sources) == 0 || !w.Sources[0].Everywhere || w.apart():
		return nil
	}
	return &w.Sources[0]
}
