package server

import (
	"context"
	"net/http"

	"meanwhile"
)

type mailLinkInput struct {
	Body struct {
		Email string `json:"email" maxLength:"254"`
	}
}

func (s *server) mailLogInLink(ctx context.Context, in *mailLinkInput) (*struct{}, error) {
	return nil, s.mailLink(ctx, visitOf(ctx), in.Body.Email)
}

// mailLink has the limits of a log-in, so that nobody's mailbox is filled from one place.
func (s *server) mailLink(ctx context.Context, v *visit, email string) error {
	if err := s.tryPassword(ctx, v, email); err != nil {
		return err
	}
	return s.lib.MailLogInLink(ctx, email, s.baseURL(v))
}

// logInMailPosted is the log-in form's other button.
func (s *server) logInMailPosted(w http.ResponseWriter, r *http.Request) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	v := visitOf(r.Context())
	data := &accountForm{common: common{Title: "Sign in"}, Email: f.Get("email"), Next: safeNext(f.Get("next")), MailOn: s.lib.MailOn()}
	if data.Email == "" {
		err = invalid("Give your mail address, then ask for the link.", nil)
	} else {
		err = s.mailLink(r.Context(), v, data.Email)
	}
	if err == nil {
		data.Title, data.Sent = "Look into your mail", true
		return s.render(w, r, http.StatusOK, "login", data)
	}
	p := s.problem(v, err)
	if p.Status >= 500 && meanwhile.KindOf(err) != meanwhile.Unavailable {
		return err
	}
	data.Error = p.Detail
	return s.render(w, r, p.Status, "login", data)
}
