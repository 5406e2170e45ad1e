package server

import (
	"context"
	"net/http"
	"strings"

	"meanwhile/server/access"
	"meanwhile/server/signin"
)

type wireUser struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role,omitempty" enum:"owner,admin,member" doc:"In the current workspace; absent for somebody in no workspace"`
}

func userOf(a access.Actor) wireUser {
	return wireUser{ID: string(a.UserID), Name: a.Name, Email: a.Email, Role: a.RoleName()}
}

type wireSession struct {
	User wireUser `json:"user"`
}

type sessionOutput struct {
	SetCookie string `header:"Set-Cookie" doc:"The session cookie, if a session begins"`
	Body      wireSession
}

func (s *server) getSession(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
	return &sessionOutput{Body: wireSession{User: userOf(visitOf(ctx).actor)}}, nil
}

type wireLogIn struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1000"`
}

type logInInput struct {
	UserAgent string `header:"User-Agent" hidden:"true"`
	Cookie    string `header:"Cookie" hidden:"true"`
	Body      wireLogIn
}

func (s *server) logIn(ctx context.Context, in *logInInput) (*sessionOutput, error) {
	v := visitOf(ctx)
	cookie, err := s.openSession(ctx, v, in.Body.Email, in.Body.Password, in.UserAgent)
	if err != nil {
		return nil, err
	}
	return s.sessionBegun(ctx, v, in.Cookie, cookie)
}

// sessionBegun ends the session that the browser's cookies name, if any, and returns the new one.
func (s *server) sessionBegun(ctx context.Context, v *visit, cookies, cookie string) (*sessionOutput, error) {
	if err := s.endOlder(ctx, v, cookies); err != nil {
		return nil, err
	}
	a, err := s.Core.BySession(ctx, cookie)
	if err != nil {
		return nil, err
	}
	return &sessionOutput{SetCookie: s.setCookie(v, cookie), Body: wireSession{User: userOf(a)}}, nil
}

// entry describes where the visitor's log-in comes from.
func (v *visit) entry(device string) signin.Entry {
	return signin.Entry{Device: device, Address: v.address.String()}
}

// openSession is a log-in with its limits: per address, and per address and account. So nobody can
// try many names or many passwords from one place.
func (s *server) openSession(ctx context.Context, v *visit, email, password, device string) (string, error) {
	if err := s.tryPassword(ctx, v, email); err != nil {
		return "", err
	}
	return s.SignIn.LogIn(ctx, email, password, v.entry(device))
}

// tryPassword counts one try of an account's password from the visitor's address.
func (s *server) tryPassword(ctx context.Context, v *visit, email string) error {
	if err := s.try(ctx, v); err != nil {
		return err
	}
	if !s.logIns.allow(ctx, addressKey(v.address)+" "+strings.ToLower(strings.TrimSpace(email)), s.Core.Now()) {
		return errTooMany
	}
	return nil
}

// try counts one use of a secret or password from the visitor's address.
func (s *server) try(ctx context.Context, v *visit) error {
	if !s.tries.allow(ctx, addressKey(v.address), s.Core.Now()) {
		return errTooMany
	}
	return nil
}

// endOlder ends the session that a browser had before it signed in again.
func (s *server) endOlder(ctx context.Context, v *visit, cookies string) error {
	r := http.Request{Header: http.Header{"Cookie": {cookies}}}
	c, err := r.Cookie(s.cookieName(v))
	if err != nil {
		return nil // there was none
	}
	return s.SignIn.LogOut(ctx, c.Value)
}

type noBody struct {
	SetCookie string `header:"Set-Cookie" doc:"Ends the session cookie, if a session ended"`
}

func (s *server) logOut(ctx context.Context, _ *struct{}) (*noBody, error) {
	v := visitOf(ctx)
	if v.session != "" {
		if err := s.SignIn.LogOut(ctx, v.session); err != nil {
			return nil, err
		}
	}
	return &noBody{SetCookie: s.setCookie(v, "")}, nil
}
