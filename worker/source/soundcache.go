package source

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// soundRows are the fragments of a recording's main track, each lasting until the next one begins,
// and the pieces of its sound.
type soundRows struct {
	fragments []storage.Fragment
	sounds    []storage.SoundPiece
}

// soundCache caches the rows of recordings with a sound of their own: a segment is built for each
// request, and two hours have some four thousand rows. Rows are only ever appended, so only new
// ones are read.
type soundCache struct {
	mu   sync.Mutex
	rows map[storage.UploadID]soundRows
	kept int
}

// maxSoundRows bounds the cached rows: some fifty recordings of two hours. At the limit all are
// dropped, and each costs one read.
const maxSoundRows = 200_000

// upToDate returns the rows as store has them. It caches them unless store is a transaction, which
// may see rows that are never committed. Nobody may change the result.
func (c *soundCache) upToDate(
	ctx context.Context,
	store storage.Store,
	id storage.UploadID,
	keep bool,
) (soundRows, error) {
	c.mu.Lock()
	known := c.rows[id]
	c.mu.Unlock()
	// sounds first: so none belongs to a fragment that is read later
	sounds, err := store.Sounds(ctx, id, storage.ScreenTrack, len(known.sounds))
	if err != nil {
		return soundRows{}, fmt.Errorf("list sounds: %w", err)
	}
	fragments, err := store.Fragments(ctx, id, storage.ScreenTrack, len(known.fragments))
	if err != nil {
		return soundRows{}, fmt.Errorf("list fragments: %w", err)
	}
	if len(fragments)+len(sounds) == 0 {
		return known, nil
	}
	now := known
	if len(fragments) > 0 {
		now.fragments = slices.Concat(known.fragments, fragments)
		x := media.FragmentIndex{Fragments: now.fragments}
		x.CloseGaps()
	}
	if len(sounds) > 0 {
		now.sounds = slices.Concat(known.sounds, sounds)
	}
	if keep {
		c.keep(id, now)
	}
	return now, nil
}

func (c *soundCache) keep(id storage.UploadID, now soundRows) {
	count := func(r soundRows) int { return len(r.fragments) + len(r.sounds) }
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.rows[id]
	if count(old) >= count(now) {
		return
	}
	if c.rows == nil || c.kept+count(now) > maxSoundRows {
		c.rows, c.kept, old = map[storage.UploadID]soundRows{}, 0, soundRows{}
	}
	c.rows[id] = now
	c.kept += count(now) - count(old)
}
