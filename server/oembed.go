package server

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// wireOEmbed is the response of type video that oembed.com defines.
type wireOEmbed struct {
	Type            string `json:"type" enum:"video"`
	Version         string `json:"version" enum:"1.0"`
	Title           string `json:"title"`
	AuthorName      string `json:"author_name"`
	ProviderName    string `json:"provider_name"`
	ProviderURL     string `json:"provider_url"`
	HTML            string `json:"html" doc:"The frame to put into a page"`
	Width           int    `json:"width"`
	Height          int    `json:"height"`
	ThumbnailURL    string `json:"thumbnail_url,omitempty" doc:"Absent if there is none, or if it is larger than requested"`
	ThumbnailWidth  int    `json:"thumbnail_width,omitempty"`
	ThumbnailHeight int    `json:"thumbnail_height,omitempty"`
}

type oEmbedInput struct {
	URL       string `query:"url" required:"true" maxLength:"2000" doc:"A watch link of this site"`
	Format    string `query:"format" maxLength:"20" doc:"json, the default; anything else fails with 501"`
	MaxWidth  int    `query:"maxwidth" minimum:"0" doc:"Pixels"`
	MaxHeight int    `query:"maxheight" minimum:"0" doc:"Pixels"`
}

type oEmbedOutput struct{ Body wireOEmbed }

var (
	errOEmbedFormat = &statusError{
		status:  http.StatusNotImplemented,
		message: "This comes as JSON only: leave out format, or send format=json.",
	}
	errOEmbedURL = storage.E(storage.NotFound, "There is nothing to show for this link.", nil)
)

// getOEmbed says how to show a link. Whatever a guest cannot see gets the same error, whatever the
// reason.
func (s *server) getOEmbed(ctx context.Context, in *oEmbedInput) (*oEmbedOutput, error) {
	if in.Format != "" && !strings.EqualFold(in.Format, "json") {
		return nil, errOEmbedFormat
	}
	v := visitOf(ctx)
	token, ok := s.tokenOf(v, in.URL)
	if !ok {
		return nil, errOEmbedURL
	}
	seen, err := s.Watch.Watch(ctx, access.Guest(), token)
	if err != nil {
		return nil, hidden(err, errOEmbedURL)
	}
	out := wireOEmbed{
		Type:         "video",
		Version:      "1.0",
		Title:        seen.Video.Title,
		AuthorName:   seen.Video.OwnerName,
		ProviderName: siteName,
		ProviderURL:  s.baseURL(v) + "/",
	}
	out.Width, out.Height = frameOf(seen, in.MaxWidth, in.MaxHeight)
	out.HTML = frameHTML(s.embedURL(v, token), seen.Video.Title, out.Width, out.Height)
	if p := seen.Poster; p != nil && within(p.Width, in.MaxWidth) && within(p.Height, in.MaxHeight) {
		out.ThumbnailURL, out.ThumbnailWidth, out.ThumbnailHeight = s.watchURL(
			v,
			token,
		)+"/poster.jpg", p.Width, p.Height
	}
	return &oEmbedOutput{Body: out}, nil
}

// hidden replaces an error that would reveal that something is there.
func hidden(err, instead error) error {
	switch storage.KindOf(err) {
	case storage.NotFound, storage.Forbidden, storage.Unauthenticated:
		return instead
	}
	return err
}

func within(size, bound int) bool { return bound <= 0 || size <= bound }

// tokenOf returns the token of a watch or embed link of this site.
func (s *server) tokenOf(v *visit, link string) (string, bool) {
	base, err := url.Parse(s.baseURL(v))
	if err != nil {
		return "", false
	}
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || !strings.EqualFold(u.Host, base.Host) || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), strings.TrimSuffix(base.EscapedPath(), "/"))
	if !ok {
		return "", false
	}
	for _, page := range []string{"/v/", "/embed/"} {
		if token, ok := strings.CutPrefix(rest, page); ok {
			token = strings.TrimSuffix(token, "/")
			return token, token != "" && !strings.ContainsAny(token, "/%")
		}
	}
	return "", false
}

// frameHTML is the player as a frame. All text from people is escaped.
func frameHTML(address, title string, width, height int) string {
	return fmt.Sprintf(
		`<iframe src="%s" width="%d" height="%d" title="%s" style="border:0" loading="lazy" allow="fullscreen; picture-in-picture" allowfullscreen></iframe>`,
		html.EscapeString(address),
		width,
		height,
		html.EscapeString(title),
	)
}

func (s *server) embedURL(v *visit, token string) string {
	return s.baseURL(v) + "/embed/" + url.PathEscape(token)
}

// oEmbedURL is the address where other sites learn how to show a link.
func (s *server) oEmbedURL(v *visit, token string) string {
	return s.baseURL(v) + "/oembed?format=json&url=" + url.QueryEscape(s.watchURL(v, token))
}
