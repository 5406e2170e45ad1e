package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// gatePage is the page in front of a link that asks for something. It says nothing about the video.
type gatePage struct {
	common
	Token    string
	Password bool // else it asks for a mail address
	Sent     bool
	Email    string
	Error    string
}

// showGate shows the gate if err says that the link asks for something. False for any other error.
func (s *server) showGate(w http.ResponseWriter, r *http.Request, token string, err error) (bool, error) {
	password := errors.Is(err, access.ErrPasswordNeeded)
	if !password && !errors.Is(err, access.ErrAddressNeeded) {
		return false, err
	}
	return true, s.renderGate(w, r, http.StatusUnauthorized, &gatePage{Token: token, Password: password})
}

func (s *server) renderGate(w http.ResponseWriter, r *http.Request, status int, data *gatePage) error {
	data.Title = "This link asks for something"
	w.Header().Set("Referrer-Policy", tellsOwnSite)
	w.Header().Set("X-Robots-Tag", "noindex")
	return s.render(w, r, status, "gate", data)
}

// tryGate limits the tries of one address at one link. Few are allowed a
// minute, and few an hour, so the wait grows.
func (s *server) tryGate(ctx context.Context, v *visit, token string) error {
	for _, l := range s.passwords {
		if !l.allow(ctx, addressKey(v.address)+" "+token, s.Core.Now()) {
			return storage.E(storage.Limited, "Too many tries. Wait a few minutes, then try again.", nil)
		}
	}
	return nil
}

type linkPasswordInput struct {
	Token string `path:"token" maxLength:"64"`
	Body  struct {
		Password string `json:"password" maxLength:"1000"`
	}
}

type unlockOutput struct {
	SetCookie string `header:"Set-Cookie" doc:"The unlock, for browsers"`
	Body      struct {
		Unlock string `json:"pass" doc:"For programs: send it as Meanwhile-Pass to open the link"`
	}
}

func (s *server) giveLinkPassword(ctx context.Context, in *linkPasswordInput) (*unlockOutput, error) {
	v := visitOf(ctx)
	if err := s.tryGate(ctx, v, in.Token); err != nil {
		return nil, err
	}
	id, unlock, err := s.Links.CheckPassword(ctx, in.Token, in.Body.Password)
	if err != nil {
		return nil, err
	}
	out := &unlockOutput{SetCookie: s.setUnlock(v, id, unlock)}
	out.Body.Unlock = unlock
	return out, nil
}

type accessLinkRequest struct {
	Token string `path:"token" maxLength:"64"`
	Body  struct {
		Email string `json:"email" maxLength:"254"`
	}
}

func (s *server) mailAccessLink(ctx context.Context, in *accessLinkRequest) (*struct{}, error) {
	v := visitOf(ctx)
	if err := s.tryGate(ctx, v, in.Token); err != nil {
		return nil, err
	}
	return nil, s.Links.MailAccessLink(ctx, in.Token, in.Body.Email, s.baseURL(v))
}

type openedInput struct {
	Token string `path:"token" maxLength:"64"`
}

func (s *server) countOpen(ctx context.Context, in *openedInput) (*struct{}, error) {
	v := visitOf(ctx)
	if !s.opens.allow(ctx, addressKey(v.address)+" "+in.Token, s.Core.Now()) {
		return nil, nil // counted often enough
	}
	return nil, s.Links.CountOpen(ctx, v.actor, in.Token)
}

// gatePosted handles the gate's form.
func (s *server) gatePosted(w http.ResponseWriter, r *http.Request) error {
	ctx, v, token := r.Context(), visitOf(r.Context()), r.PathValue("token")
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	data := &gatePage{Token: token, Password: f.Has("password"), Email: f.Get("email")}
	err = s.tryGate(ctx, v, token)
	if err == nil && data.Password {
		var id storage.LinkID
		var unlock string
		if id, unlock, err = s.Links.CheckPassword(ctx, token, f.Get("password")); err == nil {
			w.Header().Set("Set-Cookie", s.setUnlock(v, id, unlock))
			return redirect(w, r, "/v/"+url.PathEscape(token))
		}
	} else if err == nil {
		if err = s.Links.MailAccessLink(ctx, token, data.Email, s.baseURL(v)); err == nil {
			data.Sent = true
			return s.renderGate(w, r, http.StatusOK, data)
		}
	}
	p := s.problem(v, err)
	if p.Status >= 500 && p.Status != http.StatusServiceUnavailable || p.Status == http.StatusNotFound {
		return err
	}
	data.Error = p.Detail
	return s.renderGate(w, r, p.Status, data)
}

// accessLinkForm asks for one click, so that a scanner that opens links does not use them up.
func (s *server) accessLinkForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.try(r.Context(), visitOf(r.Context())); err != nil {
		return err
	}
	if err := s.Links.CheckAccessLink(r.Context(), r.PathValue("secret")); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "accesslink", &accountForm{common: common{Title: "Your access link"}})
}

func (s *server) accessLinkPosted(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	if err := s.try(r.Context(), v); err != nil {
		return err
	}
	link, unlock, err := s.Links.UseAccessLink(r.Context(), r.PathValue("secret"))
	if err != nil {
		return err
	}
	w.Header().Set("Set-Cookie", s.setUnlock(v, link.ID, unlock))
	return redirect(w, r, "/v/"+url.PathEscape(link.Token))
}
