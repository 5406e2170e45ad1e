package server

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"meanwhile/server/comments"
	"meanwhile/server/watch"
	"meanwhile/storage"
)

// watchPage is the data of watch.html.
type watchPage struct {
	common
	Link         pageVideo
	List         template.HTML // the comments
	CommentCount int
	MoreComments bool
	Boot         watchBoot
	OG           openGraph
	OEmbedURL    string
}

// watchBoot is the data that the page's script starts with, so that it need not request what the
// page has already.
type watchBoot struct {
	Link     wireSharedVideo `json:"share"`
	Comments json.RawMessage `json:"comments"` // wireComments
	Token    string          `json:"token"`
	User     *bootUser       `json:"user"`
	StartS   int             `json:"start_s"`
}

type bootUser struct {
	Name string `json:"name"`
}

type pageVideo struct {
	Title, AuthorName, State, Failure string
	Warnings                          []string
	Progress                          float64
	Percent                           int
	Improving                         bool
	DurationMS                        int64
	Duration                          string // empty if unknown
	Width, Height                     int
	CreatedAt                         time.Time
	Owner                             bool
	VideoID, OriginalURL              string
	CanComment, CanDownload           bool
	DownloadURL, WatchURL, PosterURL  string
	Sources                           []pageSource // for our player
	// for a plain <video>, which cannot show the camera on top of the picture
	Plain        []pageSource
	StartSeconds int
	// of the addresses that media redirects to; zero without redirects
	AddressLifeMS int64
}

// pageSource is a <source>. The browser takes the first one whose media query matches. The address
// contains the start position.
type pageSource struct {
	URL, Type, Media string
}

type pageComment struct {
	ID, ParentID           string
	AtMS                   int64
	At                     string
	UntilMS                int64 // zero if there is no end
	Until                  string
	Body                   template.HTML
	Name, Initial          string
	Guest, Mine, CanDelete bool
	CreatedAt              time.Time
	EditedAt               *time.Time
	Seq                    int64
}

// openGraph is what other sites show for a pasted link.
type openGraph struct {
	Title, Description, URL, Image string
	Width, Height                  int
	Player                         string // the frame to show, empty if nothing plays yet
	PlayerWidth, PlayerHeight      int
	Secure                         bool   // reached over TLS
	File                           string // the whole as one MP4, empty if there is none
	FileWidth, FileHeight          int
}

// watch shows a video and its conversation. The page has everything that a player needs, so it
// plays and reads without scripts.
func (s *server) watch(w http.ResponseWriter, r *http.Request) error {
	ctx, v, token := r.Context(), visitOf(r.Context()), r.PathValue("token")
	seen, talk, err := s.Watch.WatchWithComments(ctx, v.actor, token)
	if err != nil {
		_, err = s.showGate(w, r, token, err)
		return err
	}
	said, err := comments.Once(talk.Shared, func() (renderedTalk, error) { return s.renderTalk(talk) })
	if err != nil {
		return err
	}
	start := startSeconds(r.URL.Query().Get("t"))
	link := sharedVideoOf(token, seen)
	data := &watchPage{
		common: common{Title: seen.Video.Title},
		Link:   s.pageVideoOf(v, token, link, seen, start),
		List:   said.list, CommentCount: talk.Count, MoreComments: talk.Next != nil,
		Boot: watchBoot{Link: link, Comments: said.boot, Token: token, StartS: start},
		OG:   s.openGraphOf(v, token, seen), OEmbedURL: s.oEmbedURL(v, token),
	}
	if v.actor.SignedIn() {
		data.Boot.User = &bootUser{Name: v.actor.Name}
	}
	w.Header().Set("X-Robots-Tag", "noindex")
	return s.render(w, r, http.StatusOK, "watch", data)
}

// renderedTalk is the beginning of a conversation as the page shows it, and as its script reads it.
type renderedTalk struct {
	list template.HTML
	boot json.RawMessage
}

func (s *server) renderTalk(talk comments.Conversation) (renderedTalk, error) {
	wire, err := commentsOf(talk)
	if err != nil {
		return renderedTalk{}, err
	}
	boot, err := json.Marshal(wire)
	if err != nil {
		return renderedTalk{}, fmt.Errorf("encode conversation: %w", err)
	}
	b := borrowBuffer()
	defer returnBuffer(b)
	if err := s.pages["watch"].ExecuteTemplate(b, "comments", pageCommentsOf(talk)); err != nil {
		return renderedTalk{}, fmt.Errorf("render conversation: %w", err)
	}
	//nolint:gosec // the template has escaped it
	return renderedTalk{list: template.HTML(b.String()), boot: boot}, nil
}

func (s *server) pageVideoOf(v *visit, token string, sh wireSharedVideo, seen watch.Watch, start int) pageVideo {
	out := pageVideo{
		AddressLifeMS: s.addressLife().Milliseconds(),
		Title:         sh.Title,
		AuthorName:    sh.Author.Name,
		State:         sh.State,
		Failure:       sh.Failure,
		Warnings:      sh.Warnings,
		Progress:      sh.Progress,
		Percent:       int(sh.Progress * 100),
		Improving:     sh.Improving,
		DurationMS:    sh.DurationMS,
		Width:         sh.Width,
		Height:        sh.Height,
		CreatedAt:     seen.Video.CreatedAt.UTC(),
		Owner:         sh.Owner,
		VideoID:       sh.VideoID,
		OriginalURL:   sh.OriginalURL,
		CanComment:    sh.CanComment,
		CanDownload:   sh.CanDownload,
		DownloadURL:   sh.DownloadURL,
		WatchURL:      s.watchURL(v, token),
		PosterURL:     sh.Playback.Poster,
		StartSeconds:  start,
	}
	if seen.Video.Duration > 0 {
		out.Duration = storage.Clock(seen.Video.Duration)
	}
	for _, t := range sh.Playback.Tracks {
		if !t.Main {
			continue // the script shows it on top of the picture
		}
		out.Sources = append(out.Sources, pageSourcesOf(t.Sources, start)...)
	}
	out.Plain = out.Sources
	if flat := sh.Playback.Flattened; flat != nil {
		out.Plain = pageSourcesOf([]wireSource{*flat}, start)
	}
	return out
}

// pageSourcesOf reverses the order. The smallest file that fills the window comes first. The
// largest is for all other windows.
func pageSourcesOf(largestFirst []wireSource, start int) []pageSource {
	at := ""
	if start > 0 {
		at = fmt.Sprintf("#t=%d", start) // Media Fragments URI 1.0
	}
	out := make([]pageSource, 0, len(largestFirst))
	for i, src := range slices.Backward(largestFirst) {
		p := pageSource{URL: src.URL + at, Type: src.Type}
		if i > 0 {
			p.Media = filledBy(src.Width, src.Height)
		}
		out = append(out, p)
	}
	return out
}

// filledBy is the media query for windows that a picture fills without being enlarged. It then
// reaches two opposite edges.
func filledBy(width, height int) string {
	var queries []string
	// device pixels per CSS pixel; a value in between counts as the next one
	for _, density := range []int{1, 2, 3} {
		for _, side := range []string{
			fmt.Sprintf("max-width: %dpx", width/density),
			fmt.Sprintf("max-height: %dpx", height/density),
		} {
			queries = append(queries, fmt.Sprintf("(%s) and (max-resolution: %ddppx)", side, density))
		}
	}
	return strings.Join(queries, ", ")
}

func pageCommentsOf(talk comments.Conversation) []pageComment {
	out := make([]pageComment, len(talk.Items))
	for i, c := range talk.Items {
		out[i] = pageComment{
			ID:        string(c.ID),
			ParentID:  string(c.Parent),
			AtMS:      c.At.Milliseconds(),
			At:        storage.Clock(c.At),
			Body:      commentHTML(c.Body),
			Name:      c.AuthorName,
			Initial:   initial(c.AuthorName),
			Guest:     c.Guest(),
			Mine:      c.Mine,
			CanDelete: c.Mine || c.Moderated,
			CreatedAt: c.CreatedAt.UTC(),
			EditedAt:  c.EditedAt,
			Seq:       c.Seq,
		}
		if c.Until != nil {
			out[i].UntilMS, out[i].Until = c.Until.Milliseconds(), storage.Clock(*c.Until)
		}
	}
	return out
}

func (s *server) openGraphOf(v *visit, token string, seen watch.Watch) openGraph {
	og := openGraph{
		Title:       seen.Video.Title,
		URL:         s.watchURL(v, token),
		Description: fmt.Sprintf("A video update by %s.", seen.Video.OwnerName),
	}
	if seen.Video.Duration > 0 {
		og.Description = fmt.Sprintf(
			"A video update by %s, %s long.",
			seen.Video.OwnerName,
			storage.Clock(seen.Video.Duration),
		)
	}
	if seen.Poster != nil {
		og.Image, og.Width, og.Height = og.URL+"/poster.jpg", seen.Poster.Width, seen.Poster.Height
	}
	if len(seen.Sources) > 0 {
		og.Player, og.Secure = s.embedURL(v, token), s.https(v)
		og.PlayerWidth, og.PlayerHeight = frameOf(seen, 0, 0)
	}
	if f := seen.File(); f != nil && f.Width > 0 && seen.Download {
		og.File, og.FileWidth, og.FileHeight = og.URL+"/video.mp4", f.Width, f.Height
	}
	return og
}
