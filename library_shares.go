package meanwhile

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Watch is what a share link shows: to a guest, or to the video's owner.
type Watch struct {
	Video    VideoSummary
	Share    Share
	Owner    bool // may rename, delete, moderate
	Comment  bool
	Download bool
	// Sources play, best first: what plays everywhere before what plays in some browsers.
	Sources []Asset
	Poster  *Asset
	// Grant opens the media of this video until GrantEnds.
	Grant     string
	GrantEnds time.Time
	// CommentSeq is the conversation's change counter, read before anything else: nothing after it is missed.
	CommentSeq int64
}

// Watch looks through a share link. NotFound for an unknown, ended or revoked link and for a video in the trash, all the same.
func (l *Library) Watch(ctx context.Context, a Actor, token string) (Watch, error) {
	v, share, err := l.videoByShare(ctx, a, token, verbView)
	if err != nil {
		return Watch{}, err
	}
	seq, _, err := l.Store.CommentSeq(ctx, v.ID)
	if err != nil {
		return Watch{}, fmt.Errorf("read conversation: %w", err)
	}
	sum, err := l.Store.VideoSummary(ctx, v.ID)
	if err != nil {
		return Watch{}, fmt.Errorf("read video: %w", err)
	}
	w := Watch{Video: sum, Share: share, Owner: l.isOwner(a, v), CommentSeq: seq}
	w.Comment = l.authorize(a, v, &share, verbComment) == nil
	w.Grant, w.GrantEnds = l.grantFor(share)
	if err := l.addAssets(ctx, &w); err != nil {
		return Watch{}, err
	}
	w.Download = len(w.Sources) > 0 && l.authorize(a, v, &share, verbDownload) == nil
	return w, nil
}

// videoByShare is the way of everything that begins with a token.
func (l *Library) videoByShare(ctx context.Context, a Actor, token string, what verb) (Video, Share, error) {
	share, err := l.Store.ShareByToken(ctx, token)
	if err != nil && KindOf(err) == NotFound {
		return Video{}, Share{}, notThere(err)
	}
	if err != nil {
		return Video{}, Share{}, fmt.Errorf("find share: %w", err)
	}
	v, err := l.Store.VideoByID(ctx, share.VideoID)
	if err != nil {
		return Video{}, Share{}, fmt.Errorf("find video: %w", err)
	}
	if v.TrashedAt != nil || !share.Open(l.Now()) {
		return Video{}, Share{}, notThere(nil)
	}
	if err := l.authorize(a, v, &share, what); err != nil {
		return Video{}, Share{}, err
	}
	return v, share, nil
}

func (l *Library) addAssets(ctx context.Context, w *Watch) error {
	var published []Asset
	var err error
	if w.Video.Published > 0 {
		if published, err = l.Store.AssetsByVideo(ctx, w.Video.ID, w.Video.Published); err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
	}
	w.Sources = playable(published)
	w.Poster = posterAmong(published)
	if w.Poster != nil || !w.Video.HasPoster {
		return nil
	}
	for g := w.Video.Generation; g > 0 && w.Poster == nil; g-- {
		assets, err := l.Store.AssetsByVideo(ctx, w.Video.ID, g)
		if err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
		w.Poster = posterAmong(assets)
	}
	return nil
}

// playable picks and orders what a player may choose from: once something plays everywhere, the rest is not needed any more.
func playable(assets []Asset) []Asset {
	var all, everywhere []Asset
	for _, a := range assets {
		if a.Kind != AssetCopy && a.Kind != AssetRendition {
			continue
		}
		all = append(all, a)
		if a.Everywhere {
			everywhere = append(everywhere, a)
		}
	}
	if len(everywhere) > 0 {
		return everywhere
	}
	return all
}

func posterAmong(assets []Asset) *Asset {
	i := slices.IndexFunc(assets, func(a Asset) bool { return a.Kind == AssetPoster })
	if i < 0 {
		return nil
	}
	return &assets[i]
}

// PosterByShare is the picture for places that show a pasted link. NotFound as Watch says, or when there is no poster yet.
func (l *Library) PosterByShare(ctx context.Context, a Actor, token string) (Asset, error) {
	w, err := l.Watch(ctx, a, token)
	if err != nil {
		return Asset{}, err
	}
	if w.Poster == nil {
		return Asset{}, E(NotFound, "There is no picture of this video yet.", nil)
	}
	return *w.Poster, nil
}

// DownloadByShare is the best rendition as a file, where the link allows it. NotFound.
func (l *Library) DownloadByShare(ctx context.Context, a Actor, token string) (Asset, Video, error) {
	w, err := l.Watch(ctx, a, token)
	if err != nil {
		return Asset{}, Video{}, err
	}
	if !w.Download {
		return Asset{}, Video{}, E(NotFound, "This video cannot be downloaded.", nil)
	}
	return w.Sources[0], w.Video.Video, nil
}

// PosterOf is the poster of one of the actor's own videos. NotFound.
func (l *Library) PosterOf(ctx context.Context, a Actor, id VideoID) (Asset, error) {
	if _, err := l.videoFor(ctx, a, id, verbOriginal); err != nil {
		return Asset{}, err
	}
	sum, err := l.Store.VideoSummary(ctx, id)
	if err != nil {
		return Asset{}, fmt.Errorf("read video: %w", err)
	}
	w := Watch{Video: sum}
	if err := l.addAssets(ctx, &w); err != nil {
		return Asset{}, err
	}
	if w.Poster == nil {
		return Asset{}, E(NotFound, "There is no picture of this video yet.", nil)
	}
	return *w.Poster, nil
}

// Follow listens to everything about the video behind a share link. NotFound as Watch says.
func (l *Library) Follow(ctx context.Context, a Actor, token string) (<-chan string, error) {
	v, _, err := l.videoByShare(ctx, a, token, verbView)
	if err != nil {
		return nil, err
	}
	return l.Bus.Subscribe(ctx, VideoTopic(v.ID))
}
