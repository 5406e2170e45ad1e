package server

import (
	"context"

	"meanwhile/server/people"
	"meanwhile/storage"
)

type wireNewWorkspace struct {
	Name string `json:"name" maxLength:"500"`
}

type newWorkspaceInput struct{ Body wireNewWorkspace }

type newWorkspaceOutput struct{ Body wireWorkspaceRole }

func (s *server) makeWorkspace(ctx context.Context, in *newWorkspaceInput) (*newWorkspaceOutput, error) {
	v := visitOf(ctx)
	w, err := s.People.MakeWorkspace(ctx, v.actor, v.session, in.Body.Name)
	if err != nil {
		return nil, err
	}
	return &newWorkspaceOutput{
		Body: wireWorkspaceRole{ID: string(w.ID), Name: w.Name, Role: string(storage.RoleOwner)},
	}, nil
}

type wireWorkspace struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	SignUp          string   `json:"sign_up" enum:"closed,invited,domains"`
	Domains         []string `json:"domains" nullable:"false" doc:"People with a mail address of these may ask to join, if sign_up is domains"`
	EmbedHosts      []string `json:"embed_hosts" nullable:"false" doc:"Sites that may show the player in their pages; empty for all"`
	KeepDays        int      `json:"keep_days" doc:"0 for ever"`
	DefaultAudience string   `json:"default_audience" enum:"link,members" doc:"The default of a new link, like the next two"`
	DefaultComments string   `json:"default_comments" enum:"on,off,held"`
	DefaultDownload bool     `json:"default_download"`
}

func workspaceOf(w storage.Workspace, set storage.Settings) wireWorkspace {
	return wireWorkspace{
		ID:              string(w.ID),
		Name:            w.Name,
		SignUp:          string(set.SignUp),
		Domains:         listed(set.Domains),
		EmbedHosts:      listed(set.EmbedHosts),
		KeepDays:        set.KeepDays,
		DefaultAudience: set.DefaultAudience,
		DefaultComments: set.DefaultComments,
		DefaultDownload: set.DefaultDownload,
	}
}

// listed is a list that is never null in JSON.
func listed(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

type workspaceOutput struct{ Body wireWorkspace }

func (s *server) getWorkspace(ctx context.Context, _ *struct{}) (*workspaceOutput, error) {
	w, set, err := s.People.Workspace(ctx, visitOf(ctx).actor)
	if err != nil {
		return nil, err
	}
	return &workspaceOutput{Body: workspaceOf(w, set)}, nil
}

type wireWorkspaceChange struct {
	Name            *string   `json:"name,omitempty" maxLength:"500"`
	SignUp          *string   `json:"sign_up,omitempty" enum:"closed,invited,domains"`
	Domains         *[]string `json:"domains,omitempty" maxItems:"100"`
	EmbedHosts      *[]string `json:"embed_hosts,omitempty" maxItems:"100"`
	KeepDays        *int      `json:"keep_days,omitempty" minimum:"0"`
	DefaultAudience *string   `json:"default_audience,omitempty" enum:"link,members"`
	DefaultComments *string   `json:"default_comments,omitempty" enum:"on,off,held"`
	DefaultDownload *bool     `json:"default_download,omitempty"`
}

type workspaceInput struct{ Body wireWorkspaceChange }

func (s *server) updateWorkspace(ctx context.Context, in *workspaceInput) (*workspaceOutput, error) {
	b := in.Body
	w, set, err := s.People.ChangeWorkspace(ctx, visitOf(ctx).actor, people.WorkspaceChange{
		Name:            b.Name,
		SignUp:          (*storage.SignUpRule)(b.SignUp),
		Domains:         b.Domains,
		EmbedHosts:      b.EmbedHosts,
		KeepDays:        b.KeepDays,
		DefaultAudience: b.DefaultAudience,
		DefaultComments: b.DefaultComments,
		DefaultDownload: b.DefaultDownload,
	})
	if err != nil {
		return nil, err
	}
	return &workspaceOutput{Body: workspaceOf(w, set)}, nil
}

type wireMember struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Email      string `json:"email"`
	Role       string `json:"role" enum:"owner,admin,member"`
	JoinedAt   stamp  `json:"joined_at"`
	PictureURL string `json:"picture_url,omitempty"`
	You        bool   `json:"you"`
	OpenSignUp bool   `json:"open_sign_up,omitempty" doc:"They made themselves a member while sign-up was open to everybody, and nobody has looked at that yet"`
}

type membersOutput struct {
	Body struct {
		Items []wireMember `json:"items" nullable:"false" doc:"In the order in which they joined"`
	}
}

func (s *server) listMembers(ctx context.Context, _ *struct{}) (*membersOutput, error) {
	a := visitOf(ctx).actor
	list, err := s.People.Members(ctx, a)
	if err != nil {
		return nil, err
	}
	out := &membersOutput{}
	out.Body.Items = make([]wireMember, len(list))
	for i, m := range list {
		out.Body.Items[i] = wireMember{
			ID:         string(m.User.ID),
			Name:       m.User.Name,
			Email:      m.User.Email,
			Role:       string(m.Role),
			JoinedAt:   stamp(m.JoinedAt),
			PictureURL: pictureURL(m.User),
			You:        m.User.ID == a.UserID,
			OpenSignUp: m.OpenSignUp,
		}
	}
	return out, nil
}

func (s *server) seeOpenSignUps(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return &struct{}{}, s.People.SeeOpenSignUps(ctx, visitOf(ctx).actor)
}

type wireRole struct {
	Role string `json:"role" enum:"owner,admin,member"`
}

type roleInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body wireRole
}

func (s *server) changeRole(ctx context.Context, in *roleInput) (*struct{}, error) {
	return nil, s.People.ChangeRole(ctx, visitOf(ctx).actor, storage.UserID(in.ID), storage.Role(in.Body.Role))
}

func (s *server) removeMember(ctx context.Context, in *namedInput) (*struct{}, error) {
	return nil, s.People.Remove(ctx, visitOf(ctx).actor, storage.UserID(in.ID))
}

type handOverInput struct {
	UserAgent string `header:"User-Agent" hidden:"true"`
	Body      wireSwitch
}

func (s *server) handOver(ctx context.Context, in *handOverInput) (*noBody, error) {
	v := visitOf(ctx)
	cookie, err := s.People.HandOver(ctx, v.actor, storage.UserID(in.Body.ID), in.UserAgent)
	if err != nil {
		return nil, err
	}
	return &noBody{SetCookie: s.setCookie(v, cookie)}, nil
}

type wireLogInLink struct {
	URL       string `json:"url" doc:"Signs the person in once; shown once"`
	ExpiresAt stamp  `json:"expires_at"`
}

type logInLinkOutput struct{ Body wireLogInLink }

func (s *server) makeLogInLink(ctx context.Context, in *namedInput) (*logInLinkOutput, error) {
	v := visitOf(ctx)
	secret, link, err := s.People.LogInLinkFor(ctx, v.actor, storage.UserID(in.ID))
	if err != nil {
		return nil, err
	}
	return &logInLinkOutput{
		Body: wireLogInLink{URL: s.baseURL(v) + "/enter/" + secret, ExpiresAt: stamp(link.ExpiresAt)},
	}, nil
}
