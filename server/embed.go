package server

import (
	"net/http"
	"strings"

	"meanwhile/server/access"
	"meanwhile/server/watch"
)

// embedPage is the data of embed.html. Link is nil for a link that shows nothing.
type embedPage struct {
	common
	Link *pageVideo
	Boot embedBoot
}

// embedBoot is the data that the player's script starts with.
type embedBoot struct {
	Link   wireSharedVideo `json:"share"`
	Token  string          `json:"token"`
	StartS int             `json:"start_s"`
}

// everywhere lets any site show the player in a frame.
const everywhere = "*"

// embed is the player alone, for frames of other sites. It reads no cookie, so it shows only what
// the link itself shows.
func (s *server) embed(w http.ResponseWriter, r *http.Request) error {
	token, start := r.PathValue("token"), startSeconds(r.URL.Query().Get("t"))
	seen, err := s.Watch.Watch(r.Context(), access.Guest(), token)
	if err != nil {
		return hidden(err, errNoRoute)
	}
	hosts, err := s.Links.EmbedHosts(r.Context(), seen.Video.Video)
	if err != nil {
		return err
	}
	link := s.pageVideoOf(visitOf(r.Context()), token, sharedVideoOf(token, seen), seen, start)
	return s.renderFramed(w, r, http.StatusOK, &embedPage{
		common: common{
			Title:     seen.Video.Title,
			Ancestors: strings.Join(hosts, " "),
		},
		Link: &link,
		Boot: embedBoot{Link: sharedVideoOf(token, seen), Token: token, StartS: start},
	})
}

// renderFramed sends a page that other sites may show in a frame.
func (s *server) renderFramed(w http.ResponseWriter, r *http.Request, status int, data *embedPage) error {
	if data.Ancestors == "" {
		data.Ancestors = everywhere
	}
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Robots-Tag", "noindex")
	return s.render(w, r, status, "embed", data)
}

// The size of a player without a given size, and its largest height: a portrait picture would fill
// two screens.
const (
	frameWidth  = 960
	frameHeight = 720
)

// frameOf is the size of a player of seen within a box. A bound of zero does not count. While the
// shape of the picture is unknown, it is wide as films are.
func frameOf(seen watch.Watch, maxWidth, maxHeight int) (width, height int) {
	w, h := seen.Video.Width, seen.Video.Height
	if w <= 0 || h <= 0 {
		w, h = 16, 9
	}
	boxWidth, boxHeight := frameWidth, frameHeight
	if maxWidth > 0 {
		boxWidth = min(boxWidth, maxWidth)
	}
	if maxHeight > 0 {
		boxHeight = min(boxHeight, maxHeight)
	}
	if w*boxHeight > h*boxWidth { // wider than the box
		return boxWidth, max(1, (h*boxWidth+w/2)/w)
	}
	return max(1, (w*boxHeight+h/2)/h), boxHeight
}
