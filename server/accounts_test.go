package server_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

func formOf(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func cookieIn(t testing.TB, r reply) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(r.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatalf("cookie %q: %v", r.header.Get("Set-Cookie"), err)
	}
	return c
}

func TestSetUpHappensOnce(t *testing.T) {
	t.Parallel()
	w := newEmptyFixture(t)
	welcome := w.want(w.do("GET", "/", nil), 200)
	if !strings.Contains(string(welcome.body), "set-up link") {
		t.Errorf("the welcome says %s", welcome.body)
	}
	path := "/setup/" + w.SignIn.SetUpToken()
	w.want(w.do("GET", "/setup/wrong", nil), 404)
	w.want(w.do("GET", path, nil), 200)
	short := w.want(
		w.do(
			"POST",
			path,
			formOf("workspace", "Crew", "name", "Ada", "email", servertest.OwnerEmail, "password", "short"),
			formType,
		),
		400,
	)
	if !strings.Contains(string(short.body), "at least 10 characters") ||
		!strings.Contains(string(short.body), servertest.OwnerEmail) {
		t.Errorf("the form again: %s", short.body)
	}
	made := w.want(
		w.do(
			"POST",
			path,
			formOf(
				"workspace",
				"Crew",
				"name",
				"Ada",
				"email",
				servertest.OwnerEmail,
				"password",
				servertest.OwnerPassword,
			),
			formType,
		),
		303,
	)
	c := cookieIn(t, made)
	if c.Name != "__Host-meanwhile" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode ||
		c.Path != "/" ||
		c.Domain != "" {
		t.Errorf("cookie %s", made.header.Get("Set-Cookie"))
	}
	library := w.want(w.do("GET", "/", nil, "Cookie: "+c.Name+"="+c.Value), 200)
	if !strings.Contains(string(library.body), servertest.OwnerEmail) ||
		library.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("library %v %s", library.header, library.body)
	}
	w.want(w.do("GET", path, nil), 404)
	w.want(w.do("POST", path, formOf("email", "eve@example.org", "password", servertest.OwnerPassword), formType), 404)
}

func TestLogInAndOut(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.want(w.do("GET", "/api/v1/session", nil), 401)
	w.want(w.do("POST", "/api/v1/session", object{"email": servertest.OwnerEmail, "password": "wrong"}), 401)
	w.want(
		w.do("POST", "/api/v1/session", object{"email": "nobody@example.org", "password": servertest.OwnerPassword}),
		401,
	)
	session := w.logIn(strings.ToUpper(servertest.OwnerEmail), servertest.OwnerPassword)
	who := w.want(w.do("GET", "/api/v1/session", nil, session), 200)
	if !strings.Contains(string(who.body), `"role":"owner"`) {
		t.Errorf("session %s", who.body)
	}
	// signing in again ends the older session of the same browser
	again := w.want(
		w.do(
			"POST",
			"/api/v1/session",
			object{"email": servertest.OwnerEmail, "password": servertest.OwnerPassword},
			session,
		),
		200,
	)
	w.want(w.do("GET", "/api/v1/session", nil, session), 401)
	c := cookieIn(t, again)
	session = "Cookie: " + c.Name + "=" + c.Value
	out := w.want(w.do("DELETE", "/api/v1/session", nil, session), 204)
	if c := cookieIn(t, out); c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("cookie %s", out.header.Get("Set-Cookie"))
	}
	w.want(w.do("GET", "/api/v1/session", nil, session), 401)
	w.want(w.do("DELETE", "/api/v1/session", nil), 204)
	// where guests may come, an ended session counts as a guest
	u := w.newVideo()
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil, session), 200)
}

func TestLogInPages(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	if r := w.want(w.do("GET", "/", nil), 303); r.header.Get("Location") != "/login" {
		t.Errorf("a guest is sent to %s", r.header.Get("Location"))
	}
	w.want(w.do("GET", "/login", nil), 200)
	wrong := w.want(
		w.do("POST", "/login", formOf("email", servertest.OwnerEmail, "password", "no", "next", "/v/x"), formType),
		401,
	)
	for _, want := range []string{"do not match", servertest.OwnerEmail, `value="/v/x"`} {
		if !strings.Contains(string(wrong.body), want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	in := w.want(
		w.do(
			"POST",
			"/login",
			formOf("email", servertest.OwnerEmail, "password", servertest.OwnerPassword, "next", "/v/x?t=1"),
			formType,
		),
		303,
	)
	if in.header.Get("Location") != "/v/x?t=1" {
		t.Errorf("sent to %s", in.header.Get("Location"))
	}
	c := cookieIn(t, in)
	session := "Cookie: " + c.Name + "=" + c.Value
	w.want(w.do("GET", "/login", nil, session), 303)
	w.want(w.do("POST", "/logout", nil, session), 303)
	w.want(w.do("GET", "/", nil, session), 303)
	w.want(w.do("POST", "/login", strings.Repeat("x", 100_000), formType), 413)
}

func TestLogInLinks(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	_, secret, err := w.SignIn.AddUser(
		t.Context(),
		signin.Account{Email: "bob@example.org", Name: "Bob", Role: storage.RoleMember},
	)
	if err != nil {
		t.Fatal(err)
	}
	w.want(w.do("GET", "/enter/wrong", nil), 404)
	w.want(w.do("GET", "/enter/"+secret, nil), 200)
	w.want(w.do("GET", "/enter/"+secret, nil), 200) // looking uses nothing up
	w.want(w.do("POST", "/enter/"+secret, formOf("password", "another long password"), formType), 303)
	w.want(w.do("POST", "/enter/"+secret, formOf(), formType), 404)
	w.logIn("bob@example.org", "another long password")
}

func TestTriesAreBounded(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.LogInsPerMinute = 2 })
	try := func(email string) reply {
		return w.do("POST", "/api/v1/session", object{"email": email, "password": "wrong"})
	}
	w.want(try(servertest.OwnerEmail), 401)
	w.want(try(" "+strings.ToUpper(servertest.OwnerEmail)), 401)
	if r := w.want(try(servertest.OwnerEmail), 429); r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.want(try("other@example.org"), 401) // another account is not locked by it
	for range 12 {
		try("x@example.org")
	}
	w.want(try("fresh@example.org"), 429) // many names from one address are
	w.Clock.Move(2 * 60e9)
	w.want(try(servertest.OwnerEmail), 401)
}

// crowd is a hasher with more people before it than it can serve.
type crowd struct{ servertest.Hasher }

func (crowd) Verify(context.Context, string, string) (bool, error) {
	return false, storage.E(storage.Unavailable, "Many people sign in at this moment.", nil)
}

func TestACrowdAtTheLogInIsAnswered(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, c *servertest.Config) { c.Hasher = crowd{} })
	r := w.want(w.do("POST", "/api/v1/session", object{"email": servertest.OwnerEmail, "password": "x"}), 503)
	if r.header.Get("Retry-After") == "" || !strings.Contains(r.text(t, "detail"), "Many people") {
		t.Errorf("a program hears %v %s", r.header, r.body)
	}
	page := w.want(w.do("POST", "/login", formOf("email", servertest.OwnerEmail, "password", "x"), formType), 503)
	if page.header.Get("Retry-After") == "" || !strings.Contains(string(page.body), "Many people") ||
		!strings.Contains(string(page.body), `value="`+servertest.OwnerEmail+`"`) {
		t.Errorf("a person sees %s", page.body)
	}
}

func TestTriesCountForWhomAProxySpeaks(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.LogInsPerMinute = 1
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	})
	try := func(forwarded string) int {
		return w.do(
			"POST",
			"/api/v1/session",
			object{"email": servertest.OwnerEmail, "password": "wrong"},
			"X-Forwarded-For: "+forwarded,
		).status
	}
	for _, tc := range []struct {
		forwarded string
		want      int
	}{
		// what a client puts in front changes nothing
		{"203.0.113.1", 401},
		{"203.0.113.1", 429},
		{"203.0.113.2, 10.1.1.1", 401},
		{"198.51.100.9, 203.0.113.2, 10.1.1.1", 429},
		{"2001:db8::1", 401}, {"2001:db8::2", 429}, {"2001:db8:0:1::1", 401},
		// some proxies write a port
		{"203.0.113.7:1234", 401}, {"203.0.113.7:4321", 429}, {"203.0.113.8:1234", 401},
		{"203.0.113.9:80, 10.1.1.1:443", 401}, {"203.0.113.9", 429},
		{"[2001:db8:0:2::1]:443", 401}, {"[2001:db8:0:2::1]", 429}, {"2001:db8:0:2::9", 429},
	} {
		if got := try(tc.forwarded); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.forwarded, got, tc.want)
		}
	}
}

func TestCookieNameFollowsTheAddress(t *testing.T) {
	t.Parallel()
	proxy := netip.MustParsePrefix("127.0.0.0/8")
	tests := []struct {
		name, base, host, proto string
		trusted                 bool
		cookie, watch           string
	}{
		{
			name:   "loopback by name",
			host:   "localhost:8080",
			cookie: "__Host-meanwhile",
			watch:  "http://localhost:8080/v/",
		},
		{
			name:   "loopback by number",
			host:   "127.0.0.1:8080",
			cookie: "__Host-meanwhile",
			watch:  "http://127.0.0.1:8080/v/",
		},
		{name: "loopback by six", host: "[::1]:8080", cookie: "__Host-meanwhile", watch: "http://[::1]:8080/v/"},
		{
			name:   "plain http in a house",
			host:   "192.168.1.5:8080",
			cookie: "meanwhile",
			watch:  "http://192.168.1.5:8080/v/",
		},
		{
			name:   "a proxy that is not trusted",
			host:   "video.example.org",
			proto:  "https",
			cookie: "meanwhile",
			watch:  "http://video.example.org/v/",
		},
		{
			name:    "a proxy that is trusted",
			host:    "video.example.org",
			proto:   "https",
			trusted: true,
			cookie:  "__Host-meanwhile",
			watch:   "https://video.example.org/v/",
		},
		{
			name:   "by configuration",
			base:   "https://video.example.org/",
			host:   "inside:8080",
			cookie: "__Host-meanwhile",
			watch:  "https://video.example.org/v/",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
				c.BaseURL = tc.base
				if tc.trusted {
					c.TrustedProxies = []netip.Prefix{proxy}
				}
			})
			headers := []string{"Host: " + tc.host}
			if tc.proto != "" {
				headers = append(headers, "X-Forwarded-Proto: "+tc.proto)
			}
			r := w.want(
				w.do(
					"POST",
					"/api/v1/session",
					object{"email": servertest.OwnerEmail, "password": servertest.OwnerPassword},
					headers...),
				200,
			)
			c := cookieIn(t, r)
			if c.Name != tc.cookie || c.Secure != (tc.cookie == "__Host-meanwhile") {
				t.Errorf("cookie %s", r.header.Get("Set-Cookie"))
			}
			w.createUpload(10)
			list := w.want(w.do("GET", "/api/v1/videos", nil, append(headers, "Cookie: "+c.Name+"="+c.Value)...), 200)
			if !strings.Contains(string(list.body), `"watch_url":"`+tc.watch) {
				t.Errorf("list %s", list.body)
			}
			if got := r.header.Get("Strict-Transport-Security") != ""; got != strings.HasPrefix(tc.watch, "https") {
				t.Errorf("HSTS %v", got)
			}
		})
	}
}

func TestRedirectionsStayHere(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "/", "/": "/", "/v/x?t=1": "/v/x?t=1", "//evil.example": "/",
		"https://evil.example": "/", "/\\evil.example": "/", "javascript:alert(1)": "/",
		"/\t/evil.example": "/", "v/x": "/", "/x\r\nSet-Cookie: a=b": "/",
	} {
		if got := server.SafeNext(in); got != want {
			t.Errorf("SafeNext(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newVideo()
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	tests := []struct {
		name    string
		headers []string
		status  int
	}{
		{"from another site", []string{session, "Sec-Fetch-Site: cross-site"}, 403},
		{"from a neighbour", []string{session, "Sec-Fetch-Site: same-site"}, 403},
		{"from another origin, by an older browser", []string{session, "Origin: https://evil.example"}, 403},
		{"from nowhere that is told", []string{session, "Origin: null"}, 403},
		{"by a key, from anywhere", []string{w.asOwner(), "Sec-Fetch-Site: cross-site"}, 200},
		{"from here", []string{session, "Sec-Fetch-Site: same-origin"}, 200},
		{"from here, by an older browser", []string{session, "Origin: " + w.url}, 200},
		{"by a program", []string{session}, 200},
	}
	for _, tc := range tests {
		r := w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": "x"}, tc.headers...)
		if r.status != tc.status {
			t.Errorf("%s: %d, want %d: %s", tc.name, r.status, tc.status, r.body)
		}
	}
	page := w.want(
		w.do(
			"POST",
			"/login",
			formOf("email", servertest.OwnerEmail, "password", servertest.OwnerPassword),
			formType,
			"Sec-Fetch-Site: cross-site",
		),
		403,
	)
	if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || page.header.Get("Set-Cookie") != "" {
		t.Errorf("a page refused: %v", page.header)
	}
	w.want(w.do("POST", "/api/v1/files/", nil, session, tusOn, "Upload-Length: 1", "Sec-Fetch-Site: cross-site"), 403)
	w.want(
		w.do(
			"GET",
			"/api/v1/files/x",
			nil,
			session,
			tusOn,
			"X-HTTP-Method-Override: DELETE",
			"Sec-Fetch-Site: cross-site",
		),
		403,
	)
}
