package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"meanwhile/server"
	"meanwhile/server/people"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

var regexpState = regexp.MustCompile(`state=[a-z0-9]+`)

// newProviderFixture is a fixture where people can sign in at p.
func newProviderFixture(t testing.TB) (*fixture, *loginProvider) {
	t.Helper()
	p := newLoginProvider(t)
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.Provider = server.Provider{Issuer: p.url, ClientID: clientID, ClientSecret: clientSecret, Name: "Example"}
	})
	p.redirect = w.url + "/oidc/callback"
	return w, p
}

func personAt(subject, email string, verified bool) oidc.UserInfo {
	return oidc.UserInfo{
		Subject:         subject,
		UserInfoEmail:   oidc.UserInfoEmail{Email: email, EmailVerified: oidc.Bool(verified)},
		UserInfoProfile: oidc.UserInfoProfile{Name: "Bo at work"},
	}
}

// beginAt begins a log-in. It returns the cookie that binds it, and the address to which the
// provider sends the browser back after the log-in.
func (w *fixture) beginAt(next string) (cookie, back string) {
	w.t.Helper()
	begun := w.want(w.do("GET", "/oidc/start?next="+url.QueryEscape(next), nil), 303)
	c := cookieIn(w.t, begun)
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge <= 0 || c.MaxAge > 600 {
		w.t.Errorf("cookie %s", begun.header.Get("Set-Cookie"))
	}
	client := http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), w.url) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.Do(w.request("GET", begun.header.Get("Location"), nil))
	if err != nil {
		w.t.Fatal(err)
	}
	_ = res.Body.Close()
	back = res.Header.Get("Location")
	if !strings.HasPrefix(back, w.url+"/oidc/callback?") {
		w.t.Fatalf("the provider answers %s and sends to %q", res.Status, back)
	}
	return "Cookie: " + c.Name + "=" + c.Value, strings.TrimPrefix(back, w.url)
}

// signInAt signs in at the provider and comes back.
func (w *fixture) signInAt() reply {
	w.t.Helper()
	cookie, back := w.beginAt("/v/x?t=1")
	return w.do("GET", back, nil, cookie)
}

// sessionOf is the session that a response begins, as a header. Empty if there is none.
func sessionOf(r reply) string {
	for _, line := range r.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err == nil && c.Name == "__Host-meanwhile" && c.Value != "" {
			return "Cookie: " + c.Name + "=" + c.Value
		}
	}
	return ""
}

func TestProviderSignsInWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} { // claims in the ID token, or in the user info only
		w, p := newProviderFixture(t)
		p.quiet, p.person = quiet, personAt("42", strings.ToUpper(servertest.OwnerEmail), true)
		in := w.want(w.signInAt(), 303)
		if in.header.Get("Location") != "/v/x?t=1" {
			t.Errorf("sent to %s", in.header.Get("Location"))
		}
		session := sessionOf(in)
		who := w.want(w.do("GET", "/api/v1/session", nil, session), 200)
		if !strings.Contains(string(who.body), servertest.OwnerEmail) {
			t.Errorf("signed in as %s", who.body)
		}
		// from now on the subject identifies the account
		p.person = personAt("42", "renamed@example.org", false)
		cookie, back := w.beginAt("/")
		again := w.want(w.do("GET", back, nil, cookie+"; "+strings.TrimPrefix(session, "Cookie: ")), 303)
		// the browser's old session ended
		w.want(w.do("GET", "/api/v1/session", nil, session), 401)
		if who := w.want(
			w.do("GET", "/api/v1/session", nil, sessionOf(again)),
			200,
		); !strings.Contains(
			string(who.body),
			servertest.OwnerEmail,
		) {
			t.Errorf("the second time as %s", who.body)
		}
		w.wantLogged(signin.ActionProviderTied, p.url)
		w.wantLogged(signin.ActionLogIn, "provider "+p.url)
		w.newUser("eve@example.org", "Eve")
		p.person = personAt("66", servertest.OwnerEmail, true) // the address was given to somebody else there
		if r := w.signInAt(); r.status != 303 {
			t.Errorf("another account there with the same verified address: %d", r.status)
		}
	}
}

func TestProviderOpensNothingForOthers(t *testing.T) {
	t.Parallel()
	w, p := newProviderFixture(t)
	w.want(
		w.do(
			"PATCH",
			"/api/v1/workspace",
			object{"sign_up": "domains", "domains": []string{"crew.example"}},
			w.asOwner(),
		),
		200,
	)
	w.newUser("bob@example.org", "Bob")
	invite := w.newInvite("cy@example.org")
	taken := w.newInvite("di@example.org")
	w.want(w.do("DELETE", "/api/v1/workspace/invites/"+taken.text(t, "id"), nil, w.asOwner()), 204)
	tests := []struct {
		name   string
		person oidc.UserInfo
		says   string
	}{
		{
			"an address that nobody vouches for",
			personAt("1", servertest.OwnerEmail, false),
			"has not confirmed your mail address",
		},
		{
			"an address without an account",
			personAt("2", "nobody@example.org", true),
			"Ask whoever runs this site to invite you",
		},
		{"a domain that only ends like ours", personAt("3", "eve@evil-crew.example", true), "invite you"},
		{"a domain of ours that is not vouched for", personAt("4", "eve@crew.example", false), "has not confirmed"},
		{"no address", personAt("5", "", true), "does not share your mail address"},
		{"an invite that is not vouched for", personAt("6", "cy@example.org", false), "has not confirmed"},
		{"an invite that was taken back", personAt("7", "di@example.org", true), "invite you"},
	}
	for _, tc := range tests {
		p.person = tc.person
		r := w.signInAt()
		if r.status != 403 || !strings.Contains(string(r.body), tc.says) || sessionOf(r) != "" {
			t.Errorf("%s: %d %s", tc.name, r.status, r.body)
		}
	}
	for _, person := range []oidc.UserInfo{
		personAt("8", "bob@example.org", true),
		personAt("9", "new@Crew.example", true),
		personAt("10", "Cy@example.org", true),
	} {
		p.person = person
		who := w.want(w.do("GET", "/api/v1/session", nil, sessionOf(w.want(w.signInAt(), 303))), 200)
		if body := strings.ToLower(string(who.body)); !strings.Contains(body, `"role":"member"`) ||
			!strings.Contains(body, strings.ToLower(person.Email)) {
			t.Errorf("%s came in as %s", person.Email, who.body)
		}
	}
	w.want(w.do("GET", "/invite/"+secretIn(invite.text(t, "url")), nil), 404) // it was used
	w.wantLogged(people.ActionJoined, "member, invited by Ada")
}

// TestTheFirstProofOfAnAddressEndsWhatWasBefore checks that nobody can make an account with
// somebody else's address and stay in it.
func TestTheFirstProofOfAnAddressEndsWhatWasBefore(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*fixture, *loginProvider) string{
		"a provider": func(w *fixture, p *loginProvider) string {
			p.person = personAt("42", "victim@example.org", true)
			return sessionOf(w.want(w.signInAt(), 303))
		},
		"a mailed link": func(w *fixture, _ *loginProvider) string {
			w.want(w.do("POST", "/api/v1/log-in-links", object{"email": "victim@example.org"}), 202)
			return sessionOf(w.want(w.do("POST", enterLink.FindString(w.mails()[0].Text), "", form), 303))
		},
	}
	for name, proof := range ways {
		t.Run(name, func(t *testing.T) {
			w, p := newProviderFixture(t)
			squatter := w.newPerson("victim", storage.RoleMember)
			key := w.newKey(squatter.email, storage.ScopeRead)
			w.want(w.do("GET", "/api/v1/videos", nil, bearer(key)...), 200)
			a := newAuthenticator(t, namedOrigin)
			w.want(w.addPasskey(a, squatter.session), 201)
			mine := proof(w, p)
			w.want(w.do("GET", "/api/v1/session", nil, mine), 200)
			w.want(w.do("GET", "/api/v1/session", nil, squatter.session), 401)
			w.want(w.do("GET", "/api/v1/videos", nil, bearer(key)...), 401)
			w.want(w.do("POST", "/api/v1/session", object{"email": squatter.email, "password": otherPassword}), 401)
			w.want(w.signInBy(a), 401)
			w.wantLogged(signin.ActionAddressProved, "")

			// What the real person adds stays after the next proof.
			w.want(
				w.do("PUT", "/api/v1/me/password", object{"current": "", "password": servertest.OwnerPassword}, mine),
				204,
			)
			proof(w, p)
			w.want(
				w.do("POST", "/api/v1/session", object{"email": squatter.email, "password": servertest.OwnerPassword}),
				200,
			)
		})
	}
}

func TestProviderAnswersThatDoNotHold(t *testing.T) {
	t.Parallel()
	w, p := newProviderFixture(t)
	p.person = personAt("42", servertest.OwnerEmail, true)
	refused := func(name string, r reply, status int) {
		t.Helper()
		if r.status != status || sessionOf(r) != "" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	cookie, back := w.beginAt("/")
	refused("in another browser", w.do("GET", back, nil), 400)
	other, _ := w.beginAt("/")
	refused("with the cookie of another attempt", w.do("GET", back, nil, other), 400)
	state := regexpState.ReplaceAllString(back, "state=wrong")
	refused("with a wrong state", w.do("GET", state, nil, cookie), 400)
	refused("after a wrong state", w.do("GET", back, nil, cookie), 400)

	cookie, back = w.beginAt("/")
	w.want(w.do("GET", back, nil, cookie), 303)
	refused("a second time", w.do("GET", back, nil, cookie), 400)
	second, fresh := w.beginAt("/")
	code := must(url.Parse(back))(t).Query().Get("code")
	q := must(url.Parse(fresh))(t).Query()
	q.Set("code", code)
	refused("with a code that was used", w.do("GET", "/oidc/callback?"+q.Encode(), nil, second), 403)

	mine, myBack := w.beginAt("/")
	_, theirBack := w.beginAt("/")
	q = must(url.Parse(myBack))(t).Query()
	q.Set("code", must(url.Parse(theirBack))(t).Query().Get("code"))
	refused(
		"with the code of another attempt, whose proof key is another",
		w.do("GET", "/oidc/callback?"+q.Encode(), nil, mine),
		403,
	)

	p.mu.Lock()
	p.nonce = func(string) string { return "another" }
	p.mu.Unlock()
	refused("with a wrong nonce", w.signInAt(), 403)
	p.mu.Lock()
	p.nonce = func(n string) string { return n }
	p.mu.Unlock()

	cookie, back = w.beginAt("/")
	q = must(url.Parse(back))(t).Query()
	denied := url.Values{"state": {q.Get("state")}, "error": {"access_denied"}}
	refused("when somebody said no", w.do("GET", "/oidc/callback?"+denied.Encode(), nil, cookie), 403)
	cookie, back = w.beginAt("/")
	w.Clock.Move(signin.ChallengeFor + time.Second)
	refused("too late", w.do("GET", back, nil, cookie), 400)
}

func TestLogInPageOffersTheProviderWhereThereIsOne(t *testing.T) {
	t.Parallel()
	w, _ := newProviderFixture(t)
	page := w.want(w.do("GET", "/login?next=/v/x%3Ft=1", nil), 200)
	for _, want := range []string{"Sign in with Example", `href="/oidc/start?next=%2fv%2fx%3ft%3d1"`} {
		if !strings.Contains(string(page.body), want) {
			t.Errorf("the page lacks %s: %s", want, page.body)
		}
	}
	none := newFixture(t)
	none.want(none.do("GET", "/oidc/start", nil), 404)
	none.want(none.do("GET", "/oidc/callback", nil), 404)
	if page := none.want(none.do("GET", "/login", nil), 200); strings.Contains(string(page.body), "/oidc/start") {
		t.Error("the page offers a provider, and there is none")
	}
	away := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.Provider = server.Provider{Issuer: "http://127.0.0.1:1", ClientID: clientID}
	})
	away.want(away.do("GET", "/oidc/start", nil), 503)
}
