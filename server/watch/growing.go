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

// Media is what a player asked for. The caller closes it.
type Media struct {
	Body      io.ReadSeeker
	MediaType string
	Final     bool // it never changes under its name
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

// growingTracks opens the tracks of recordings as they lie, while they go on and until something
// better is made of them. It keeps what was read of their lists: only what came since is read.
type growingTracks struct {
	store   storage.Store
	objects storage.Objects
	source  *source.Opener
	lists   media.LiveCache
}

// open finds the file of a recording that has this name. NotFound where there is none.
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
	case storage.LiveFileName(track):
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

// playlist names pieces of what bytes gives.
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

// bytes is what is there of the track without a gap.
func (g *growingTracks) bytes(ctx context.Context, u storage.Upload, t storage.Track) (Media, error) {
	src, err := g.source.Growing(ctx, u, t.Name)
	if err != nil {
		return Media{}, err
	}
	return Media{Body: src, MediaType: fragmentType}, nil
}

// file is the whole track as one file, once nothing comes any more. NotFound before.
func (g *growingTracks) file(ctx context.Context, u storage.Upload, t storage.Track) (Media, error) {
	if u.SealedAt == nil {
		return Media{}, storage.NoMedia(nil)
	}
	file, err := g.liveFile(ctx, u, t)
	if err != nil {
		return Media{}, err
	}
	return Media{Body: file, MediaType: fragmentType}, nil
}
