package videos

import (
	"context"

	"meanwhile/server/access"
	"meanwhile/storage"
	"meanwhile/worker/source"
)

// OpenOriginal is Open for the video's owner. NotFound for anyone else.
func (s *Service) OpenOriginal(ctx context.Context, a access.Actor, id storage.VideoID) (*source.Source, error) {
	if _, err := s.core.VideoFor(ctx, a, id, access.ToFetchOriginal); err != nil {
		return nil, err
	}
	return s.source.Open(ctx, id)
}
