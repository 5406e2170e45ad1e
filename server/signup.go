package server

import (
	"context"
	"net/http"
	"strings"

	"meanwhile/server/signin"
	"meanwhile/storage"
)

func (s *server) signUpForm(w http.ResponseWriter, r *http.Request) error {
	if !s.SignIn.SignUpOpen() {
		return s.askForm(w, r)
	}
	return s.render(w, r, http.StatusOK, "signup", s.newSignUpPage())
}

func (s *server) newSignUpPage() *accountForm {
	return &accountForm{common: common{Title: "Sign up"}, MailOn: s.SignIn.SignUpByMail()}
}

func (s *server) signUpPosted(w http.ResponseWriter, r *http.Request) error {
	if !s.SignIn.SignUpOpen() {
		return s.askPosted(w, r)
	}
	if s.SignIn.SignUpByMail() {
		return s.signUpMailed(w, r)
	}
	do := func(ctx context.Context, acc signin.Account) (string, error) {
		return s.SignIn.SignUp(ctx, acc, visitOf(ctx).entry(r.UserAgent()))
	}
	return s.accountPosted(w, r, "signup", s.newSignUpPage(), do)
}

// signUpMailed answers the same whether or not there is an account with that address.
func (s *server) signUpMailed(w http.ResponseWriter, r *http.Request) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	v, data := visitOf(r.Context()), s.newSignUpPage()
	data.Name, data.Email = f.Get("name"), f.Get("email")
	err = s.mayMail(r.Context(), v, data.Email)
	if err == nil {
		acc := signin.Account{Email: data.Email, Name: data.Name, TimeZone: f.Get("time_zone")}
		err = s.SignIn.MailSignUpLink(r.Context(), acc, s.baseURL(v))
	}
	if err == nil {
		data.Title, data.Sent = "Check your mail", true
		return s.render(w, r, http.StatusOK, "signup", data)
	}
	p := s.problem(v, err)
	if p.Status >= 500 && storage.KindOf(err) != storage.Unavailable {
		return err
	}
	data.Error = p.Detail
	return s.render(w, r, p.Status, "signup", data)
}

// mayMail has the limits of a log-in, and one per mailbox, so that nobody can fill a mailbox, from
// one address or from many.
func (s *server) mayMail(ctx context.Context, v *visit, email string) error {
	if err := s.tryPassword(ctx, v, email); err != nil {
		return err
	}
	if !s.mails.allow(ctx, storage.FoldEmail(strings.TrimSpace(email)), s.Core.Now()) {
		return errTooMany
	}
	return nil
}

// signUpLink shows the form of a mailed link, which asks for a password.
func (s *server) signUpLink(w http.ResponseWriter, r *http.Request) error {
	if err := s.try(r.Context(), visitOf(r.Context())); err != nil {
		return err
	}
	acc, err := s.SignIn.CheckSignUpLink(r.Context(), r.PathValue("secret"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "proved", &accountForm{common: common{Title: "Sign up"}, Email: acc.Email})
}

func (s *server) signUpLinkPosted(w http.ResponseWriter, r *http.Request) error {
	acc, err := s.SignIn.CheckSignUpLink(r.Context(), r.PathValue("secret"))
	if err != nil {
		return err
	}
	data := &accountForm{common: common{Title: "Sign up"}, Email: acc.Email}
	do := func(ctx context.Context, typed signin.Account) (string, error) {
		data.Email = acc.Email
		token := r.PathValue("secret")
		return s.SignIn.SignUpByLink(ctx, token, typed.Password, visitOf(ctx).entry(r.UserAgent()))
	}
	return s.accountPosted(w, r, "proved", data, do)
}
