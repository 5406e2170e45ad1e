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

// Watch is what a link shows, to a guest or to the video's owner.
type Watch struct {
	Video    storage.VideoSummary
	Link     storage.Link
	Owner    bool // may rename, delete, moderate
	Comment  bool
	Download bool
	// Sources are the files that play everywhere. While there are none, they are the files that
	// play in some browsers.
	Sources []storage.Asset
	Poster  *storage.Asset
	// What the published generation has besides its sources. nil if it has none.
	HLS        *storage.Asset // the list of rungs
	Storyboard *storage.Asset // the cues for the pictures of the seek bar
	Peaks      *storage.Asset
	// Camera is the second track of a recording. CameraOffset is how much later than the main one
	// it begins, and Layout is where it is shown.
	Camera       *storage.Asset
	CameraOffset time.Duration
	Layout       *storage.Layout
	// Flat is screen and camera as one picture by that Layout. nil until it is made, and if there
	// is only one picture.
	Flat *storage.Asset
	// Live are a recording's tracks as stored, the main one first. A track is in it until there is
	// something better.
	Live []storage.Track
	// LiveOver says that nothing more comes, so that each track is available as one file.
	LiveOver bool
	// LiveSound says that the recording is available with its sound in AAC, while nothing plays
	// everywhere yet.
	LiveSound bool
	// Grant opens the media of this video until GrantEnds.
	Grant     string
	GrantEnds time.Time
	// CommentSeq is the conversation's change counter. It is read before anything else, so that
	// nothing after it is missed.
	CommentSeq int64

	assets []storage.Asset // of the published generation
}

// Watch returns what a link shows. NotFound for an unknown, ended or revoked link and for a video
// in the trash, always the same error.
func (s *Service) Watch(ctx context.Context, a access.Actor, token string) (Watch, error) {
	_, w, _, err := s.watch(ctx, a, token)
	return w, err
}

// WatchWithComments is Watch and the beginning of the conversation.
func (s *Service) WatchWithComments(
	ctx context.Context,
	a access.Actor,
	token string,
) (Watch, comments.Conversation, error) {
	who, w, count, err := s.watch(ctx, a, token)
	if err != nil {
		return Watch{}, comments.Conversation{}, err
	}
	c, err := s.comments.Beginning(ctx, who, w.Video.Video, w.CommentSeq)
	c.Seq, c.Count = w.CommentSeq, count
	return w, c, err
}

// watch is Watch. It also returns the actor as ByLink does, and the number of comments.
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
	// owners act on the video itself, so it must be in their open workspace
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

// AddAssets adds the playable assets of the published generation, and its poster.
func (s *Service) AddAssets(ctx context.Context, w *Watch) error {
	var published []storage.Asset
	var err error
	if w.Video.Published > 0 {
		if published, err = s.core.Store.AssetsByVideo(ctx, w.Video.ID, w.Video.Published); err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
		published = s.whole(ctx, published)
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

// Poster is the picture for places that show a pasted link. It fails like Watch. NotFound if there
// is no poster yet.
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

// Download is the video as a file, if the link allows that. While screen and camera are not one
// picture yet, it is the screen alone. NotFound otherwise.
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

// PosterOf is the poster of one of the actor's own videos. NotFound if there is none.
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

// PreviewOf is the short moving preview of one of the actor's own videos. NotFound if there is
// none, or none yet.
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

// Follow returns the events about the video behind a link. It fails like Watch.
func (s *Service) Follow(ctx context.Context, a access.Actor, token string) (<-chan string, error) {
	_, v, _, err := s.core.ByLink(ctx, a, token, access.ToView)
	if err != nil {
		return nil, err
	}
	return s.core.Bus.Subscribe(ctx, storage.VideoTopic(v.ID))
}
