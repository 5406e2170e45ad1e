package watch

import (
	"context"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// File is the video as one file for places that cannot compose. It fails like Watch. NotFound if
// there is no file yet, or if the link allows no download.
func (s *Service) File(ctx context.Context, a access.Actor, token string) (storage.Asset, error) {
	w, err := s.Watch(ctx, a, token)
	if err != nil {
		return storage.Asset{}, err
	}
	f := w.File()
	if f == nil || !w.Download {
		return storage.Asset{}, storage.E(storage.NotFound, "There is no file of this video yet.", nil)
	}
	return *f, nil
}

// apart reports whether viewers see a camera that is not part of the sources.
func (w Watch) apart() bool { return w.Layout != nil && w.Layout.Shown() }

// File is the one file that shows everything: the flattened rendition of screen and camera, else
// the largest one. nil if there is none yet.
func (w Watch) File() *storage.Asset {
	switch {
	case w.Flat != nil:
		return w.Flat
	case len(w.Sources) == 0 || !w.Sources[0].Everywhere || w.apart():
		return nil
	}
	return &w.Sources[0]
}
