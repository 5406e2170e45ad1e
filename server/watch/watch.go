package watch

import (
	"context"
	"fmt"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/comments"
	"meanwhile/storage"
	"meanwhile/worker/media"
)

// Watch is what a link shows: to a guest, or to the video's owner.
type Watch struct {
	Video    storage.VideoSummary
	Link     storage.Link
	Owner    bool // may rename, delete, moderate
	Comment  bool
	Download bool
	// Sources play: what plays everywhere, or while there is none of it, what plays in some
	// browsers.
	Sources []storage.Asset
	Poster  *storage.Asset
	// What the published generation has beside its sources; nil where it has none.
	HLS        *storage.Asset // the list of rungs
	Storyboard *storage.Asset // the cues of the seek bar's pictures
	Peaks      *storage.Asset
	// Camera is the second track of a recording, CameraOffset how much later than the main one it
	// begins, and Layout where it is shown.
	Camera       *storage.Asset
	CameraOffset time.Duration
	Layout       *storage.Layout
	// Flat is screen and camera as one picture by that Layout; nil while it is not made, and where
	// there is nothing to put together.
	Flat *storage.Asset
	// Live are a recording's tracks as they lie, the main one first, as far as nothing better was
	// made of them yet.
	Live []storage.Track
	// LiveOver says that nothing comes behind them any more, so that each can be had as one file.
	LiveOver bool
	// LiveSound says that the recording can be had with its sound in AAC, while nothing that plays
	// everywhere is there.
	LiveSound bool
	// Grant opens the media of this video until GrantEnds.
	Grant     string
	GrantEnds time.Time
	// CommentSeq is the conversation's change counter, read before anything else: nothing after it
	// is missed.
	CommentSeq int64

	assets []storage.Asset // of the published generation
}

// Watch looks through a link. NotFound for an unknown, ended or revoked link and for a video
// in the trash, all the same.
func (s *Service) Watch(ctx context.Context, a access.Actor, token string) (Watch, error) {
	_, w, _, err := s.watch(ctx, a, token)
	return w, err
}

// WatchWithComments is Watch and the beginning of the conversation, as Comments gives it.
func (s *Service) WatchWithComments(
	ctx context.Context,
	a access.Actor,
	token string,
) (Watch, comments.Conversation, error) {
	who, w, count, err := s.watch(ctx, a, token)
	if err != nil {
		return Watch{}, comments.Conversation{}, err
	}
	c, err := s.comments.Talk(ctx, who, w.Video.Video, storage.CommentQuery{})
	c.Seq, c.Count = w.CommentSeq, count
	return w, c, err
}

// watch is Watch, as whom the actor looks (ByLink), and how many comments there are.
func (s *Service) watch(ctx context.Context, a access.Actor, token string) (access.Actor, Watch, int, error) {
	who, v, link, err := s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return access.Actor{}, Watch{}, 0, err
	}
	seq, count, err := s.core.Store.CommentSeq(ctx, v.ID)
	if err != nil {
		return access.Actor{}, Watch{}, 0, fmt.Errorf("read conversation: %w", err)
	}
	w, err := s.look(ctx, who, v, link)
	w.CommentSeq = seq
	// what owners do goes by the video itself, which is in the workspace where they are at work
	w.Owner = s.core.Owns(a, v)
	return who, w, count, err
}

func (s *Service) look(
	ctx context.Context,
	a access.Actor,
	v storage.Video,
	link storage.LinkWithPeople,
) (Watch, error) {
	sum, err := s.core.Store.VideoSummary(ctx, v.ID)
	if err != nil {
		return Watch{}, fmt.Errorf("read video: %w", err)
	}
	w := Watch{Video: sum, Link: link.Link}
	w.Comment = s.core.Authorize(a, v, &link, access.ToComment) == nil &&
		(link.Comments != storage.CommentsOff || s.core.IsMember(a, v))
	w.Grant, w.GrantEnds = s.core.GrantFor(link.Link)
	if err := s.AddAssets(ctx, &w); err != nil {
		return Watch{}, err
	}
	if v.Source == "recording" {
		if err := s.AddRecording(ctx, v, &w); err != nil {
			return Watch{}, err
		}
	}
	w.Download = len(w.Sources) > 0 && s.core.Authorize(a, v, &link, access.ToDownload) == nil
	return w, nil
}

// AddAssets adds what plays of the published generation, and its poster.
func (s *Service) AddAssets(ctx context.Context, w *Watch) error {
	var published []storage.Asset
	var err error
	if w.Video.Published > 0 {
		if published, err = s.core.Store.AssetsByVideo(ctx, w.Video.ID, w.Video.Published); err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
	}
	w.assets = published
	w.Sources = storage.Playable(published)
	w.Poster = storage.AssetOf(published, storage.AssetPoster, "")
	w.HLS = storage.AssetOf(published, storage.AssetPlaylist, media.MasterName)
	w.Storyboard = storage.AssetOf(published, storage.AssetCues, "")
	w.Peaks = storage.AssetOf(published, storage.AssetPeaks, "")
	w.Camera = storage.AssetOf(published, storage.AssetCamera, "")
	if w.Poster != nil || !w.Video.HasPoster {
		return nil
	}
	for g := w.Video.Generation; g > 0 && w.Poster == nil; g-- {
		assets, err := s.core.Store.AssetsByVideo(ctx, w.Video.ID, g)
		if err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
		w.Poster = storage.AssetOf(assets, storage.AssetPoster, "")
	}
	return nil
}

// Poster is the picture for places that show a pasted link. NotFound as Watch says, or when
// there is no poster yet.
func (s *Service) Poster(ctx context.Context, a access.Actor, token string) (storage.Asset, error) {
	w, err := s.Watch(ctx, a, token)
	if err != nil {
		return storage.Asset{}, err
	}
	if w.Poster == nil {
		return storage.Asset{}, storage.E(storage.NotFound, "There is no picture of this video yet.", nil)
	}
	return *w.Poster, nil
}

// Download is the video as a file, where the link allows it; while screen and camera are not
// one picture yet, the screen alone. NotFound.
func (s *Service) Download(ctx context.Context, a access.Actor, token string) (storage.Asset, storage.Video, error) {
	w, err := s.Watch(ctx, a, token)
	if err != nil {
		return storage.Asset{}, storage.Video{}, err
	}
	if !w.Download {
		return storage.Asset{}, storage.Video{}, storage.E(storage.NotFound, "This video cannot be downloaded.", nil)
	}
	if f := w.File(); f != nil {
		return *f, w.Video.Video, nil
	}
	if w.apart() {
		w.Video.Title += " (screen)" // so that nobody keeps it for the whole
	}
	return w.Sources[0], w.Video.Video, nil
}

// PosterOf is the poster of one of the actor's own videos. NotFound.
func (s *Service) PosterOf(ctx context.Context, a access.Actor, id storage.VideoID) (storage.Asset, error) {
	if _, err := s.core.VideoFor(ctx, a, id, access.ToFetchOriginal); err != nil {
		return storage.Asset{}, err
	}
	sum, err := s.core.Store.VideoSummary(ctx, id)
	if err != nil {
		return storage.Asset{}, fmt.Errorf("read video: %w", err)
	}
	w := Watch{Video: sum}
	if err := s.AddAssets(ctx, &w); err != nil {
		return storage.Asset{}, err
	}
	if w.Poster == nil {
		return storage.Asset{}, storage.E(storage.NotFound, "There is no picture of this video yet.", nil)
	}
	return *w.Poster, nil
}

// PreviewOf is the few moving seconds of one of the actor's own videos. NotFound, also while there
// are none.
func (s *Service) PreviewOf(ctx context.Context, a access.Actor, id storage.VideoID) (storage.Asset, error) {
	v, err := s.core.VideoFor(ctx, a, id, access.ToFetchOriginal)
	if err != nil {
		return storage.Asset{}, err
	}
	var published []storage.Asset
	if v.Published > 0 {
		if published, err = s.core.Store.AssetsByVideo(ctx, id, v.Published); err != nil {
			return storage.Asset{}, fmt.Errorf("list assets: %w", err)
		}
	}
	preview := storage.AssetOf(published, storage.AssetPreview, "")
	if preview == nil {
		return storage.Asset{}, storage.E(storage.NotFound, "There is no preview of this video yet.", nil)
	}
	return *preview, nil
}

// Follow listens to everything about the video behind a link. NotFound as Watch says.
func (s *Service) Follow(ctx context.Context, a access.Actor, token string) (<-chan string, error) {
	_, v, _, err := s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return nil, err
	}
	return s.core.Bus.Subscribe(ctx, storage.VideoTopic(v.ID))
}
