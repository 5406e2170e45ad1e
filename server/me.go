package server

import (
	"context"
	"path"
	"strings"

	"meanwhile/server/people"
	"meanwhile/storage"
)

type wireWorkspaceName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type wireWorkspaceRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role" enum:"owner,admin,member"`
}

type wireMe struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Email       string              `json:"email"`
	Role        string              `json:"role,omitempty" enum:"owner,admin,member" doc:"In the current workspace; absent for somebody in no workspace"`
	TimeZone    string              `json:"time_zone" doc:"An IANA name; empty while unknown"`
	Language    string              `json:"language" doc:"A BCP 47 tag; empty while unknown"`
	PictureURL  string              `json:"picture_url,omitempty"`
	Workspace   *wireWorkspaceName  `json:"workspace,omitempty" doc:"The caller's current workspace; absent if there is none"`
	Workspaces  []wireWorkspaceRole `json:"workspaces" nullable:"false" doc:"All workspaces of the caller; an API key sees only its own"`
	HasPassword bool                `json:"has_password"`
	SeesSite    bool                `json:"sees_site" doc:"May see the site checks, at /checks"`
	DeleteAt    *stamp              `json:"delete_at,omitempty" doc:"When the account is deleted; absent while it stays"`
}

type meOutput struct{ Body wireMe }

func (s *server) getMe(ctx context.Context, _ *struct{}) (*meOutput, error) {
	a := visitOf(ctx).actor
	self, err := s.People.Self(ctx, a)
	if err != nil {
		return nil, err
	}
	leaves, err := s.Archive.LeavesAt(ctx, a)
	if err != nil {
		return nil, err
	}
	err = s.People.SeesSite(ctx, a)
	if err != nil && storage.KindOf(err) != storage.NotFound {
		return nil, err
	}
	u := self.User
	me := wireMe{
		ID:         string(u.ID),
		Name:       u.Name,
		Email:      u.Email,
		Role:       string(self.Role),
		TimeZone:   u.TimeZone,
		Language:   u.Language,
		PictureURL: pictureURL(u),
		Workspaces: make(
			[]wireWorkspaceRole,
			len(self.Workspaces),
		),
		HasPassword: u.PasswordHash != "",
		SeesSite:    err == nil,
		DeleteAt:    stampOf(leaves),
	}
	if w := self.Workspace; w != nil {
		me.Workspace = &wireWorkspaceName{ID: string(w.ID), Name: w.Name}
	}
	for i, m := range self.Workspaces {
		me.Workspaces[i] = wireWorkspaceRole{ID: string(m.Workspace.ID), Name: m.Workspace.Name, Role: string(m.Role)}
	}
	return &meOutput{Body: me}, nil
}

// pictureURL changes with the picture, so that browsers may cache it. Empty if there is none.
func pictureURL(u storage.User) string {
	if u.PictureKey == "" {
		return ""
	}
	name := path.Base(u.PictureKey)
	return "/api/v1/people/" + string(u.ID) + "/picture?v=" + strings.TrimSuffix(name, path.Ext(name))[:8]
}

type wireProfile struct {
	Name     *string `json:"name,omitempty" maxLength:"500"`
	TimeZone *string `json:"time_zone,omitempty" maxLength:"64" doc:"An IANA name; empty for unknown"`
	Language *string `json:"language,omitempty" maxLength:"35" doc:"A BCP 47 tag; empty for unknown"`
}

type profileInput struct{ Body wireProfile }

func (s *server) updateMe(ctx context.Context, in *profileInput) (*meOutput, error) {
	if err := s.People.ChangeProfile(ctx, visitOf(ctx).actor, people.Profile(in.Body)); err != nil {
		return nil, err
	}
	return s.getMe(ctx, nil)
}

type wirePassword struct {
	Current  string `json:"current,omitempty" maxLength:"1000" doc:"The current password; needed if there is one"`
	Password string `json:"password" maxLength:"1000"`
}

type passwordInput struct {
	UserAgent string `header:"User-Agent" hidden:"true"`
	Body      wirePassword
}

func (s *server) changePassword(ctx context.Context, in *passwordInput) (*noBody, error) {
	v := visitOf(ctx)
	if err := s.try(ctx, v); err != nil {
		return nil, err
	}
	if !s.logIns.allow(ctx, "password "+string(v.actor.UserID), s.Core.Now()) {
		return nil, errTooMany
	}
	cookie, err := s.SignIn.ChangePassword(ctx, v.actor, in.Body.Current, in.Body.Password, in.UserAgent)
	if err != nil {
		return nil, err
	}
	return &noBody{SetCookie: s.setCookie(v, cookie)}, nil
}

type wireOwnSession struct {
	ID         string `json:"id"`
	Device     string `json:"device"`
	CreatedAt  stamp  `json:"created_at"`
	LastUsedAt stamp  `json:"last_used_at" doc:"Accurate to five minutes"`
	Current    bool   `json:"current" doc:"The session of this request"`
}

type sessionsOutput struct {
	Body struct {
		Items []wireOwnSession `json:"items" nullable:"false"`
	}
}

func (s *server) listSessions(ctx context.Context, _ *struct{}) (*sessionsOutput, error) {
	v := visitOf(ctx)
	list, err := s.SignIn.Sessions(ctx, v.actor, v.session)
	if err != nil {
		return nil, err
	}
	out := &sessionsOutput{}
	out.Body.Items = make([]wireOwnSession, len(list))
	for i, o := range list {
		out.Body.Items[i] = wireOwnSession{
			ID:         o.ID(),
			Device:     o.Device,
			CreatedAt:  stamp(o.CreatedAt),
			LastUsedAt: stamp(o.LastUsed),
			Current:    o.Current,
		}
	}
	return out, nil
}

type namedInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *server) endSession(ctx context.Context, in *namedInput) (*struct{}, error) {
	return nil, s.SignIn.EndSession(ctx, visitOf(ctx).actor, in.ID)
}

func (s *server) endSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	v := visitOf(ctx)
	return nil, s.SignIn.EndOtherSessions(ctx, v.actor, v.session)
}

type wireSwitch struct {
	ID string `json:"id" maxLength:"64"`
}

type switchInput struct{ Body wireSwitch }

func (s *server) switchWorkspace(ctx context.Context, in *switchInput) (*struct{}, error) {
	v := visitOf(ctx)
	return nil, s.SignIn.SwitchWorkspace(ctx, v.actor, v.session, storage.WorkspaceID(in.Body.ID))
}
