package meanwhile

import (
	"cmp"
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
	// Sources play: what plays everywhere, or while there is none of it, what plays in some
	// browsers.
	Sources []Asset
	Poster  *Asset
	// What the published generation has beside its sources; nil where it has none.
	HLS        *Asset // the list of rungs
	Storyboard *Asset // the cues of the seek bar's pictures
	Peaks      *Asset
	// Camera is the second track of a recording, CameraOffset how much later than the main one it
	// begins, and Layout where it is shown.
	Camera       *Asset
	CameraOffset time.Duration
	Layout       *Layout
	// Flat is screen and camera as one picture by that Layout; nil while it is not made, and where
	// there is nothing to put together.
	Flat *Asset
	// Live are a recording's tracks as they lie, the main one first, as far as nothing better was
	// made of them yet.
	Live []Track
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

	assets []Asset // of the published generation
}

// Watch looks through a share link. NotFound for an unknown, ended or revoked link and for a video
// in the trash, all the same.
func (l *Library) Watch(ctx context.Context, a Actor, token string) (Watch, error) {
	_, w, _, err := l.watch(ctx, a, token)
	return w, err
}

// WatchTalk is Watch and the beginning of the conversation, as Comments gives it.
func (l *Library) WatchTalk(ctx context.Context, a Actor, token string) (Watch, Conversation, error) {
	who, w, count, err := l.watch(ctx, a, token)
	if err != nil {
		return Watch{}, Conversation{}, err
	}
	c, err := l.talk(ctx, who, w.Video.Video, CommentQuery{})
	c.Seq, c.Count = w.CommentSeq, count
	return w, c, err
}

// watch is Watch, as whom the actor looks (videoByShare), and how many comments there are.
func (l *Library) watch(ctx context.Context, a Actor, token string) (Actor, Watch, int, error) {
	who, v, share, err := l.videoByShare(ctx, a, token, verbView)
	if err != nil {
		return Actor{}, Watch{}, 0, err
	}
	seq, count, err := l.Store.CommentSeq(ctx, v.ID)
	if err != nil {
		return Actor{}, Watch{}, 0, fmt.Errorf("read conversation: %w", err)
	}
	w, err := l.look(ctx, who, v, share)
	w.CommentSeq = seq
	// what owners do goes by the video itself, which is in the workspace where they are at work
	w.Owner = l.isOwner(a, v)
	return who, w, count, err
}

func (l *Library) look(ctx context.Context, a Actor, v Video, share SharedLink) (Watch, error) {
	sum, err := l.Store.VideoSummary(ctx, v.ID)
	if err != nil {
		return Watch{}, fmt.Errorf("read video: %w", err)
	}
	w := Watch{Video: sum, Share: share.Share}
	w.Comment = l.authorize(a, v, &share, verbComment) == nil && (share.Comments != CommentsOff || l.isMember(a, v))
	w.Grant, w.GrantEnds = l.grantFor(share.Share)
	if err := l.addAssets(ctx, &w); err != nil {
		return Watch{}, err
	}
	if v.Source == "recording" {
		if err := l.addRecording(ctx, v, &w); err != nil {
			return Watch{}, err
		}
	}
	w.Download = len(w.Sources) > 0 && l.authorize(a, v, &share, verbDownload) == nil
	return w, nil
}

// videoByShare is the way of everything that begins with a token. It answers as whom the actor
// comes, too: as a member of the video's workspace, also while they are at work in another of
// theirs.
func (l *Library) videoByShare(
	ctx context.Context,
	a Actor,
	token string,
	what verb,
) (Actor, Video, SharedLink, error) {
	v, share, err := l.Store.VideoByToken(ctx, token)
	if err != nil && KindOf(err) == NotFound {
		return Actor{}, Video{}, SharedLink{}, notThere(err)
	}
	if err != nil {
		return Actor{}, Video{}, SharedLink{}, fmt.Errorf("find shared video: %w", err)
	}
	if v.TrashedAt != nil || !share.Open(l.Now()) {
		return Actor{}, Video{}, SharedLink{}, notThere(nil)
	}
	link := SharedLink{Share: share}
	if share.Audience == AudienceNamed {
		if link.People, err = l.Store.SharePeople(ctx, share.ID); err != nil {
			return Actor{}, Video{}, SharedLink{}, fmt.Errorf("list people of share: %w", err)
		}
	}
	who, err := l.inWorkspaceOf(ctx, a, v)
	if err != nil {
		return Actor{}, Video{}, SharedLink{}, err
	}
	if err := l.authorize(who, v, &link, what); err != nil {
		return Actor{}, Video{}, SharedLink{}, err
	}
	return who, v, link, nil
}

// inWorkspaceOf is the actor as a member of the video's workspace, if they are one, wherever they
// are at work. A key belongs to one workspace.
func (l *Library) inWorkspaceOf(ctx context.Context, a Actor, v Video) (Actor, error) {
	if !a.SignedIn() || a.Scopes != nil || a.WorkspaceID == v.WorkspaceID {
		return a, nil
	}
	m, err := l.Store.MemberByID(ctx, v.WorkspaceID, a.UserID)
	if err != nil && KindOf(err) == NotFound {
		return a, nil
	}
	if err != nil {
		return Actor{}, fmt.Errorf("find member: %w", err)
	}
	a.WorkspaceID, a.Role = v.WorkspaceID, m.Role
	return a, nil
}

func (l *Library) addAssets(ctx context.Context, w *Watch) error {
	var published []Asset
	var err error
	if w.Video.Published > 0 {
		if published, err = l.Store.AssetsByVideo(ctx, w.Video.ID, w.Video.Published); err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
	}
	w.assets = published
	w.Sources = playable(published)
	w.Poster = among(published, AssetPoster, "")
	w.HLS = among(published, AssetPlaylist, MasterName)
	w.Storyboard = among(published, AssetCues, "")
	w.Peaks = among(published, AssetPeaks, "")
	w.Camera = among(published, AssetCamera, "")
	if w.Poster != nil || !w.Video.HasPoster {
		return nil
	}
	for g := w.Video.Generation; g > 0 && w.Poster == nil; g-- {
		assets, err := l.Store.AssetsByVideo(ctx, w.Video.ID, g)
		if err != nil {
			return fmt.Errorf("list assets: %w", err)
		}
		w.Poster = among(assets, AssetPoster, "")
	}
	return nil
}

// playable picks what a player may choose from, the largest first: once something plays everywhere,
// the rest is not needed any more.
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
		all = everywhere
	}
	slices.SortStableFunc(all, func(a, b Asset) int { return cmp.Compare(b.Width*b.Height, a.Width*a.Height) })
	return all
}

// among finds the asset of a kind, and of a name where one is given.
func among(assets []Asset, kind AssetKind, name string) *Asset {
	i := slices.IndexFunc(assets, func(a Asset) bool { return a.Kind == kind && (name == "" || a.Name == name) })
	if i < 0 {
		return nil
	}
	return &assets[i]
}

// PosterByShare is the picture for places that show a pasted link. NotFound as Watch says, or when
// there is no poster yet.
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

// DownloadByShare is the video as a file, where the link allows it; while screen and camera are not
// one picture yet, the screen alone. NotFound.
func (l *Library) DownloadByShare(ctx context.Context, a Actor, token string) (Asset, Video, error) {
	w, err := l.Watch(ctx, a, token)
	if err != nil {
		return Asset{}, Video{}, err
	}
	if !w.Download {
		return Asset{}, Video{}, E(NotFound, "This video cannot be downloaded.", nil)
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

// PreviewOf is the few moving seconds of one of the actor's own videos. NotFound, also while there
// are none.
func (l *Library) PreviewOf(ctx context.Context, a Actor, id VideoID) (Asset, error) {
	v, err := l.videoFor(ctx, a, id, verbOriginal)
	if err != nil {
		return Asset{}, err
	}
	var published []Asset
	if v.Published > 0 {
		if published, err = l.Store.AssetsByVideo(ctx, id, v.Published); err != nil {
			return Asset{}, fmt.Errorf("list assets: %w", err)
		}
	}
	preview := among(published, AssetPreview, "")
	if preview == nil {
		return Asset{}, E(NotFound, "There is no preview of this video yet.", nil)
	}
	return *preview, nil
}

// Follow listens to everything about the video behind a share link. NotFound as Watch says.
func (l *Library) Follow(ctx context.Context, a Actor, token string) (<-chan string, error) {
	_, v, _, err := l.videoByShare(ctx, a, token, verbView)
	if err != nil {
		return nil, err
	}
	return l.Bus.Subscribe(ctx, VideoTopic(v.ID))
}
