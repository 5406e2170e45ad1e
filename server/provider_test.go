package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"meanwhile/storage"
)

// loginProvider is an OpenID Provider on loopback, with one client. It asks nothing: person is the
// one who signs in.
type loginProvider struct {
	url string
	key *rsa.PrivateKey

	mu       sync.Mutex
	person   oidc.UserInfo
	redirect string // where it sends the client back to
	nonce    func(string) string
	quiet    bool // the ID token has no claims of the person
	requests map[string]*providerRequest
	tokens   map[string]string // the person's subject by token
}

const (
	clientID     = "meanwhile"
	clientSecret = "a secret of the client"
)

func newLoginProvider(t testing.TB) *loginProvider {
	t.Helper()
	p := &loginProvider{
		key:      must(rsa.GenerateKey(rand.Reader, 2048))(t),
		requests: map[string]*providerRequest{},
		tokens:   map[string]string{},
		nonce:    func(n string) string { return n },
	}
	var handler http.Handler
	srv := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }),
	)
	t.Cleanup(srv.Close)
	p.url = srv.URL
	provider := must(
		op.NewProvider(
			&op.Config{CryptoKey: [32]byte{1}, CodeMethodS256: true},
			p,
			op.StaticIssuer(p.url),
			op.WithAllowInsecure(),
		),
	)(
		t,
	)
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("/sign-in", func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		if request := p.requests[r.FormValue("id")]; request != nil {
			request.person, request.done = p.person, true
		}
		p.mu.Unlock()
		http.Redirect(
			w,
			r,
			op.AuthCallbackURL(provider)(op.ContextWithIssuer(r.Context(), p.url), r.FormValue("id")),
			http.StatusFound,
		)
	})
	handler = mux
	return p
}

// providerRequest is one log-in at the provider.
type providerRequest struct {
	oidc.AuthRequest
	id, code string
	person   oidc.UserInfo
	nonce    string
	done     bool
}

func (r *providerRequest) GetID() string                      { return r.id }
func (r *providerRequest) GetACR() string                     { return "" }
func (r *providerRequest) GetAMR() []string                   { return []string{"pwd"} }
func (r *providerRequest) GetAudience() []string              { return []string{clientID} }
func (r *providerRequest) GetAuthTime() time.Time             { return time.Now() }
func (r *providerRequest) GetClientID() string                { return r.ClientID }
func (r *providerRequest) GetNonce() string                   { return r.nonce }
func (r *providerRequest) GetRedirectURI() string             { return r.RedirectURI }
func (r *providerRequest) GetScopes() []string                { return r.Scopes }
func (r *providerRequest) GetState() string                   { return r.State }
func (r *providerRequest) GetSubject() string                 { return r.person.Subject }
func (r *providerRequest) Done() bool                         { return r.done }
func (r *providerRequest) GetResponseType() oidc.ResponseType { return r.ResponseType }
func (r *providerRequest) GetResponseMode() oidc.ResponseMode { return r.ResponseMode }
func (r *providerRequest) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

var errNotThere = errors.New("not there")

func (p *loginProvider) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	request := &providerRequest{AuthRequest: *r, id: storage.NewRandomID(), nonce: p.nonce(r.Nonce)}
	p.requests[request.id] = request
	return request, nil
}

func (p *loginProvider) find(is func(*providerRequest) bool) (op.AuthRequest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if is(r) {
			return r, nil
		}
	}
	return nil, errNotThere
}

func (p *loginProvider) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return p.find(func(r *providerRequest) bool { return r.id == id })
}

func (p *loginProvider) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	return p.find(func(r *providerRequest) bool { return r.code == code })
}

func (p *loginProvider) SaveAuthCode(_ context.Context, id, code string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[id].code = code
	return nil
}

func (p *loginProvider) DeleteAuthRequest(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.requests, id)
	return nil
}

func (p *loginProvider) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := storage.NewRandomID()
	p.tokens[id] = r.GetSubject()
	return id, time.Now().Add(time.Minute), nil
}

func (p *loginProvider) CreateAccessAndRefreshTokens(
	context.Context,
	op.TokenRequest,
	string,
) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNotThere
}

func (p *loginProvider) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errNotThere
}
func (p *loginProvider) TerminateSession(context.Context, string, string) error { return nil }
func (p *loginProvider) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return nil
}

func (p *loginProvider) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// signingKey is the private or the public key of the provider.
type signingKey struct{ key any }

func (k signingKey) ID() string                                  { return "1" }
func (k signingKey) Use() string                                 { return "sig" }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) Algorithm() jose.SignatureAlgorithm          { return jose.RS256 }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

func (p *loginProvider) SigningKey(context.Context) (op.SigningKey, error) {
	return signingKey{key: p.key}, nil
}

func (p *loginProvider) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (p *loginProvider) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{signingKey{key: &p.key.PublicKey}}, nil
}

func (p *loginProvider) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != clientID {
		return nil, errNotThere
	}
	return p, nil
}

func (p *loginProvider) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != clientID || secret != clientSecret {
		return errNotThere
	}
	return nil
}

func (p *loginProvider) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest adds the person's claims to the ID token.
func (p *loginProvider) SetUserinfoFromRequest(
	_ context.Context,
	info *oidc.UserInfo,
	_ op.IDTokenRequest,
	_ []string,
) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	info.Subject = p.person.Subject
	if !p.quiet {
		*info = p.person
	}
	return nil
}

func (p *loginProvider) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, token, _, _ string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens[token] != p.person.Subject {
		return errNotThere
	}
	*info = p.person
	return nil
}

func (p *loginProvider) SetIntrospectionFromToken(
	context.Context,
	*oidc.IntrospectionResponse,
	string,
	string,
	string,
) error {
	return nil
}

func (p *loginProvider) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

func (p *loginProvider) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNotThere
}

func (p *loginProvider) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, nil
}
func (p *loginProvider) Health(context.Context) error { return nil }

// The settings of the one client at the provider.

func (p *loginProvider) GetID() string                       { return clientID }
func (p *loginProvider) RedirectURIs() []string              { return []string{p.redirect} }
func (p *loginProvider) PostLogoutRedirectURIs() []string    { return nil }
func (p *loginProvider) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (p *loginProvider) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (p *loginProvider) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (p *loginProvider) GrantTypes() []oidc.GrantType        { return []oidc.GrantType{oidc.GrantTypeCode} }
func (p *loginProvider) LoginURL(id string) string           { return p.url + "/sign-in?id=" + id }
func (p *loginProvider) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (p *loginProvider) IDTokenLifetime() time.Duration      { return time.Minute }
func (p *loginProvider) DevMode() bool                       { return true }

//nolint:staticcheck // op.Client calls it so
func (p *loginProvider) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

func (p *loginProvider) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
func (p *loginProvider) IsScopeAllowed(string) bool           { return false }
func (p *loginProvider) IDTokenUserinfoClaimsAssertion() bool { return true }
func (p *loginProvider) ClockSkew() time.Duration             { return 0 }
