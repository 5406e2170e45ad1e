package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"meanwhile/server/signin"
	"meanwhile/storage"
)

// accountForm is the data of the pages where people sign in or make an account.
type accountForm struct {
	common
	Error     string
	Email     string
	Next      string
	Workspace string
	Name      string
	JoinOpen  bool // people of some mail domain may ask to join
	MailOn    bool // a log-in link can be mailed
	Sent      bool // it was mailed, if the account exists
	Elsewhere bool // the error is not about the password
	// the name of the other place to sign in, for its button; empty where there is none
	Provider string
}

// logInPage is the log-in page as it first opens.
func (s *server) logInPage(ctx context.Context, email, next string) (*accountForm, error) {
	f := &accountForm{common: common{Title: "Sign in"}, Email: email, Next: safeNext(next), MailOn: s.Notify.On()}
	if s.Provider.Issuer != "" {
		f.Provider = s.Provider.Name
	}
	if s.SignIn.SignUpOpen() {
		return f, nil
	}
	var err error
	f.JoinOpen, err = s.People.DomainsOpen(ctx)
	return f, err
}

// home shows the library to people who are signed in, and the way to sign in to all others.
func (s *server) home(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	if v.actor.SignedIn() {
		if gone, err := s.leaves(w, r); gone || err != nil {
			return err
		}
		return s.library(w, r)
	}
	needed, err := s.SignIn.NeedsSetUp(r.Context())
	if err != nil {
		return err
	}
	if needed {
		return s.render(w, r, http.StatusOK, "welcome", &accountForm{common: common{Title: "Welcome"}})
	}
	return redirect(w, r, "/login")
}

type libraryPage struct {
	common
	Boot libraryBoot
}

// libraryBoot is the data that the library's script starts with.
type libraryBoot struct {
	User           wireUser `json:"user"`
	MaxUploadBytes int64    `json:"max_upload_bytes"`
}

func (s *server) library(w http.ResponseWriter, r *http.Request) error {
	boot := libraryBoot{User: userOf(visitOf(r.Context()).actor), MaxUploadBytes: s.Uploads.Limits().MaxUploadBytes}
	return s.render(w, r, http.StatusOK, "library", &libraryPage{common: common{Title: "Your updates"}, Boot: boot})
}

func (s *server) logInForm(w http.ResponseWriter, r *http.Request) error {
	next := safeNext(r.URL.Query().Get("next"))
	if visitOf(r.Context()).actor.SignedIn() {
		return redirect(w, r, next)
	}
	data, err := s.logInPage(r.Context(), "", next)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "login", data)
}

func (s *server) logInPosted(w http.ResponseWriter, r *http.Request) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	v := visitOf(r.Context())
	data, err := s.logInPage(r.Context(), f.Get("email"), f.Get("next"))
	if err != nil {
		return err
	}
	cookie, err := s.openSession(r.Context(), v, data.Email, f.Get("password"), r.UserAgent())
	return s.entered(w, r, "login", data, cookie, err)
}

// entered ends every form that signs in. It sets the cookie and leads to the next page, or it shows
// the form again with the error.
func (s *server) entered(
	w http.ResponseWriter,
	r *http.Request,
	name string,
	data *accountForm,
	cookie string,
	err error,
) error {
	return s.enteredBy(w, r, name, data, data, cookie, err)
}

// enteredBy is entered for a page that shows more than the form.
func (s *server) enteredBy(
	w http.ResponseWriter,
	r *http.Request,
	name string,
	page pageData,
	data *accountForm,
	cookie string,
	err error,
) error {
	v := visitOf(r.Context())
	if err != nil {
		p := s.problem(v, err)
		if (p.Status >= 500 && storage.KindOf(err) != storage.Unavailable) || p.Status == http.StatusNotFound {
			return err
		}
		data.Error = p.Detail
		return s.render(w, r, p.Status, name, page)
	}
	if v.session != "" {
		if err := s.SignIn.LogOut(r.Context(), v.session); err != nil {
			return err
		}
	}
	next := data.Next
	if next == "" {
		next = "/"
	}
	next, err = s.afterLogIn(r.Context(), cookie, next)
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", s.setCookie(v, cookie))
	return redirect(w, r, next)
}

func (s *server) logOutPosted(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	if v.session != "" {
		if err := s.SignIn.LogOut(r.Context(), v.session); err != nil {
			return err
		}
	}
	w.Header().Set("Set-Cookie", s.setCookie(v, ""))
	return redirect(w, r, "/login")
}

func (s *server) setUpForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.try(r.Context(), visitOf(r.Context())); err != nil {
		return err
	}
	if err := s.SignIn.CheckSetUp(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "setup", &accountForm{common: common{Title: "Set up"}})
}

func (s *server) setUpPosted(w http.ResponseWriter, r *http.Request) error {
	if done, err := s.setUpAgain(w, r); done || err != nil {
		return err
	}
	data := &accountForm{common: common{Title: "Set up"}, Next: checksPath + "?" + firstRun}
	return s.accountPosted(w, r, "setup", data, func(ctx context.Context, acc signin.Account) (string, error) {
		return s.SignIn.SetUp(ctx, r.PathValue("token"), data.Workspace, acc, visitOf(ctx).entry(r.UserAgent()))
	})
}

func (s *server) enterForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.try(r.Context(), visitOf(r.Context())); err != nil {
		return err
	}
	if err := s.SignIn.CheckLoginLink(r.Context(), r.PathValue("secret")); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "enter", &accountForm{common: common{Title: "Sign in"}})
}

func (s *server) enterPosted(w http.ResponseWriter, r *http.Request) error {
	data := &accountForm{common: common{Title: "Sign in"}}
	return s.accountPosted(w, r, "enter", data, func(ctx context.Context, acc signin.Account) (string, error) {
		return s.SignIn.LogInByLink(ctx, r.PathValue("secret"), acc.Password, visitOf(ctx).entry(r.UserAgent()))
	})
}

// accountPosted reads a form about an account. do makes the session.
func (s *server) accountPosted(
	w http.ResponseWriter,
	r *http.Request,
	name string,
	data *accountForm,
	do func(context.Context, signin.Account) (string, error),
) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	data.Workspace, data.Name, data.Email = f.Get("workspace"), f.Get("name"), f.Get("email")
	if err := s.try(r.Context(), visitOf(r.Context())); err != nil {
		return s.entered(w, r, name, data, "", err)
	}
	cookie, err := do(
		r.Context(),
		signin.Account{
			Email:    data.Email,
			Name:     data.Name,
			Password: f.Get("password"),
			TimeZone: f.Get("time_zone"),
		},
	)
	return s.entered(w, r, name, data, cookie, err)
}

// formWithin limits the time to read a form.
const formWithin = 10 * time.Second

// form reads the fields of a posted form. They are few and short.
func (s *server) form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body := newPaced(w, http.MaxBytesReader(w, r.Body, 64<<10), formWithin, s.MinUploadBPS)
	r.Body = struct {
		*paced
		closer
	}{body, closer{r.Body.Close}}
	err := r.ParseForm()
	body.done()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, storage.E(
			storage.TooLarge,
			"This form is larger than it can be. Go back and shorten what you wrote.",
			err,
		)
	}
	if err != nil {
		return nil, invalid("This form could not be read. Go back and send it again.", err)
	}
	return r.PostForm, nil
}

type closer struct{ close func() error }

// Close closes the reader below.
func (c closer) Close() error { return c.close() }

// safeNext keeps a redirect on this site. It must be a path that no browser could read as another
// host.
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}

func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "private, no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
