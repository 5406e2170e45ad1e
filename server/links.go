package server

import (
	"context"
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"meanwhile/server/links"
	"meanwhile/storage"
)

// wireLink is a link for the video's owner.
type wireLink struct {
	ID            string   `json:"id"`
	Name          string   `json:"name" doc:"Empty for a video's first link, unless it was given a name"`
	URL           string   `json:"url"`
	Token         string   `json:"share_token"`
	Audience      string   `json:"audience" enum:"link,password,members,named"`
	People        []string `json:"people" nullable:"false" doc:"Mail addresses in lower case, for the audience named"`
	HasPassword   bool     `json:"has_password"`
	Comments      string   `json:"comments" enum:"on,off,held" doc:"For people who are no members; held: shown after approval"`
	AllowDownload bool     `json:"allow_download"`
	Opens         int64    `json:"opens" doc:"How often people opened the page, not counting its owner"`
	CreatedAt     stamp    `json:"created_at"`
	ExpiresAt     *stamp   `json:"expires_at,omitempty"`
	RevokedAt     *stamp   `json:"revoked_at,omitempty"`
}

// The API's words for rules whose usual value is stored empty.
const (
	wordLink = "link"
	wordOn   = "on"
)

func orWord[T ~string](v T, word string) string {
	if v == "" {
		return word
	}
	return string(v)
}

func fromWord[T ~string](p *string, word string) *T {
	if p == nil {
		return nil
	}
	v := T(*p)
	if *p == word {
		v = ""
	}
	return &v
}

func (s *server) linkOf(v *visit, link storage.LinkWithPeople) wireLink {
	people := link.People
	if people == nil {
		people = []string{}
	}
	return wireLink{
		ID:            string(link.ID),
		Name:          link.Name,
		URL:           s.watchURL(v, link.Token),
		Token:         link.Token,
		Audience:      orWord(link.Audience, wordLink),
		People:        people,
		HasPassword:   link.PasswordHash != "",
		Comments:      orWord(link.Comments, wordOn),
		AllowDownload: link.AllowDownload,
		Opens:         link.Opens,
		CreatedAt:     stamp(link.CreatedAt),
		ExpiresAt:     stampOf(link.ExpiresAt),
		RevokedAt:     stampOf(link.RevokedAt),
	}
}

type wireLinks struct {
	Items []wireLink `json:"items" nullable:"false"`
}

type linksOutput struct{ Body wireLinks }

type linkOutput struct{ Body wireLink }

func (s *server) listLinks(ctx context.Context, in *videoInput) (*linksOutput, error) {
	v := visitOf(ctx)
	list, err := s.Links.List(ctx, v.actor, storage.VideoID(in.ID))
	if err != nil {
		return nil, err
	}
	out := wireLinks{Items: make([]wireLink, len(list))}
	for i, link := range list {
		out.Items[i] = s.linkOf(v, link)
	}
	return &linksOutput{Body: out}, nil
}

// wireLinkRules are the settable rules of a link. A field that is left out stays as it is.
type wireLinkRules struct {
	Name          *string      `json:"name,omitempty" maxLength:"200"`
	Audience      *string      `json:"audience,omitempty" enum:"link,password,members,named"`
	Password      *string      `json:"password,omitempty" maxLength:"1000" doc:"For the audience password; kept as a hash"`
	People        *[]string    `json:"people,omitempty" maxItems:"100" doc:"Mail addresses, for the audience named"`
	Comments      *string      `json:"comments,omitempty" enum:"on,off,held"`
	AllowDownload *bool        `json:"allow_download,omitempty"`
	ExpiresAt     optionalTime `json:"expires_at,omitempty" doc:"null: it does not end"`
}

// optionalTime can tell null, which removes a time, from a field that was left out.
type optionalTime struct {
	set bool
	at  *time.Time
}

// UnmarshalJSON is called for null, too.
func (o *optionalTime) UnmarshalJSON(b []byte) error {
	o.set = true
	return json.Unmarshal(b, &o.at)
}

// Schema gives huma its form.
func (o optionalTime) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Nullable: true}
}

func (o optionalTime) change() **time.Time {
	if !o.set {
		return nil
	}
	return &o.at
}

func (in wireLinkRules) change() links.Change {
	return links.Change{
		Name:     in.Name,
		Audience: fromWord[storage.Audience](in.Audience, wordLink),
		Password: in.Password,
		People:   in.People,
		Comments: fromWord[storage.CommentRule](
			in.Comments,
			wordOn,
		),
		AllowDownload: in.AllowDownload,
		ExpiresAt:     in.ExpiresAt.change(),
	}
}

type addLinkInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body wireLinkRules
}

func (s *server) addLink(ctx context.Context, in *addLinkInput) (*linkOutput, error) {
	v := visitOf(ctx)
	link, err := s.Links.Add(ctx, v.actor, storage.VideoID(in.ID), in.Body.change())
	if err != nil {
		return nil, err
	}
	return &linkOutput{Body: s.linkOf(v, link)}, nil
}

type changeLinkInput struct {
	ID   string `path:"id" maxLength:"64"`
	Link string `path:"share" maxLength:"64"`
	Body wireLinkRules
}

func (s *server) changeLink(ctx context.Context, in *changeLinkInput) (*linkOutput, error) {
	v := visitOf(ctx)
	link, err := s.Links.Change(
		ctx,
		v.actor,
		storage.VideoID(in.ID),
		storage.LinkID(in.Link),
		in.Body.change(),
	)
	if err != nil {
		return nil, err
	}
	return &linkOutput{Body: s.linkOf(v, link)}, nil
}

type revokeLinkInput struct {
	ID   string `path:"id" maxLength:"64"`
	Link string `path:"share" maxLength:"64"`
}

func (s *server) revokeLink(ctx context.Context, in *revokeLinkInput) (*struct{}, error) {
	return nil, s.Links.Revoke(ctx, visitOf(ctx).actor, storage.VideoID(in.ID), storage.LinkID(in.Link))
}

type accessLinkInput struct {
	ID   string `path:"id" maxLength:"64"`
	Link string `path:"share" maxLength:"64"`
	Body struct {
		Email string `json:"email" maxLength:"254"`
	}
}

type wireAccessLink struct {
	URL       string `json:"url" doc:"Opens the link once for that address"`
	ExpiresAt stamp  `json:"expires_at"`
}

type accessLinkOutput struct{ Body wireAccessLink }

// makeAccessLink is for sites that send no mail: the owner sends the link on.
func (s *server) makeAccessLink(ctx context.Context, in *accessLinkInput) (*accessLinkOutput, error) {
	v := visitOf(ctx)
	secret, ends, err := s.Links.NewAccessLink(
		ctx,
		v.actor,
		storage.VideoID(in.ID),
		storage.LinkID(in.Link),
		in.Body.Email,
	)
	if err != nil {
		return nil, err
	}
	return &accessLinkOutput{Body: wireAccessLink{URL: s.baseURL(v) + "/pass/" + secret, ExpiresAt: stamp(ends)}}, nil
}
