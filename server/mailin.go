package server

import (
	"context"
	"net/http"

	"meanwhile/storage"
)

type mailLinkInput struct {
	Body struct {
		Email string `json:"email" maxLength:"254"`
	}
}

func (s *server) mailLogInLink(ctx context.Context, in *mailLinkInput) (*struct{}, error) {
	return nil, s.mailLink(ctx, visitOf(ctx), in.Body.Email)
}

func (s *server) mailLink(ctx context.Context, v *visit, email string) error {
	if err := s.mayMail(ctx, v, email); err != nil {
		return err
	}
	return s.SignIn.MailLogInLink(ctx, email, s.baseURL(v))
}

// logInMailPosted handles the other button of the log-in form.
func (s *server) logInMailPosted(w http.ResponseWriter, r *http.Request) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	v := visitOf(r.Context())
	data, err := s.logInPage(r.Context(), f.Get("email"), f.Get("next"))
	if err != nil {
		return err
	}
	if data.Email == "" {
		err = invalid("Give your mail address, then ask for the link.", nil)
	} else {
		err = s.mailLink(r.Context(), v, data.Email)
	}
	if err == nil {
		data.Title, data.Sent = "Check your mail", true
		return s.render(w, r, http.StatusOK, "login", data)
	}
	p := s.problem(v, err)
	if p.Status >= 500 && storage.KindOf(err) != storage.Unavailable {
		return err
	}
	data.Error = p.Detail
	return s.render(w, r, p.Status, "login", data)
}
