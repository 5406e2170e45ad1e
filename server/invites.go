package server

import (
	"context"
	"net/http"

	"meanwhile/server/people"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

type wireInvite struct {
	ID        string `json:"id"`
	Email     string `json:"email,omitempty" doc:"Only this address may use it; absent: anyone with the link"`
	Role      string `json:"role" enum:"owner,admin,member"`
	CreatedBy string `json:"created_by" doc:"A name; empty if the person asked to join"`
	CreatedAt stamp  `json:"created_at"`
	ExpiresAt stamp  `json:"expires_at"`
	HasLink   bool   `json:"has_link" doc:"False while a request to join waits for a link"`
}

func inviteOf(i storage.Invite) wireInvite {
	return wireInvite{
		ID:        string(i.ID),
		Email:     i.Email,
		Role:      string(i.Role),
		CreatedBy: i.CreatedByName,
		CreatedAt: stamp(i.CreatedAt),
		ExpiresAt: stamp(i.ExpiresAt),
		HasLink:   i.Hash != "",
	}
}

type invitesOutput struct {
	Body struct {
		Items []wireInvite `json:"items" nullable:"false" doc:"Open ones, newest first"`
	}
}

func (s *server) listInvites(ctx context.Context, _ *struct{}) (*invitesOutput, error) {
	list, err := s.People.Invites(ctx, visitOf(ctx).actor)
	if err != nil {
		return nil, err
	}
	out := &invitesOutput{}
	out.Body.Items = make([]wireInvite, len(list))
	for i, invite := range list {
		out.Body.Items[i] = inviteOf(invite)
	}
	return out, nil
}

type wireNewInvite struct {
	Email string `json:"email,omitempty" maxLength:"254" doc:"Only this address may use it; it is mailed there if there is a mail server"`
	Role  string `json:"role" enum:"owner,admin,member"`
	Days  int    `json:"days,omitempty" minimum:"0" maximum:"90" doc:"How many days it is open; 7 if absent"`
}

type wireMadeInvite struct {
	ID        string `json:"id"`
	Email     string `json:"email,omitempty"`
	Role      string `json:"role" enum:"owner,admin,member"`
	CreatedBy string `json:"created_by"`
	CreatedAt stamp  `json:"created_at"`
	ExpiresAt stamp  `json:"expires_at"`
	URL       string `json:"url" doc:"Shown once"`
	Mailed    bool   `json:"mailed"`
}

type newInviteInput struct{ Body wireNewInvite }

type madeInviteOutput struct{ Body wireMadeInvite }

func madeInvite(i people.Invitation) *madeInviteOutput {
	return &madeInviteOutput{Body: wireMadeInvite{
		ID:        string(i.ID),
		Email:     i.Email,
		Role:      string(i.Role),
		CreatedBy: i.CreatedByName,
		CreatedAt: stamp(i.CreatedAt),
		ExpiresAt: stamp(i.ExpiresAt),
		URL:       i.URL,
		Mailed:    i.Mailed,
	}}
}

// inviteURL returns the function that makes links of secrets.
func (s *server) inviteURL(v *visit) func(string) string {
	base := s.baseURL(v)
	return func(secret string) string { return base + "/invite/" + secret }
}

func (s *server) makeInvite(ctx context.Context, in *newInviteInput) (*madeInviteOutput, error) {
	v := visitOf(ctx)
	i, err := s.People.Invite(
		ctx,
		v.actor,
		people.NewInvite{Email: in.Body.Email, Role: storage.Role(in.Body.Role), Days: in.Body.Days},
		s.inviteURL(v),
	)
	if err != nil {
		return nil, err
	}
	return madeInvite(i), nil
}

func (s *server) renewInvite(ctx context.Context, in *namedInput) (*madeInviteOutput, error) {
	v := visitOf(ctx)
	i, err := s.People.RenewInvite(ctx, v.actor, storage.InviteID(in.ID), s.inviteURL(v))
	if err != nil {
		return nil, err
	}
	return madeInvite(i), nil
}

func (s *server) revokeInvite(ctx context.Context, in *namedInput) (*struct{}, error) {
	return nil, s.People.RevokeInvite(ctx, visitOf(ctx).actor, storage.InviteID(in.ID))
}

// invitePage is the form for somebody who was invited. Bound says that the invite fixes the
// address.
type invitePage struct {
	accountForm
	InvitedBy string
	Bound     bool
	Path      string
}

func (s *server) inviteFor(r *http.Request) (*invitePage, error) {
	v := visitOf(r.Context())
	if err := s.try(r.Context(), v); err != nil {
		return nil, err
	}
	secret := r.PathValue("secret")
	i, err := s.People.InviteBySecret(r.Context(), v.actor, secret)
	if err != nil {
		return nil, err
	}
	return &invitePage{
		accountForm: accountForm{
			common:    common{Title: "Join " + i.WorkspaceName},
			Workspace: i.WorkspaceName,
			Email:     i.Email,
			Next:      "/",
		},
		InvitedBy: i.CreatedByName,
		Bound:     i.Email != "",
		Path:      "/invite/" + secret,
	}, nil
}

func (s *server) inviteForm(w http.ResponseWriter, r *http.Request) error {
	data, err := s.inviteFor(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "invite", data)
}

func (s *server) invitePosted(w http.ResponseWriter, r *http.Request) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	data, err := s.inviteFor(r)
	if err != nil {
		return err
	}
	ctx, v := r.Context(), visitOf(r.Context())
	if v.actor.SignedIn() {
		if err := s.People.Join(ctx, v.actor, r.PathValue("secret"), v.session); err != nil {
			return err
		}
		return redirect(w, r, "/")
	}
	data.Name = f.Get("name")
	if !data.Bound {
		data.Email = f.Get("email")
	}
	acc := signin.Account{
		Email:    data.Email,
		Name:     data.Name,
		Password: f.Get("password"),
		TimeZone: f.Get("time_zone"),
	}
	cookie, err := s.SignIn.SignUpByInvite(ctx, r.PathValue("secret"), acc, v.entry(r.UserAgent()))
	return s.enteredBy(w, r, "invite", data, &data.accountForm, cookie, err)
}

// askPage is the form for somebody who asks to join by the domain of their address.
type askPage struct {
	accountForm
	Asked  bool
	Mailed bool
}

func (s *server) askForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.domainsOpen(r); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "ask", &askPage{accountForm: accountForm{common: common{Title: "Join"}}})
}

func (s *server) askPosted(w http.ResponseWriter, r *http.Request) error {
	if err := s.domainsOpen(r); err != nil {
		return err
	}
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	ctx, v := r.Context(), visitOf(r.Context())
	data := &askPage{accountForm: accountForm{common: common{Title: "Join"}, Email: f.Get("email")}}
	if err = s.try(ctx, v); err == nil {
		data.Mailed, err = s.People.AskToJoin(ctx, v.address.String(), data.Email, s.inviteURL(v))
	}
	if err != nil {
		return s.enteredBy(w, r, "ask", data, &data.accountForm, "", err)
	}
	data.Asked = true
	return s.render(w, r, http.StatusOK, "ask", data)
}

// domainsOpen returns nil if people of some domain may ask to join.
func (s *server) domainsOpen(r *http.Request) error {
	open, err := s.People.DomainsOpen(r.Context())
	if err == nil && !open {
		return errNoRoute
	}
	return err
}
