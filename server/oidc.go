package server

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"meanwhile/server/access"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

// Provider is another place where people can sign in (OpenID Connect). The zero value is none.
type Provider struct {
	Issuer, ClientID, ClientSecret string
	Name                           string // shown on the button
}

// providerWithin limits the time of each request to the provider.
const providerWithin = 10 * time.Second

// provider is a Provider with its discovered configuration. Discovery runs when somebody first
// signs in there, and again until it works, because the provider may start after us.
type provider struct {
	Provider
	client *http.Client

	mu    sync.Mutex
	known *oidc.Provider
}

func newProvider(p Provider) *provider {
	return &provider{Provider: p, client: &http.Client{Timeout: providerWithin}}
}

func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	if p.Issuer == "" {
		return nil, errNoRoute
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	// It fetches its keys later, so its context must outlive this request.
	known, err := oidc.NewProvider(p.context(context.WithoutCancel(ctx)), p.Issuer)
	if err != nil {
		return nil, p.away(err)
	}
	p.known = known
	return known, nil
}

func (p *provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

func (p *provider) away(err error) error {
	return storage.E(
		storage.Unavailable,
		"The sign-in provider does not answer as it should. Try again in a minute, or sign in another way.",
		err,
	)
}

// Look runs the provider's discovery. Unavailable if it does not respond, or responds as another
// provider.
func (p Provider) Look(ctx context.Context) error {
	if _, err := oidc.NewProvider(
		oidc.ClientContext(ctx, &http.Client{Timeout: providerWithin}),
		p.Issuer,
	); err != nil {
		return storage.E(storage.Unavailable, "The provider does not answer as it should.", err)
	}
	return nil
}

// attempt holds the values to check when one log-in comes back from the provider.
type attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE
	Next     string `json:"next"`
}

func (s *server) oauth(v *visit, p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: s.provider.ClientID, ClientSecret: s.provider.ClientSecret, Endpoint: p.Endpoint(),
		RedirectURL: s.baseURL(v) + "/oidc/callback", Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

// discoverProvider counts a try from the visitor's address, and returns what the provider can do.
func (s *server) discoverProvider(r *http.Request) (*visit, *oidc.Provider, error) {
	v := visitOf(r.Context())
	if err := s.try(r.Context(), v); err != nil {
		return nil, nil, err
	}
	p, err := s.provider.discover(r.Context())
	return v, p, err
}

// oidcStart sends the browser to the provider. A cookie binds what comes back to this attempt.
func (s *server) oidcStart(w http.ResponseWriter, r *http.Request) error {
	v, p, err := s.discoverProvider(r)
	if err != nil {
		return err
	}
	a := attempt{
		State:    storage.NewSecret(),
		Nonce:    storage.NewSecret(),
		Verifier: oauth2.GenerateVerifier(),
		Next:     safeNext(r.URL.Query().Get("next")),
	}
	kept, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write attempt: %w", err)
	}
	secret, err := s.SignIn.BeginChallenge(r.Context(), access.Guest(), storage.ChallengeProvider, string(kept))
	if err != nil {
		return err
	}
	w.Header().Add("Set-Cookie", s.attemptCookie(v, secret))
	return redirect(
		w,
		r,
		s.oauth(v, p).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)),
	)
}

// attemptCookie is the header that binds an attempt to its browser. An empty value ends the
// attempt. SameSite is Lax, so that the provider's redirect brings the cookie.
func (s *server) attemptCookie(v *visit, secret string) string {
	c := http.Cookie{
		Name:     s.cookieName(v) + "-provider",
		Value:    secret,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   s.cookieName(v) == cookieSecure,
		MaxAge:   int(signin.ChallengeFor.Seconds()),
	}
	if secret == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// oidcCallback is the address to which the provider sends the browser back.
func (s *server) oidcCallback(w http.ResponseWriter, r *http.Request) error {
	v, p, err := s.discoverProvider(r)
	if err != nil {
		return err
	}
	data, err := s.logInPage(r.Context(), "", "")
	if err != nil {
		return err
	}
	data.Elsewhere = true
	w.Header().Add("Set-Cookie", s.attemptCookie(v, ""))
	a, err := s.attempted(r, v)
	if err != nil {
		return s.entered(w, r, "login", data, "", err)
	}
	data.Next = a.Next
	claims, err := s.claims(r, v, p, a)
	if err != nil {
		return s.entered(w, r, "login", data, "", err)
	}
	cookie, err := s.SignIn.LogInByProvider(r.Context(), claims, v.entry(r.UserAgent()))
	return s.entered(w, r, "login", data, cookie, err)
}

// attempted takes the attempt that this browser began, once, and checks the callback against it.
func (s *server) attempted(r *http.Request, v *visit) (a attempt, err error) {
	over := storage.E(
		storage.Invalid,
		"This log-in did not start here, took too long, or has ended. Start again.",
		nil,
	)
	c, err := r.Cookie(s.cookieName(v) + "-provider")
	if err != nil {
		return a, over
	}
	kept, err := s.SignIn.TakeChallenge(r.Context(), access.Guest(), storage.ChallengeProvider, c.Value)
	if err != nil && storage.KindOf(err) == storage.Gone {
		return a, over
	}
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(kept), &a); err != nil {
		return a, fmt.Errorf("read attempt: %w", err)
	}
	q := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(a.State)) != 1 {
		return a, over
	}
	if q.Get("error") == "access_denied" {
		return a, storage.E(
			storage.Forbidden,
			"You are not signed in, because you said no at the provider. Try again, or sign in another way.",
			nil,
		)
	}
	if e := q.Get("error"); e != "" {
		return a, storage.E(
			storage.Forbidden,
			"The provider did not sign you in. Try again, or sign in another way.",
			fmt.Errorf("provider: %.100q", e),
		)
	}
	return a, nil
}

// claims exchanges the code for the provider's ID token, checks it and reads it.
func (s *server) claims(r *http.Request, v *visit, p *oidc.Provider, a attempt) (storage.Claims, error) {
	ctx := s.provider.context(r.Context())
	refused := func(err error) error {
		return storage.E(
			storage.Forbidden,
			"We could not check the provider's answer, so you are not signed in. Start again.",
			err,
		)
	}
	config := s.oauth(v, p)
	token, err := config.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return storage.Claims{}, refused(err)
	}
	signed, ok := token.Extra("id_token").(string)
	if !ok {
		return storage.Claims{}, refused(errors.New("no ID token"))
	}
	id, err := p.Verifier(&oidc.Config{ClientID: s.provider.ClientID, Now: s.Core.Now}).Verify(ctx, signed)
	if err != nil {
		return storage.Claims{}, refused(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return storage.Claims{}, refused(errors.New("the nonce is another attempt's"))
	}
	var said providerClaims
	if err := id.Claims(&said); err != nil {
		return storage.Claims{}, refused(err)
	}
	if said.Email == "" || said.EmailVerified == nil { // some tell it only when they are asked
		info, err := p.UserInfo(ctx, config.TokenSource(ctx, token))
		if err != nil {
			return storage.Claims{}, refused(err)
		}
		if info.Subject != id.Subject {
			return storage.Claims{}, refused(errors.New("the user info is of somebody else"))
		}
		said = providerClaims{}
		if err := info.Claims(&said); err != nil {
			return storage.Claims{}, refused(err)
		}
	}
	return storage.Claims{
		Issuer:        id.Issuer,
		Subject:       id.Subject,
		Email:         said.Email,
		EmailVerified: said.EmailVerified == true || said.EmailVerified == "true",
		Name:          said.Name,
	}, nil
}

// providerClaims holds the claims that we read.
type providerClaims struct {
	Email         string `json:"email"`
	EmailVerified any    `json:"email_verified"` // true; some say "true"
	Name          string `json:"name"`
}
