package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
)

// behindProxy trusts what the test writes into X-Forwarded-For.
func behindProxy(c *server.Config, _ *server.Deps, _ *servertest.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

func fromAddress(a string) string { return "X-Forwarded-For: " + a }

// say comments as a guest of a link.
func (w *fixture) say(link string, headers ...string) reply {
	w.t.Helper()
	return w.do("POST", "/api/v1/shares/"+link+"/comments", object{"at_ms": 0, "body": "hi", "name": "Gus"}, headers...)
}

// newGuest is the header of a guest who has written once under the link.
func (w *fixture) newGuest(link string, headers ...string) string {
	w.t.Helper()
	token := w.want(w.say(link, headers...), 201).header.Get("Meanwhile-Guest")
	if len(token) != 26 {
		w.t.Fatalf("the token of a guest is %q", token)
	}
	return "Meanwhile-Guest: " + token
}

func TestAGuestIsABrowser(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.rules(u, object{"comments": "held"})
	first := w.want(w.say(u.link), 201)
	cookie := must(http.ParseSetCookie(first.header.Get("Set-Cookie")))(t)
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge < 86_400 ||
		cookie.Value != first.header.Get("Meanwhile-Guest") {
		t.Errorf("cookie %s", first.header.Get("Set-Cookie"))
	}
	browser, program := "Cookie: "+cookie.Name+"="+cookie.Value, "Meanwhile-Guest: "+cookie.Value
	for _, known := range []string{browser, program} {
		if r := w.want(w.say(u.link, known), 201); r.header.Get("Set-Cookie") != "" {
			t.Errorf("a known guest gets %s", r.header.Get("Set-Cookie"))
		}
	}
	other := w.newGuest(u.link)
	path := "/api/v1/shares/" + u.link + "/comments"
	for who, tc := range map[string]struct {
		header string
		want   int
	}{
		"the browser": {browser, 3}, "its program": {program, 3}, "another guest": {other, 1},
		"nobody": {"Meanwhile-Guest: ", 0}, "a made-up one": {"Meanwhile-Guest: x", 0},
	} {
		body := string(w.want(w.do("GET", path+"?since=0", nil, tc.header), 200).body)
		if n := strings.Count(body, `"mine":true`); n != tc.want || strings.Count(body, `"id"`) != tc.want {
			t.Errorf("%s sees %d of their own, want %d, and nothing else: %s", who, n, tc.want, body)
		}
	}
	planted := "Cookie: meanwhile-guest=" + cookie.Value // not the name that this site uses
	if body := string(
		w.want(w.do("GET", path+"?since=0", nil, planted), 200).body,
	); strings.Contains(
		body,
		"mine\":true",
	) {
		t.Errorf("a cookie that another host may set makes a guest: %s", body)
	}
	id := first.text(t, "id")
	w.want(w.do("PATCH", path+"/"+id, object{"body": "better"}, other), 403)
	w.want(w.do("PATCH", path+"/"+id, object{"body": "better"}, browser), 200)
	w.want(w.do("DELETE", path+"/"+id, nil, program), 204)
	if r := w.want(w.do("POST", path, object{"at_ms": 0, "body": "hi"}, w.asOwner(), browser), 201); r.header.Get(
		"Meanwhile-Guest",
	) != "" {
		t.Error("an account becomes a guest")
	}
}

// TestManyGuestsShareAnAddress is about an office: each guest has a budget, the address has five,
// and who shows no token shares one with the others of that address.
func TestManyGuestsShareAnAddress(t *testing.T) {
	t.Parallel()
	w := newFixture(t, behindProxy, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.GuestCommentsPerMinute, c.GuestCommentsPerHour = 2, 100
	})
	u, elsewhere := w.newReadyVideo(), w.newReadyVideo()
	office, home := fromAddress("192.0.2.1"), fromAddress("198.51.100.1")
	ada := w.newGuest(u.link, office)
	bob := w.newGuest(u.link, office)
	w.want(w.say(u.link, office), 429) // a third one without a token, in this minute
	for _, guest := range []string{ada, bob} {
		w.want(w.say(u.link, office, guest), 201)
		w.want(w.say(u.link, office, guest), 201)
		w.want(w.say(u.link, office, guest), 429)
		w.want(w.say(u.link, home, guest), 429) // a guest is who they are, wherever they are
		w.want(w.say(elsewhere.link, office, guest), 201)
	}
	second := w.want(w.do("POST", "/api/v1/videos/"+u.video+"/shares", object{"name": "second"}, w.asOwner()), 201)
	w.want(w.say(second.text(t, "share_token"), office, ada), 429) // another link to the same video
	made := []string{"aaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbba", "ccccccccccccccccccccccccca"}
	heard := map[int]int{}
	for _, token := range made { // whoever makes tokens up meets the limit of the address
		for range 2 {
			heard[w.say(u.link, office, "Meanwhile-Guest: "+token).status]++
		}
	}
	if heard[201] != 4 || heard[429] != 2 {
		t.Errorf("made-up guests hear %v, want 4 × 201 of the ten for this address", heard)
	}
	w.Clock.Move(time.Minute)
	w.want(w.say(u.link, office, ada), 201)
}

func TestABlockIsForTheGuestAndForADayForTheAddress(t *testing.T) {
	t.Parallel()
	w := newFixture(t, behindProxy)
	u, other := w.newReadyVideo(), w.newReadyVideo()
	office, home := fromAddress("192.0.2.1"), fromAddress("198.51.100.1")
	spam, colleague := w.newGuest(u.link, office), w.newGuest(u.link, office)
	bad := w.want(w.say(u.link, office, spam), 201).text(t, "id")
	w.want(w.say(other.link, office, spam), 201)
	w.want(w.do("POST", "/api/v1/comments/"+bad+"/block", nil, bearer(w.newUser("eve@example.org", "Eve"))...), 404)
	w.want(w.do("POST", "/api/v1/comments/"+bad+"/block", nil, w.asOwner()), 204)
	left := map[string]float64{u.link: 1, other.link: 0} // the colleague's
	for link, want := range left {
		if n := w.link(link).field(t, "comment_count"); n != want {
			t.Errorf("%v comments are left, want %v", n, want)
		}
		w.want(w.say(link, home, spam), 403)
		w.want(w.say(link, office, colleague), 403)
		w.want(w.say(link, office), 403)
		w.want(w.say(link, home), 201)
	}
	w.Clock.Move(25 * time.Hour)
	w.want(w.say(u.link, home, spam), 403)
	w.want(w.say(u.link, office, colleague), 201)
	own := w.want(w.do("POST", "/api/v1/shares/"+
		u.link+"/comments", object{"at_ms": 0, "body": "mine"}, w.asOwner()), 201).
		text(t, "id")
	w.want(w.do("POST", "/api/v1/comments/"+own+"/block", nil, w.asOwner()), 400)
}
