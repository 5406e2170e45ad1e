package server_test

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
)

var (
	scriptTag = regexp.MustCompile(`<script\b[^>]*>`)
	nonceIn   = regexp.MustCompile(`'nonce-([\w-]{22,})'`)
)

// headersSeen collects the nonces of all responses. None may come twice.
type headersSeen struct {
	nonces map[string]bool
	kinds  map[int]bool
}

// check tests what every response to path must carry.
func (s *headersSeen) check(t *testing.T, what, path string, r reply, tls bool) {
	t.Helper()
	s.kinds[r.status] = true
	h := r.header
	if h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %d X-Content-Type-Options %q", what, r.status, h.Get("X-Content-Type-Options"))
	}
	if h.Get("Cross-Origin-Opener-Policy") != "same-origin" {
		t.Errorf("%s: %d Cross-Origin-Opener-Policy %q", what, r.status, h.Get("Cross-Origin-Opener-Policy"))
	}
	if got := h.Get("Strict-Transport-Security") != ""; got != tls {
		t.Errorf(
			"%s: %d Strict-Transport-Security %q, by TLS %v",
			what,
			r.status,
			h.Get("Strict-Transport-Security"),
			tls,
		)
	}
	s.checkReferrer(t, what, path, r)
	s.checkPolicy(t, what, path, r)
	if cache := h.Get("Cache-Control"); h.Get("Set-Cookie") != "" && !strings.Contains(cache, "no-store") {
		t.Errorf("%s: %d sets a cookie with Cache-Control %q", what, r.status, cache)
	}
}

// checkReferrer: no response tells an address to another site. Pages whose address is the key tell
// it to nobody. A page that asks for something tells this site where its form came from. Otherwise
// a browser on plain http sends "null", which is refused.
func (s *headersSeen) checkReferrer(t *testing.T, what, path string, r reply) {
	t.Helper()
	want := "same-origin"
	if strings.HasPrefix(path, "/v/") || strings.HasPrefix(path, "/embed/") {
		want = "no-referrer"
	}
	gate := r.status == http.StatusUnauthorized && strings.Count(path, "/") == 2
	if gate || strings.Contains(string(r.body), `<form class="form" method="post"`) {
		want = "same-origin"
	}
	const loosened = `<meta name="referrer" content="same-origin">`
	body := string(r.body)
	if strings.Contains(strings.ReplaceAll(body, loosened, ""), `name="referrer"`) ||
		strings.Contains(body, loosened) && !strings.Contains(body, `action="/logout"`) {
		t.Errorf("%s: %d tells more than its header says, to somebody who cannot sign out", what, r.status)
	}
	if got := r.header.Get("Referrer-Policy"); got != want {
		t.Errorf("%s: %d Referrer-Policy %q, want %q", what, r.status, got, want)
	}
}

func (s *headersSeen) checkPolicy(t *testing.T, what, path string, r reply) {
	t.Helper()
	policy := r.header.Get("Content-Security-Policy")
	directives := map[string]string{}
	for _, d := range strings.Split(policy, "; ") {
		name, value, _ := strings.Cut(d, " ")
		directives[name] = value
	}
	ancestors := "'none'"
	page := strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && r.header.Get("Location") == ""
	if page && strings.HasPrefix(path, "/embed/") {
		ancestors = "*"
	}
	for name, value := range map[string]string{
		"default-src":     "'none'",
		"base-uri":        "'none'",
		"frame-ancestors": ancestors,
	} {
		if directives[name] != value {
			t.Errorf("%s: %d policy %s %s, want %s", what, r.status, name, directives[name], value)
		}
	}
	if !page {
		if strings.HasPrefix(path, "/assets/") && directives["worker-src"] != "" {
			return // a worker has the policy of its file, see assets.go
		}
		if directives["script-src"] != "" || directives["form-action"] != "'none'" {
			t.Errorf("%s: %d is no page and has the policy %q", what, r.status, policy)
		}
		return
	}
	m := nonceIn.FindStringSubmatch(directives["script-src"])
	if m == nil || directives["script-src"] != "'self' 'nonce-"+m[1]+"'" || directives["object-src"] != "'none'" ||
		directives["form-action"] != "'self'" {
		t.Errorf("%s: %d is a page with the policy %q", what, r.status, policy)
		return
	}
	if s.nonces[m[1]] {
		t.Errorf("%s: %d has the nonce of another answer", what, r.status)
	}
	s.nonces[m[1]] = true
	for _, tag := range scriptTag.FindAllString(string(r.body), -1) {
		if !strings.Contains(tag, `type="application/json"`) && !strings.Contains(tag, `nonce="`+m[1]+`"`) {
			t.Errorf("%s: %d holds %s", what, r.status, tag)
		}
	}
}

// TestEveryAnswerCarriesItsHeaders walks all routes with every kind of response that they have: the
// content, a part of it, not modified, not found, not signed in, wrong method, from another site.
func TestEveryAnswerCarriesItsHeaders(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.LogInsPerMinute, c.LinkPasswordsPerMinute = 10_000, 10_000
	})
	ready, upload, recording, gated := w.newReadyVideo(), w.createUpload(5), w.newRecording(), w.newReadyVideo()
	media, _ := w.mediaOf(ready)
	w.rules(gated, object{"audience": "password", "password": linkPassword})
	seen := &headersSeen{nonces: map[string]bool{}, kinds: map[int]bool{}}
	for _, row := range server.Routes() {
		if strings.HasSuffix(row.Path, "/events") {
			continue // never ends
		}
		path := w.addressOf(row, ready, upload, recording, "x")
		paths := []string{
			path,
			placeholder.ReplaceAllString(row.Path, "unknown"),
			strings.Replace(path, ready.link, gated.link, 1),
		}
		if strings.HasPrefix(row.Path, "/m/") {
			paths = append(paths, media)
		}
		if row.Path == "/assets/{path...}" {
			paths = append(paths, "/assets/watch-1.js")
		}
		for _, path := range paths {
			session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword) // some routes end it
			for _, who := range [][]string{nil, {session}, {session, "X-Forwarded-Proto: https"}} {
				for _, kind := range w.kindsOf(row, path, who) {
					r := w.do(
						kind.method,
						path,
						nil,
						append(append([]string{"Accept-Encoding: identity"}, kind.headers...), who...)...)
					seen.check(t, kind.method+" "+path+" "+strings.Join(kind.headers, " "), path, r, len(who) == 2)
				}
			}
		}
	}
	for _, status := range []int{200, 204, 206, 303, 304, 401, 403, 404, 405, 412, 416} {
		if !seen.kinds[status] {
			t.Errorf("no answer was a %d", status)
		}
	}
}

// asking is one kind of request.
type asking struct {
	method  string
	headers []string
}

// kindsOf are the requests to a route that lead to different kinds of responses. The one that ends
// the session comes last.
func (w *fixture) kindsOf(row server.Route, path string, who []string) []asking {
	w.t.Helper()
	all := []asking{{"LOCK", nil}, {"POST", []string{"Sec-Fetch-Site: cross-site"}}}
	if row.Method == "GET" {
		tag := w.do("HEAD", path, nil, who...).header.Get("ETag")
		all = append(
			all,
			asking{"HEAD", nil},
			asking{"GET", []string{"Range: bytes=0-1"}},
			asking{"GET", []string{"Range: bytes=100000000-"}},
		)
		if tag != "" {
			all = append(all, asking{"GET", []string{"If-None-Match: " + tag}})
		}
	}
	return append(all, asking{row.Method, nil}, asking{row.Method, []string{tusOn}})
}
