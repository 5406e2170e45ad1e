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

// Class is all in which the readers of a link differ: to those of one class it shows the same.
type Class struct {
	Owner    bool // may rename, delete, moderate
	Comment  bool
	Download bool
}

// Watch is what a link shows to the readers of a class.
type Watch struct {
	Class
	Video storage.VideoSummary
	Link  storage.Link
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
	w, count, err := s.show(ctx, v, link.Link)
	if err != nil {
		return access.Actor{}, Watch{}, 0, err
	}
	w.Class = s.classOf(a, who, v, link, w)
	return who, w, count, nil
}

// show reads what a link shows, without the reader's class, and the number of comments. It knows no
// actor, so that nothing else can depend on one.
func (s *Service) show(ctx context.Context, v storage.Video, link storage.Link) (Watch, int, error) {
	seq, count, err := s.core.Store.CommentSeq(ctx, v.ID)
	if err != nil {
		return Watch{}, 0, fmt.Errorf("read conversation: %w", err)
	}
	sum, err := s.core.Store.VideoSummary(ctx, v.ID)
	if err != nil {
		return Watch{}, 0, fmt.Errorf("read video: %w", err)
	}
	w := Watch{Video: sum, Link: link, CommentSeq: seq}
	w.Grant, w.GrantEnds = s.core.GrantFor(link)
	if err := s.AddAssets(ctx, &w); err != nil {
		return Watch{}, 0, err
	}
	if v.Source == "recording" {
		if err := s.AddRecording(ctx, v, &w); err != nil {
			return Watch{}, 0, err
		}
	}
	return w, count, nil
}

// classOf decides what a reader may do besides watching. who is the actor as ByLink returns it.
func (s *Service) classOf(a, who access.Actor, v storage.Video, link storage.LinkWithPeople, w Watch) Class {
	return Class{
		// owners act on the video itself, so it must be in their open workspace
		Owner: s.core.Owns(a, v),
		Comment: s.core.Authorize(who, v, &link, access.ToComment) == nil &&
			(link.Comments != storage.CommentsOff || s.core.IsMember(who, v)),
		Download: len(w.Sources) > 0 && s.core.Authorize(who, v, &link, access.ToDownload) == nil,
	}
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
