package server

import (
	"context"
	"fmt"
	"net/url"

	"meanwhile"
)

type wireShare struct {
	Title        string       `json:"title"`
	Author       wireAuthor   `json:"author"`
	State        string       `json:"state" enum:"recording,uploading,processing,ready,failed"`
	Failure      string       `json:"failure,omitempty"`
	Warnings     []string     `json:"warnings" nullable:"false"`
	Progress     float64      `json:"progress" minimum:"0" maximum:"1"`
	Improving    bool         `json:"improving"`
	DurationMS   int64        `json:"duration_ms"`
	Width        int          `json:"width"`
	Height       int          `json:"height"`
	CreatedAt    stamp        `json:"created_at"`
	Owner        bool         `json:"owner" doc:"The caller may rename, delete and moderate"`
	VideoID      string       `json:"video_id,omitempty" doc:"For its owner only"`
	CanComment   bool         `json:"can_comment"`
	CanDownload  bool         `json:"can_download"`
	DownloadURL  string       `json:"download_url,omitempty"`
	CommentCount int          `json:"comment_count"`
	CommentSeq   int64        `json:"comment_seq" doc:"The conversation's change counter, read before the rest"`
	Playback     wirePlayback `json:"playback"`
}

type wireAuthor struct {
	Name string `json:"name"`
}

type wirePlayback struct {
	Tracks    []wireTrack   `json:"tracks" nullable:"false" doc:"Empty while nothing plays"`
	Poster    string        `json:"poster,omitempty"`
	Captions  []wireCaption `json:"captions" nullable:"false"`
	ExpiresAt stamp         `json:"expires_at" doc:"When the addresses end; fetch the share again for new ones"`
}

type wireTrack struct {
	Name     string       `json:"name" enum:"screen,camera"`
	Main     bool         `json:"main"`
	OffsetMS int64        `json:"offset_ms"`
	Sources  []wireSource `json:"sources" nullable:"false"`
}

type wireSource struct {
	Type   string `json:"type"`
	URL    string `json:"url" doc:"Relative to this site, ready to use"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

type wireCaption struct {
	Language string `json:"language"`
	URL      string `json:"url"`
}

func shareOf(token string, w meanwhile.Watch) wireShare {
	sum := w.Video
	out := wireShare{
		Title: sum.Title, Author: wireAuthor{Name: sum.OwnerName}, State: string(sum.State), Failure: sum.Failure, Warnings: warningsOf(sum),
		Progress: sum.Done(), Improving: sum.Improving, DurationMS: sum.Duration.Milliseconds(), Width: sum.Width, Height: sum.Height,
		CreatedAt: stamp(sum.CreatedAt), Owner: w.Owner, CanComment: w.Comment, CanDownload: w.Download,
		CommentCount: sum.Comments, CommentSeq: w.CommentSeq,
		Playback: wirePlayback{Tracks: []wireTrack{}, Captions: []wireCaption{}, ExpiresAt: stamp(w.GrantEnds)},
	}
	if w.Owner {
		out.VideoID = string(sum.ID)
	}
	if w.Download {
		out.DownloadURL = "/v/" + url.PathEscape(token) + "/download"
	}
	if w.Poster != nil {
		out.Playback.Poster = mediaURL(w.Grant, *w.Poster)
	}
	if len(w.Sources) > 0 {
		track := wireTrack{Name: "screen", Main: true, Sources: make([]wireSource, len(w.Sources))}
		for i, a := range w.Sources {
			track.Sources[i] = wireSource{Type: a.MediaType, URL: mediaURL(w.Grant, a), Width: a.Width, Height: a.Height}
		}
		out.Playback.Tracks = []wireTrack{track}
	}
	return out
}

func mediaURL(grant string, a meanwhile.Asset) string {
	return fmt.Sprintf("/m/%s/g%d/%s", grant, a.Generation, url.PathEscape(a.Name))
}

type shareInput struct {
	Token string `path:"token" maxLength:"64"`
}

type shareOutput struct{ Body wireShare }

func (s *server) getShare(ctx context.Context, in *shareInput) (*shareOutput, error) {
	w, err := s.lib.Watch(ctx, visitOf(ctx).actor, in.Token)
	if err != nil {
		return nil, err
	}
	return &shareOutput{Body: shareOf(in.Token, w)}, nil
}
