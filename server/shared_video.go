package server

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"meanwhile/server/watch"
	"meanwhile/storage"
)

type wireSharedVideo struct {
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
	OriginalURL  string       `json:"original_url,omitempty" doc:"For its owner only, once the upload is complete"`
	CanComment   bool         `json:"can_comment"`
	CanDownload  bool         `json:"can_download"`
	DownloadURL  string       `json:"download_url,omitempty"`
	CommentCount int          `json:"comment_count"`
	CommentSeq   int64        `json:"comment_seq" doc:"The conversation's change counter, read before the rest"`
	LinkEndsAt   *stamp       `json:"link_ends_at,omitempty" doc:"When this link stops working; absent if it has no end"`
	Playback     wirePlayback `json:"playback"`
}

type wireAuthor struct {
	Name string `json:"name"`
}

type wirePlayback struct {
	Tracks    []wireTrack `json:"tracks" nullable:"false" doc:"Empty while nothing plays"`
	Poster    string      `json:"poster,omitempty"`
	Flattened *wireSource `json:"flattened,omitempty" doc:"Screen and camera in one picture, for players that cannot show both; absent until it is made, also after each change of the layout"`
	Layout    *wireLayout `json:"layout,omitempty" doc:"Where the camera is shown, if there is one"`
	// What the seek bar shows next to the time, if it has been made.
	Storyboard string        `json:"storyboard,omitempty" doc:"WebVTT whose cues name tiles of one picture, as #xywh="`
	Waveform   string        `json:"waveform,omitempty" doc:"JSON: version, interval_ms and peaks, each 0 to 100"`
	Captions   []wireCaption `json:"captions" nullable:"false"`
	ExpiresAt  stamp         `json:"expires_at" doc:"When the addresses end; fetch this again for new ones"`
}

type wireTrack struct {
	Name     string       `json:"name" enum:"screen,camera"`
	Main     bool         `json:"main"`
	OffsetMS int64        `json:"offset_ms"`
	Sources  []wireSource `json:"sources" nullable:"false" doc:"Files, the largest first"`
	HLSAAC   string       `json:"hls_aac,omitempty" doc:"A recording with its sound in AAC, for players without Opus; complete a moment after its end, and there until a source plays everywhere"`
	HLS      string       `json:"hls,omitempty" doc:"The playlist of the same picture in several sizes, for connections that are too slow for a file"`
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

func sharedVideoOf(token string, w watch.Watch) wireSharedVideo {
	sum := w.Video.Shown()
	out := wireSharedVideo{
		Title:        sum.Title,
		Author:       wireAuthor{Name: sum.OwnerName},
		State:        string(sum.State),
		Failure:      sum.Failure,
		Warnings:     warningsOf(sum),
		Progress:     sum.Done(),
		Improving:    sum.Improving,
		DurationMS:   sum.Duration.Milliseconds(),
		Width:        sum.Width,
		Height:       sum.Height,
		CreatedAt:    stamp(sum.CreatedAt),
		Owner:        w.Owner,
		CanComment:   w.Comment,
		CanDownload:  w.Download,
		CommentCount: sum.Comments,
		CommentSeq:   w.CommentSeq,
		LinkEndsAt:   stampOf(w.Link.ExpiresAt),
		Playback:     wirePlayback{Tracks: []wireTrack{}, Captions: []wireCaption{}, ExpiresAt: stamp(w.GrantEnds)},
	}
	if w.Owner {
		out.VideoID = string(sum.ID)
		if sum.Sealed {
			out.OriginalURL = "/api/v1/videos/" + out.VideoID + "/original"
		}
	}
	if w.Download {
		out.DownloadURL = "/v/" + url.PathEscape(token) + "/download"
	}
	out.Playback.Poster = mediaURLOf(w.Grant, w.Poster)
	out.Playback.Storyboard = mediaURLOf(w.Grant, w.Storyboard)
	out.Playback.Waveform = mediaURLOf(w.Grant, w.Peaks)
	if len(w.Sources) > 0 {
		track := wireTrack{Name: "screen", Main: true, Sources: make([]wireSource, len(w.Sources))}
		for i, a := range w.Sources {
			track.Sources[i] = wireSource{
				Type:   a.MediaType,
				URL:    mediaURL(w.Grant, a),
				Width:  a.Width,
				Height: a.Height,
			}
		}
		track.HLS = mediaURLOf(w.Grant, w.HLS)
		out.Playback.Tracks = []wireTrack{track}
	}
	if c := w.Camera; c != nil {
		source := wireSource{Type: c.MediaType, URL: mediaURL(w.Grant, *c), Width: c.Width, Height: c.Height}
		out.Playback.Tracks = append(
			out.Playback.Tracks,
			wireTrack{
				Name:     storage.CameraTrack,
				OffsetMS: w.CameraOffset.Milliseconds(),
				Sources:  []wireSource{source},
			},
		)
	}
	for _, t := range w.Live {
		live := liveTrack(w, t)
		if live.Main && out.DurationMS == 0 {
			out.DurationMS, out.Width, out.Height = t.DurationMS, t.Width, t.Height
		}
		out.Playback.Tracks = append(out.Playback.Tracks, live)
	}
	for i := range out.Playback.Tracks {
		if t := &out.Playback.Tracks[i]; t.Main && w.LiveSound {
			t.HLSAAC = fmt.Sprintf("/m/%s/g0/%s", w.Grant, storage.SoundName)
		}
	}
	slices.SortStableFunc(out.Playback.Tracks, func(a, b wireTrack) int { return btoi(b.Main) - btoi(a.Main) })
	if w.Flat != nil {
		out.Playback.Flattened = &wireSource{
			Type:   w.Flat.MediaType,
			URL:    mediaURL(w.Grant, *w.Flat),
			Width:  w.Flat.Width,
			Height: w.Flat.Height,
		}
	}
	if w.Layout != nil {
		out.Playback.Layout = layoutOf(*w.Layout)
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// liveTrack is a recording's track as stored. It plays by HLS from the first byte, and as one file
// once it is complete.
func liveTrack(w watch.Watch, t storage.Track) wireTrack {
	out := wireTrack{
		Name:    t.Name,
		Main:    t.Name == storage.ScreenTrack,
		Sources: []wireSource{},
		HLS:     fmt.Sprintf("/m/%s/g0/%s", w.Grant, storage.LiveName(t.Name)),
	}
	if !out.Main {
		out.OffsetMS = w.CameraOffset.Milliseconds()
	}
	if w.LiveOver && watch.Playable(t) {
		address := fmt.Sprintf("/m/%s/g0/%s", w.Grant, storage.IndexedFileName(t.Name))
		out.Sources = append(
			out.Sources,
			wireSource{Type: watch.PlayableType(t), URL: address, Width: t.Width, Height: t.Height},
		)
	}
	return out
}

type wireLayout struct {
	Bubbles []wireBubble `json:"bubbles" nullable:"false" minItems:"1" maxItems:"500"`
}

type wireBubble struct {
	AtMS    int64   `json:"at_ms" minimum:"0" doc:"When it begins to apply; the first is at 0"`
	X       float64 `json:"x" minimum:"0" maximum:"1" doc:"The bubble's centre, of the picture's width"`
	Y       float64 `json:"y" minimum:"0" maximum:"1" doc:"The bubble's centre, of the picture's height"`
	Size    float64 `json:"size" minimum:"0.05" maximum:"1" doc:"Its diameter, of the picture's shorter side"`
	Visible bool    `json:"visible"`
}

func layoutOf(l storage.Layout) *wireLayout {
	out := &wireLayout{Bubbles: make([]wireBubble, len(l.Bubbles))}
	for i, b := range l.Bubbles {
		out.Bubbles[i] = wireBubble(b)
	}
	return out
}

func (l wireLayout) domain() storage.Layout {
	out := storage.Layout{Bubbles: make([]storage.Bubble, len(l.Bubbles))}
	for i, b := range l.Bubbles {
		out.Bubbles[i] = storage.Bubble(b)
	}
	return out
}

// mediaURLOf is empty if there is no asset.
func mediaURLOf(grant string, a *storage.Asset) string {
	if a == nil {
		return ""
	}
	return mediaURL(grant, *a)
}

func mediaURL(grant string, a storage.Asset) string {
	return fmt.Sprintf("/m/%s/g%d/%s", grant, a.Generation, url.PathEscape(a.Name))
}

type linkTokenInput struct {
	Token string `path:"token" maxLength:"64"`
}

type sharedVideoOutput struct{ Body wireSharedVideo }

func (s *server) getSharedVideo(ctx context.Context, in *linkTokenInput) (*sharedVideoOutput, error) {
	w, err := s.Watch.Watch(ctx, visitOf(ctx).actor, in.Token)
	if err != nil {
		return nil, err
	}
	return &sharedVideoOutput{Body: sharedVideoOf(in.Token, w)}, nil
}
