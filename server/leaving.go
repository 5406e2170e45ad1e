package server

import (
	"context"
	"net/http"
	"net/url"

	"meanwhile/server/archive"
	"meanwhile/storage"
)

func (s *server) deleteForever(ctx context.Context, in *videoInput) (*struct{}, error) {
	return &struct{}{}, s.Videos.DeleteForever(ctx, visitOf(ctx).actor, storage.VideoID(in.ID))
}

type wireLeave struct {
	Password string `json:"password,omitempty" maxLength:"1000" doc:"The account's password, if it has one"`
	Confirm  string `json:"confirm,omitempty" maxLength:"254" doc:"The mail address of an account without a password"`
}

type leaveInput struct{ Body wireLeave }

type wireLeaving struct {
	DeleteAt stamp `json:"delete_at" doc:"Until then, the person can sign in and choose to stay"`
}

type leavingOutput struct {
	SetCookie string `header:"Set-Cookie" doc:"Ends the session cookie"`
	Body      wireLeaving
}

func (s *server) deleteMe(ctx context.Context, in *leaveInput) (*leavingOutput, error) {
	v := visitOf(ctx)
	if in.Body.Password != "" {
		if err := s.tryPassword(ctx, v, v.actor.Email); err != nil {
			return nil, err
		}
	}
	at, err := s.Archive.DeleteAccount(
		ctx,
		v.actor,
		archive.Leave{Password: in.Body.Password, Confirm: in.Body.Confirm},
	)
	if err != nil {
		return nil, err
	}
	return &leavingOutput{SetCookie: s.setCookie(v, ""), Body: wireLeaving{DeleteAt: stamp(at)}}, nil
}

func (s *server) restoreMe(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return &struct{}{}, s.Archive.Stay(ctx, visitOf(ctx).actor)
}

// leavingPage is for people who have deleted their account and sign in again. It offers them to
// stay.
type leavingPage struct {
	common
	Email    string
	DeleteAt string
	Next     string
}

func (s *server) leavingForm(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	next := safeNext(r.URL.Query().Get("next"))
	at, err := s.Archive.LeavesAt(r.Context(), v.actor)
	if err != nil {
		return err
	}
	if at == nil {
		return redirect(w, r, next)
	}
	return s.render(w, r, http.StatusOK, "leaving", &leavingPage{
		common: common{
			Title: "Do you want to stay?",
		},
		Email:    v.actor.Email,
		DeleteAt: at.UTC().Format("2 January 2006, 15:04 UTC"),
		Next:     next,
	})
}

func (s *server) leavingPosted(w http.ResponseWriter, r *http.Request) error {
	f, err := s.form(w, r)
	if err != nil {
		return err
	}
	if !visitOf(r.Context()).actor.SignedIn() {
		return redirect(w, r, "/login")
	}
	if err := s.Archive.Stay(r.Context(), visitOf(r.Context()).actor); err != nil {
		return err
	}
	return redirect(w, r, safeNext(f.Get("next")))
}

// afterLogIn is the page after a log-in: the next one, or first the page that offers to stay.
func (s *server) afterLogIn(ctx context.Context, cookie, next string) (string, error) {
	a, err := s.Core.BySession(ctx, cookie)
	if err != nil {
		return "", err
	}
	at, err := s.Archive.LeavesAt(ctx, a)
	if err != nil || at == nil {
		return next, err
	}
	return "/leaving?next=" + url.QueryEscape(next), nil
}

// leaves checks whether the visitor's account is about to be deleted. If so, it redirects to the
// page that offers to stay, and returns true.
func (s *server) leaves(w http.ResponseWriter, r *http.Request) (bool, error) {
	at, err := s.Archive.LeavesAt(r.Context(), visitOf(r.Context()).actor)
	if err != nil || at == nil {
		return false, err
	}
	return true, redirect(w, r, "/leaving")
}
