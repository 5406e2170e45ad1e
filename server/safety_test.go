package server_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"meanwhile"

	"meanwhile/server"
)

// sights is one of everything that an address can name, for walks over all routes.
type sights struct {
	*world
	video, recording, file uploaded
	comment, cookie        string
	media                  []string // grant, generation and name
}

func newSights(t testing.TB, changes ...change) *sights {
	t.Helper()
	many := func(c *server.Config, _ *server.Deps, _ *meanwhile.Config) { c.LogInsPerMinute = 100_000 }
	s := &sights{world: newWorld(t, append([]change{many}, changes...)...)}
	s.video, s.recording, s.file = s.newReadyVideo(), s.newRecording(), s.createUpload(5)
	source, _ := s.mediaOf(s.video)
	s.media = strings.Split(source, "/")[2:]
	said := s.want(s.do("POST", "/api/v1/shares/"+s.video.share+"/comments", object{"at_ms": 0, "body": "hi"}, s.asOwner()), 201)
	s.comment, s.cookie = said.text(t, "id"), s.logIn(ownerEmail, ownerPassword)
	return s
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// address is a row's path with what there is in it. A parameter that is not known here names nothing.
func (s *sights) address(row server.Route) string {
	last := func(u uploaded) string { return u.location[strings.LastIndex(u.location, "/")+1:] }
	id := s.video.video
	switch {
	case strings.Contains(row.Path, "/comments/"):
		id = s.comment
	case strings.HasPrefix(row.Path, "/api/v1/files/"):
		id = last(s.file)
	case strings.HasPrefix(row.Path, "/api/v1/uploads/"):
		id = last(s.recording)
	}
	token := s.video.share
	if strings.HasPrefix(row.Path, "/setup/") {
		token = s.lib.SetUpToken()
	}
	path := strings.NewReplacer("{id}", id, "{token}", token, "{grant}", s.media[0], "{generation}", s.media[1], "{name}", s.media[2],
		"{path...}", "watch-1.js", "{track}", "screen", "{n}", "0").Replace(row.Path)
	path = parameter.ReplaceAllString(path, "none")
	if row.Name == "get-oembed" {
		path += "?url=" + s.url + "/v/" + s.video.share
	}
	return path
}

func streams(row server.Route) bool { return strings.HasPrefix(row.Name, "follow-") }

func changesSomething(row server.Route) bool {
	return row.Method != http.MethodGet && row.Method != http.MethodHead && row.Method != http.MethodOptions
}

const refusedElsewhere = "came from another site"

// TestNoRouteActsForAnotherSite sends every unsafe method of every route as a page of another site would: nothing is done, whether or not
// anyone is signed in.
func TestNoRouteActsForAnotherSite(t *testing.T) {
	s := newSights(t)
	before := s.state()
	foreign := []struct{ name, header string }{
		{"another site", "Sec-Fetch-Site: cross-site"},
		{"a neighbour", "Sec-Fetch-Site: same-site"},
		{"another origin, by an older browser", "Origin: https://evil.example"},
		{"a sandboxed frame", "Origin: null"},
	}
	walked := 0
	for _, row := range server.Routes() {
		if !changesSomething(row) {
			continue
		}
		walked++
		for _, from := range foreign {
			for _, who := range [][]string{nil, {s.cookie}, {s.cookie, "Authorization: Basic eDp5"}} {
				for _, as := range []string{"application/json", "application/x-www-form-urlencoded", "text/plain"} {
					r := s.do(row.Method, s.address(row), "{}", append(slices.Clone(who), tusOn, from.header, "Content-Type: "+as)...)
					if r.status != 403 || !strings.Contains(string(r.body), refusedElsewhere) || r.header.Get("Set-Cookie") != "" {
						t.Errorf("%s %s from %s as %s: %d %s", row.Method, row.Path, from.name, as, r.status, r.body)
					}
				}
			}
		}
		if r := s.do(row.Method, s.address(row), "{}", "Sec-Fetch-Site: same-origin", tusOn); strings.Contains(string(r.body), refusedElsewhere) {
			t.Errorf("%s %s: refused for this site itself", row.Method, row.Path)
		}
	}
	if walked < 20 {
		t.Errorf("%d routes were tried: the table holds more", walked)
	}
	// A method can hide in a header of tus.
	hidden := s.do("GET", s.file.location, nil, s.cookie, tusOn, "X-HTTP-Method-Override: DELETE", "Sec-Fetch-Site: cross-site")
	s.want(hidden, 403)
	if after := s.state(); after != before {
		t.Errorf("before: %s\nafter:  %s", before, after)
	}
}

// state is what a request of another site could have changed.
func (s *sights) state() string {
	s.t.Helper()
	var b strings.Builder
	for _, path := range []string{"/api/v1/videos", "/api/v1/videos?trash=true", "/api/v1/shares/" + s.video.share + "/comments", "/api/v1/session"} {
		b.Write(s.want(s.do("GET", path, nil, s.cookie), 200).body)
	}
	return b.String()
}

// kinds are the sorts of answers that each route is brought to.
func (s *sights) kinds(row server.Route) map[string]func() reply {
	path := s.address(row)
	get := func(headers ...string) func() reply {
		return func() reply {
			return s.do(row.Method, path, nil, append([]string{tusOn, "Accept-Encoding: identity"}, headers...)...)
		}
	}
	bare := parameter.ReplaceAllString(row.Path, "none")
	kinds := map[string]func() reply{
		"a method that it has not": func() reply { return s.do("LOCK", path, "x", tusOn) },
		"nothing there":            func() reply { return s.do(row.Method, bare, "{}", s.cookie, tusOn, "Content-Type: application/json") },
		"a body that is no JSON":   func() reply { return s.do(row.Method, bare, "}{", s.cookie, tusOn, "Content-Type: application/json") },
		"a form instead of JSON":   func() reply { return s.do(row.Method, bare, "x=1", s.cookie, tusOn, formType) },
		"no version of tus":        func() reply { return s.do(row.Method, bare, nil, s.cookie) },
		"a key that is none":       func() reply { return s.do(row.Method, bare, nil, "Authorization: Bearer mw_none", tusOn) },
		"another site":             func() reply { return s.do(row.Method, bare, nil, "Sec-Fetch-Site: cross-site", tusOn) },
		"a guest":                  func() reply { return s.do(row.Method, bare, nil, tusOn) },
	}
	if row.Method != http.MethodGet || streams(row) {
		return kinds
	}
	kinds["as a guest"], kinds["signed in"], kinds["by a key"] = get(), get(s.cookie), get(s.asOwner())
	kinds["a session that has ended"] = get(strings.Replace(s.cookie, "=", "=x", 1))
	kinds["a part"], kinds["beyond the end"], kinds["many parts"] = get(s.asOwner(), "Range: bytes=0-1"), get(s.asOwner(), "Range: bytes=99999999-"), get(s.asOwner(), "Range: bytes=0-0,2-3")
	kinds["unchanged"] = func() reply { return get(s.asOwner(), "If-None-Match: "+get(s.asOwner())().header.Get("ETag"))() }
	kinds["packed"], kinds["HEAD"] = get(s.asOwner(), "Accept-Encoding: br"), func() reply { return s.do("HEAD", path, nil, s.asOwner()) }
	return kinds
}

// TestEveryAnswerCarriesItsHeaders holds the headers of every kind of answer of every route.
func TestEveryAnswerCarriesItsHeaders(t *testing.T) {
	s := newSights(t, withUI)
	statuses := map[int]int{}
	for _, row := range append(server.Routes(), server.Route{Method: "GET", Path: "/nothing"}, server.Route{Method: "GET", Path: "/api/v1/nothing"}, server.Route{Method: "GET", Path: "/m/x"}) {
		for kind, ask := range s.kinds(row) {
			if streams(row) && row.Method == http.MethodGet && kind == "a guest" {
				continue // a stream of a link that is not there is asked for below
			}
			r := ask()
			statuses[r.status]++
			for _, wrong := range wrongHeaders(row, r) {
				t.Errorf("%s %s, %s: %d: %s", row.Method, row.Path, kind, r.status, wrong)
			}
			if r.header.Get("Strict-Transport-Security") != "" {
				t.Errorf("%s %s, %s: HSTS on plain http", row.Method, row.Path, kind)
			}
		}
	}
	for _, status := range []int{200, 204, 206, 304, 400, 401, 403, 404, 405, 412, 415, 416, 422} {
		if statuses[status] == 0 {
			t.Errorf("no answer had status %d: the walk does not see it", status)
		}
	}
	for _, path := range []string{"/v/" + s.video.share, "/embed/" + s.video.share} {
		wantHeaders(t, s.want(s.do("GET", path, nil), 200), map[string]string{"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"})
	}
}

// TestWatchPagesKeepTheirAddress holds that nothing in the page takes back what its header says, and that no form is shown that a browser would
// send without its origin, which is refused.
func TestWatchPagesKeepTheirAddress(t *testing.T) {
	s := newSights(t)
	plain := strings.Replace(s.cookie, "__Host-", "", 1)
	tests := []struct {
		name, path string
		headers    []string
		signOut    bool
	}{
		{"from this machine", "/v/" + s.video.share, []string{s.cookie}, true},
		{"without TLS", "/v/" + s.video.share, []string{plain, "Host: video.lan"}, false},
		{"without TLS, a page with another policy", "/", []string{plain, "Host: video.lan"}, true},
	}
	for _, tc := range tests {
		page := string(s.want(s.do("GET", tc.path, nil, tc.headers...), 200).body)
		if strings.Contains(page, `name="referrer"`) || !strings.Contains(page, "Account of Ada") {
			t.Errorf("%s: the page has a policy of its own, or nobody is signed in", tc.name)
		}
		if got := strings.Contains(page, `action="/logout"`); got != tc.signOut {
			t.Errorf("%s: a form to sign out: %v", tc.name, got)
		}
	}
}

var (
	inlineScript = regexp.MustCompile(`<script[^>]*>`)
	nonceOf      = regexp.MustCompile(`'nonce-([\w-]{22})'`)
)

// wrongHeaders is what an answer lacks, or has too much.
func wrongHeaders(row server.Route, r reply) []string {
	var wrong []string
	no := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	h := r.header
	if h.Get("X-Content-Type-Options") != "nosniff" {
		no("no nosniff")
	}
	if p := h.Get("Referrer-Policy"); p != "same-origin" && p != "no-referrer" {
		no("Referrer-Policy %q", p)
	}
	if h.Get("X-Request-Id") == "" || h.Get("Cross-Origin-Opener-Policy") != "same-origin" || h.Get("Cross-Origin-Resource-Policy") == "" {
		no("no X-Request-Id, or no policy about other origins: %v", h)
	}
	csp := h.Values("Content-Security-Policy")
	if len(csp) != 1 {
		return append(wrong, fmt.Sprintf("%d policies", len(csp)))
	}
	parts := strings.Split(csp[0], "; ")
	for _, want := range []string{"default-src 'none'", "base-uri 'none'"} {
		if !slices.Contains(parts, want) && !strings.HasSuffix(row.Path, "{path...}") {
			no("the policy lacks %s: %s", want, csp[0])
		}
	}
	framed := slices.Contains(parts, "frame-ancestors *")
	if framed != strings.HasPrefix(row.Path, "/embed/") && r.status == 200 || !framed && !slices.Contains(parts, "frame-ancestors 'none'") {
		no("who may frame it: %s", csp[0])
	}
	page := strings.HasPrefix(h.Get("Content-Type"), "text/html") && r.status/100 != 3
	nonce := nonceOf.FindStringSubmatch(csp[0])
	if page != (nonce != nil) {
		no("as %s with the policy %s", h.Get("Content-Type"), csp[0])
	}
	if strings.Contains(csp[0], "'unsafe-eval'") || regexp.MustCompile(`script-src[^;]*unsafe-inline`).MatchString(csp[0]) {
		no("scripts of anyone: %s", csp[0])
	}
	if page {
		for _, tag := range inlineScript.FindAllString(string(r.body), -1) {
			if !strings.Contains(tag, `type="application/json"`) && !strings.Contains(tag, `nonce="`+nonce[1]+`"`) {
				no("a script without the nonce: %s", tag)
			}
		}
	}
	return append(wrong, wrongCaching(row, r)...)
}

// wrongCaching looks at who may keep an answer: with a cookie nobody, in public only what was built.
func wrongCaching(row server.Route, r reply) []string {
	cache := r.header.Get("Cache-Control")
	built := row.Path == "/assets/{path...}" && (r.status == 200 || r.status == 206 || r.status == 304)
	var wrong []string
	if r.header.Get("Set-Cookie") != "" && (!strings.Contains(cache, "no-store") || row.Access == 0 && row.Method == http.MethodGet) {
		wrong = append(wrong, "a cookie with Cache-Control "+cache)
	}
	for _, words := range []string{"public", "s-maxage"} {
		if strings.Contains(cache, words) && !built {
			wrong = append(wrong, "Cache-Control "+cache)
		}
	}
	if cache == "" && r.status != 405 && r.status != 204 && r.status != 416 { // which no cache keeps by itself (RFC 9110, 15.1)
		wrong = append(wrong, "nothing is said to caches")
	}
	if built && r.header.Get("Vary") == "" {
		wrong = append(wrong, "kept for all, whatever they accept")
	}
	return wrong
}

// TestNoncesAreFresh asks for each page many times.
func TestNoncesAreFresh(t *testing.T) {
	s := newSights(t, withUI)
	seen := map[string]string{}
	for _, row := range server.Routes() {
		if row.Method != http.MethodGet || row.Name != "" || strings.HasPrefix(row.Path, "/assets/") {
			continue
		}
		for range 5 {
			m := nonceOf.FindStringSubmatch(s.do("GET", s.address(row), nil, s.cookie).header.Get("Content-Security-Policy"))
			if m == nil {
				continue // a picture or a redirection
			}
			if before, ok := seen[m[1]]; ok {
				t.Errorf("%s has the nonce of %s", row.Path, before)
			}
			seen[m[1]] = row.Path
		}
	}
	if len(seen) < 25 {
		t.Errorf("%d nonces were seen", len(seen))
	}
}

// TestHSTSUnderTLS holds that browsers are told to stay with TLS on every route where they came by it, and believed only from a proxy of ours.
func TestHSTSUnderTLS(t *testing.T) {
	byProxy := func(c *server.Config, _ *server.Deps, _ *meanwhile.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	byAddress := func(c *server.Config, _ *server.Deps, _ *meanwhile.Config) { c.BaseURL = "https://video.example.org" }
	tests := []struct {
		name    string
		change  change
		headers []string
		want    bool
	}{
		{"the public address has it", byAddress, nil, true},
		{"a proxy of ours says so", byProxy, []string{"X-Forwarded-Proto: https"}, true},
		{"a proxy of ours says otherwise", byProxy, []string{"X-Forwarded-Proto: http"}, false},
		{"somebody says so", func(*server.Config, *server.Deps, *meanwhile.Config) {}, []string{"X-Forwarded-Proto: https"}, false},
	}
	for _, tc := range tests {
		w := newWorld(t, tc.change)
		for _, row := range server.Routes() {
			r := w.do(row.Method, parameter.ReplaceAllString(row.Path, "none"), nil, append(tc.headers, tusOn)...)
			if got := strings.Contains(r.header.Get("Strict-Transport-Security"), "max-age=31536000"); got != tc.want {
				t.Errorf("%s: %s %s: %d, HSTS %v", tc.name, row.Method, row.Path, r.status, got)
			}
		}
	}
}
