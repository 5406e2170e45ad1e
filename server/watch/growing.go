package watch

import (
	"context"
	"fmt"
	"io"
	"strings"

	"meanwhile/storage"
	"meanwhile/worker/media"
	"meanwhile/worker/source"
)

// Media is what a player requested. The caller closes it.
type Media struct {
	Body      io.ReadSeeker
	MediaType string
	Final     bool // its bytes never change
}

// Close ends the reading. It may be called once.
func (m Media) Close() error {
	if c, ok := m.Body.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

const (
	playlistType = "application/vnd.apple.mpegurl"
	fragmentType = "video/mp4"
)

func playlistOf(text string) Media {
	return Media{Body: strings.NewReader(text), MediaType: playlistType}
}

// growingTracks opens the tracks of recordings as stored, while they grow and until there is
// something better. It caches their lists, so it reads only what came since.
type growingTracks struct {
	store   storage.Store
	objects storage.Objects
	source  *source.Opener
	lists   media.LiveCache
}

// open finds the file of a recording with this name. NotFound if there is none.
func (g *growingTracks) open(ctx context.Context, v storage.Video, name string) (Media, error) {
	if v.Source != "recording" {
		return Media{}, storage.NoMedia(nil)
	}
	if isSoundName(name) {
		return g.openSound(ctx, v, name)
	}
	track, _, _ := strings.Cut(name, ".")
	var open func(context.Context, storage.Upload, storage.Track) (Media, error)
	switch name {
	case storage.LiveName(track):
		open = g.playlist
	case storage.LiveBytes(track):
		open = g.bytes
	case storage.IndexedFileName(track):
		open = g.file
	default:
		return Media{}, storage.NoMedia(nil)
	}
	u, err := g.store.UploadByVideo(ctx, v.ID)
	if err != nil {
		return Media{}, storage.NoMedia(err)
	}
	t, err := g.source.Track(ctx, u.ID, track)
	if err != nil || t.Fragments == 0 {
		return Media{}, storage.NoMedia(err)
	}
	return open(ctx, u, t)
}

// playlist lists pieces of the file that bytes returns.
func (g *growingTracks) playlist(ctx context.Context, u storage.Upload, t storage.Track) (Media, error) {
	id := string(t.UploadID) + "/" + t.Name
	list := g.lists.Get(id)
	fragments, err := g.store.Fragments(ctx, t.UploadID, t.Name, list.Settled)
	if err != nil {
		return Media{}, fmt.Errorf("list fragments: %w", err)
	}
	list = list.With(fragments)
	g.lists.Put(id, list)
	return playlistOf(list.Playlist(t.InitBytes, storage.LiveBytes(t.Name), u.SealedAt != nil)), nil
}

// bytes are the bytes of the track up to the first gap.
func (g *growingTracks) bytes(ctx context.Context, u storage.Upload, t storage.Track) (Media, error) {
	src, err := g.source.Growing(ctx, u, t.Name)
	if err != nil {
		return Media{}, err
	}
	return Media{Body: src, MediaType: fragmentType}, nil
}

// file is the whole track as one file, once it is complete. NotFound before.
func (g *growingTracks) file(ctx context.Context, u storage.Upload, t storage.Track) (Media, error) {
	if u.SealedAt == nil {
		return Media{}, storage.NoMedia(nil)
	}
	file, err := g.indexedFile(ctx, u, t)
	if err != nil {
		return Media{}, err
	}
	return Media{Body: file, MediaType: fragmentType}, nil
}
