package server_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/access"
	"meanwhile/server/links"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// link requests a link as a viewer with these headers.
func (w *fixture) link(token string, headers ...string) reply {
	w.t.Helper()
	return w.do("GET", "/api/v1/shares/"+token, nil, headers...)
}

// newLink makes another link of u and returns its token and id.
func (w *fixture) newLink(u uploaded, rules object) (token, id string) {
	w.t.Helper()
	r := w.want(w.do("POST", "/api/v1/videos/"+u.video+"/shares", rules, w.asOwner()), 201)
	return r.text(w.t, "share_token"), r.text(w.t, "id")
}

func (w *fixture) setLink(u uploaded, id string, rules object) reply {
	w.t.Helper()
	return w.do("PATCH", "/api/v1/videos/"+u.video+"/shares/"+id, rules, w.asOwner())
}

func TestEachLinkHasRulesOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	client, _ := w.newLink(
		u,
		object{
			"name":           "client",
			"audience":       "password",
			"password":       linkPassword,
			"allow_download": false,
			"comments":       "off",
		},
	)
	w.want(w.link(u.link), 200)
	gate := w.want(w.link(client), 401)
	if got := gate.text(t, "type"); got != "urn:meanwhile:password-needed" {
		t.Errorf("type %s", got)
	}
	unlock := w.unlockByPassword(uploaded{link: client})
	seen := w.want(w.link(client, unlock...), 200)
	if seen.field(t, "can_download") != false || seen.field(t, "can_comment") != false {
		t.Errorf("seen %s", seen.body)
	}
	w.want(w.do("GET", "/v/"+client+"/download", nil, unlock...), 404)
	w.want(
		w.do("POST", "/api/v1/shares/"+client+"/comments", object{"at_ms": 0, "body": "x", "name": "x"}, unlock...),
		403,
	)
	w.want(w.do("POST", "/api/v1/shares/"+client+"/comments", object{"at_ms": 0, "body": "x"}, w.asOwner()), 201)
	w.want(w.link(u.link, unlock...), 200)

	list := w.want(w.do("GET", "/api/v1/videos/"+u.video+"/shares", nil, w.asOwner()), 200)
	for _, want := range []string{
		`"name":"client"`, `"has_password":true`, `"comments":"off"`, `"allow_download":false`,
	} {
		if !strings.Contains(string(list.body), want) {
			t.Errorf("the list lacks %s: %s", want, list.body)
		}
	}
	if strings.Contains(string(list.body), linkPassword) {
		t.Error("the list tells the password")
	}
}

func TestAnUnlockEndsWithThePassword(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	token, id := w.newLink(u, object{"audience": "password", "password": linkPassword})
	unlock := w.unlockByPassword(uploaded{link: token})
	w.want(w.link(token, unlock...), 200)
	w.want(w.setLink(u, id, object{"name": "renamed", "comments": "held"}), 200)
	w.want(w.link(token, unlock...), 200) // a new name locks nobody out
	w.want(w.setLink(u, id, object{"password": "another one"}), 200)
	w.want(w.link(token, unlock...), 401)

	other, _ := w.newLink(u, object{"audience": "password", "password": linkPassword})
	own := w.unlockByPassword(uploaded{link: other})
	w.want(w.link(token, own...), 401) // another link's, though with the same password
	w.want(w.link(other, own...), 200)
	w.want(w.link(other, own[0]+"x"), 401)
	w.Clock.Move(access.UnlockFor)
	w.want(w.link(other, own...), 401)
}

func TestThePasswordPageSetsACookie(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.rules(u, object{"audience": "password", "password": linkPassword})
	form := "Content-Type: application/x-www-form-urlencoded"
	gate := w.want(w.do("GET", "/v/"+u.link, nil), 401)
	if strings.Contains(string(gate.body), "Demo") || !strings.Contains(string(gate.body), `name="password"`) {
		t.Errorf("the gate shows %s", gate.body)
	}
	wrong := w.want(w.do("POST", "/v/"+u.link, "password=wrong+one", form), 401)
	if !strings.Contains(string(wrong.body), "not the link&#39;s password") || wrong.header.Get("Set-Cookie") != "" {
		t.Errorf("a wrong password: %v %s", wrong.header, wrong.body)
	}
	right := w.want(w.do("POST", "/v/"+u.link, "password=between+us+only", form), 303)
	page := w.want(w.do("GET", "/v/"+u.link, nil, cookieOf(t, right)), 200)
	if !strings.Contains(string(page.body), "Demo") {
		t.Error("the page does not show the video")
	}
}

func TestPasswordTriesAreFew(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.rules(u, object{"audience": "password", "password": linkPassword})
	try := func(headers ...string) int {
		return w.do("POST", "/api/v1/shares/"+u.link+"/password", object{"password": "wrong one"}, headers...).status
	}
	right := func() int {
		return w.do("POST", "/api/v1/shares/"+u.link+"/password", object{"password": linkPassword}).status
	}
	tried := 0
	for range 60 { // an hour, in steps of a minute
		for i := range 10 {
			if status := try("X-Forwarded-For: 192.0.2." + string(rune('0'+i))); status == 401 {
				tried++
			} else if status != 429 {
				t.Fatalf("status %d", status)
			}
		}
		if status := right(); status != 429 {
			t.Fatalf("the right one after too many: %d", status)
		}
		w.Clock.Move(time.Minute)
	}
	if tried < 5 || tried > 40 {
		t.Errorf("%d of 600 tries in an hour were looked at, want some and few", tried)
	}
	w.Clock.Move(time.Hour)
	if status := right(); status != 200 {
		t.Errorf("the right one an hour later: %d", status)
	}
}

var accessLink = regexp.MustCompile(`http\S+/pass/\S+`)

func TestNamedPeopleComeInByMail(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	token, id := w.newLink(
		u,
		object{"audience": "named", "people": []string{"Client@Example.com", "boss@example.com", "client@example.com"}},
	)
	w.want(w.link(token), 401)
	ask := func(email string) {
		t.Helper()
		w.want(w.do("POST", "/api/v1/shares/"+token+"/mail", object{"email": email}), 202)
	}
	ask("mallory@example.net")
	if mail := w.mails(); len(mail) != 0 {
		t.Fatalf("mail to who is not named: %v", mail)
	}
	ask(" CLIENT@example.com ")
	mail := w.mails()
	if len(mail) != 1 || mail[0].To != "client@example.com" {
		t.Fatalf("mail %v", mail)
	}
	address := accessLink.FindString(mail[0].Text)
	w.want(w.do("GET", address, nil), 200)
	w.want(w.do("GET", address, nil), 200) // looking uses nothing up
	used := w.want(w.do("POST", address, nil), 303)
	w.want(w.do("POST", address, nil), 404)
	unlock := cookieOf(t, used)
	w.want(w.link(token, unlock), 200)

	w.want(w.setLink(u, id, object{"people": []string{"boss@example.com"}}), 200)
	w.want(w.link(token, unlock), 401)
	w.want(w.setLink(u, id, object{"people": []string{"client@example.com"}}), 200)
	ask("client@example.com")
	late := accessLink.FindString(w.mails()[0].Text)
	w.Clock.Move(links.AccessLinkFor)
	w.want(w.do("POST", late, nil), 404)
	w.want(w.do("POST", "/pass/none", nil), 404)
}

func TestALinkEndsWhenItShould(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.KeepAlive = time.Millisecond })
	u := w.newReadyVideo()
	ends := w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
	token, id := w.newLink(u, object{"expires_at": ends.Format(time.RFC3339)})
	grants := w.link(token)
	w.want(grants, 200)
	media, _ := w.mediaOf(uploaded{link: token})
	w.want(w.do("GET", media, nil), 200)
	f := w.follow("/api/v1/shares/" + token + "/events")
	f.next("video")
	w.Clock.Move(time.Hour)
	w.want(w.link(token), 404)
	w.want(w.do("GET", media, nil), 403)
	for f.next("video")["gone"] != true { // what was told before may still be on its way
	}
	w.want(w.setLink(u, id, object{"expires_at": nil}), 200)
	w.want(w.link(token), 200)
	w.want(w.setLink(u, id, object{"name": "x"}), 200)
	if r := w.setLink(u, id, object{"name": "x"}); r.field(t, "expires_at") != nil {
		t.Errorf("an end came back: %s", r.body)
	}
	w.want(w.do("DELETE", "/api/v1/videos/"+u.video+"/shares/"+id, nil, w.asOwner()), 204)
	w.want(w.do("DELETE", "/api/v1/videos/"+u.video+"/shares/"+id, nil, w.asOwner()), 204)
	w.want(w.link(token), 404)
	w.want(w.setLink(u, id, object{"name": "y"}), 409)
	w.want(w.link(u.link), 200)
}

func TestRulesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	past := w.Clock.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	for name, rules := range map[string]object{
		"a password link without one": {"audience": "password"},
		"a short password":            {"audience": "password", "password": "short"},
		"nobody named":                {"audience": "named"},
		"no address":                  {"audience": "named", "people": []string{"not an address"}},
		"an end in the past":          {"expires_at": past},
	} {
		if r := w.do("POST", "/api/v1/videos/"+u.video+"/shares", rules, w.asOwner()); r.status != 400 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	for _, rules := range []object{
		{"audience": "everybody"},
		{"comments": "loud"},
		{"expires_at": "tomorrow"},
		{"people": "x"},
	} {
		if r := w.do(
			"POST",
			"/api/v1/videos/"+u.video+"/shares",
			rules,
			w.asOwner(),
		); r.status != 400 &&
			r.status != 422 {
			t.Errorf("%v: %d %s", rules, r.status, r.body)
		}
	}
	// a link of another video
	w.want(w.setLink(w.newReadyVideo(), w.linkID(u.link), object{"name": "x"}), 404)
}

func TestHeldCommentsWaitForApproval(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.rules(u, object{"comments": "held"})
	comments := "/api/v1/shares/" + u.link + "/comments"
	said := w.want(w.do("POST", comments, object{"at_ms": 0, "body": "first words", "name": "Kim"}), 201)
	if said.field(t, "held") != true {
		t.Errorf("said %s", said.body)
	}
	id, edit := said.text(t, "id"), "Meanwhile-Edit-Token: "+said.text(t, "edit_token")
	sees := func(who string, want bool, headers ...string) {
		t.Helper()
		page := w.want(w.do("GET", comments, nil, headers...), 200)
		changes := w.want(w.do("GET", comments+"?since=0", nil, headers...), 200)
		for _, r := range []reply{page, changes} {
			if got := strings.Contains(string(r.body), "words"); got != want {
				t.Errorf("%s sees it: %v, want %v: %s", who, got, want, r.body)
			}
		}
	}
	sees("a guest", false)
	sees("the owner", true, w.asOwner())
	w.want(w.do("GET", comments+"/"+id, nil), 404)
	w.want(w.do("GET", comments+"/"+id, nil, "Meanwhile-Edit-Token: another"), 404)
	if own := w.want(
		w.do("GET", comments+"/"+id, nil, edit),
		200,
	); own.text(t, "body") != "first words" ||
		own.field(t, "held") != true {
		t.Errorf("its writer sees %s", own.body)
	}
	spam := w.want(w.do("POST", comments, object{"at_ms": 0, "body": "spam", "name": "Kim"}), 201)
	refused, guest := spam.text(t, "id"), "Meanwhile-Guest: "+spam.header.Get("Meanwhile-Guest")
	w.want(w.do("POST", "/api/v1/comments/delete", object{"ids": []string{refused}}, w.asOwner()), 200)
	if r := w.want(
		w.do("GET", comments+"?since=0", nil),
		200,
	); strings.Contains(string(r.body), refused) {
		t.Errorf("everybody is told of what was refused: %s", r.body)
	}
	for who, header := range map[string]string{"its guest": guest, "the owner": w.asOwner()} {
		gone := string(w.want(w.do("GET", comments+"?since=0", nil, header), 200).body)
		if i := strings.Index(gone, refused); i < 0 || strings.Contains(gone, "spam") ||
			!strings.Contains(gone, `"deleted":true`) {
			t.Errorf("%s is not told that it went: %s", who, gone)
		}
	}
	if n := w.link(u.link).field(t, "comment_count"); n != 0.0 {
		t.Errorf("%v comments are counted", n)
	}
	held := w.want(w.do("GET", "/api/v1/comments/held", nil, w.asOwner()), 200)
	if !strings.Contains(string(held.body), id) {
		t.Errorf("held %s", held.body)
	}
	stranger := bearer(w.newStranger("mallory@example.net"))
	if r := w.want(w.do("GET", "/api/v1/comments/held", nil, stranger...), 200); strings.Contains(string(r.body), id) {
		t.Errorf("a stranger is shown %s", r.body)
	}
	w.want(w.do("POST", "/api/v1/comments/"+id+"/approve", nil, stranger...), 404)
	for range 2 {
		w.want(w.do("POST", "/api/v1/comments/"+id+"/approve", nil, w.asOwner()), 204)
	}
	sees("a guest", true)
	if n := w.link(u.link).field(t, "comment_count"); n != 1.0 {
		t.Errorf("%v comments are counted, want 1", n)
	}
	w.want(w.do("PATCH", comments+"/"+id, object{"body": "other words"}, edit), 200)
	sees("a guest, after an edit,", false)
	if n := w.link(u.link).field(t, "comment_count"); n != 0.0 {
		t.Errorf("%v comments are counted after the edit", n)
	}
	w.want(w.do("DELETE", comments+"/"+id, nil, edit), 204)
	if n := w.link(u.link).field(t, "comment_count"); n != 0.0 {
		t.Errorf("%v comments are counted after the deletion", n)
	}
}

func TestManyCommentsAreDeletedAtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	var ids []string
	for range 3 {
		ids = append(
			ids,
			w.want(w.do("POST", "/api/v1/shares/"+
				u.link+"/comments", object{"at_ms": 0, "body": "x", "name": "x"}), 201).
				text(t, "id"),
		)
	}
	stranger := bearer(w.newStranger("mallory@example.net"))
	if r := w.want(
		w.do("POST", "/api/v1/comments/delete", object{"ids": ids}, stranger...),
		200,
	); r.field(
		t,
		"deleted",
	) != 0.0 {
		t.Errorf("a stranger deletes %s", r.body)
	}
	if r := w.want(
		w.do("POST", "/api/v1/comments/delete", object{"ids": append(ids[:2:2], "none")}, w.asOwner()),
		200,
	); r.field(
		t,
		"deleted",
	) != 2.0 {
		t.Errorf("deleted %s, want 2", r.body)
	}
	if n := w.link(u.link).field(t, "comment_count"); n != 1.0 {
		t.Errorf("%v comments are left, want 1", n)
	}
}

func TestOpensAreCounted(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	for range 2 {
		w.want(w.do("POST", "/api/v1/shares/"+u.link+"/opened", nil), 204)
	}
	w.want(w.do("POST", "/api/v1/shares/"+u.link+"/opened", nil, w.asOwner()), 204)
	list := w.want(w.do("GET", "/api/v1/videos/"+u.video+"/shares", nil, w.asOwner()), 200)
	if !strings.Contains(string(list.body), `"opens":2,`) {
		t.Errorf("links %s", list.body)
	}
}

func TestLinksAreInTheLog(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	_, id := w.newLink(u, object{"name": "client"})
	w.Clock.Move(time.Millisecond) // lines of the same millisecond have no order
	w.want(w.setLink(u, id, object{"audience": "members"}), 200)
	w.Clock.Move(time.Millisecond)
	w.want(w.do("DELETE", "/api/v1/videos/"+u.video+"/shares/"+id, nil, w.asOwner()), 204)
	ws, err := w.Core.Store.SiteWorkspace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lines, err := w.Core.Store.ListAudit(t.Context(), storage.AuditQuery{WorkspaceID: ws.ID, Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	want := []storage.Action{links.ActionLinkRevoked, links.ActionLinkChanged, links.ActionLinkMade}
	for i, a := range lines {
		if a.Action != want[i] || a.Subject != "client: Demo" || a.ActorName != "Ada" || a.Address != "127.0.0.1" {
			t.Errorf("line %d is %+v, want %s", i, a, want[i])
		}
	}
	if len(lines) != 3 {
		t.Errorf("%d lines, want 3", len(lines))
	}
}

func TestNewLinksBeginAsTheWorkspaceSays(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	set := object{"default_audience": "members", "default_comments": "held", "default_download": false}
	w.want(w.do("PATCH", "/api/v1/workspace", set, w.asOwner()), 200)
	u, recorded := w.newReadyVideo(), w.newRecording()
	for name, token := range map[string]string{"a file's": u.link, "a recording's": recorded.link} {
		w.want(w.link(token), 404)
		if seen := w.want(w.link(token, w.asOwner()), 200); seen.field(t, "can_comment") != true {
			t.Errorf("%s link: %s", name, seen.body)
		}
	}
	list := w.want(w.do("GET", "/api/v1/videos/"+u.video+"/shares", nil, w.asOwner()), 200)
	for _, want := range []string{`"audience":"members"`, `"comments":"held"`, `"allow_download":false`} {
		if !strings.Contains(string(list.body), want) {
			t.Errorf("the link lacks %s: %s", want, list.body)
		}
	}
	other, _ := w.newLink(u, object{"audience": "link"})
	w.want(w.link(other), 200)
}

func TestMembersOfSeveralWorkspacesComeInFromEach(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.rules(u, object{"audience": "members"})
	eve := w.newPerson("eve", storage.RoleMember)
	w.want(w.link(u.link, eve.session), 200)
	made := w.want(w.do("POST", "/api/v1/workspaces", object{"name": "Hers"}, eve.session), 201)
	if made.header.Get("Set-Cookie") != "" {
		eve.session = cookieOf(t, made)
	}
	w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, eve.session), 404) // she is at work in hers
	if seen := w.want(w.link(u.link, eve.session), 200); seen.field(t, "can_comment") != true {
		t.Errorf("from her own workspace she sees %s", seen.body)
	}
	w.rules(u, object{"comments": "held"})
	said := w.want(
		w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 0, "body": "hi"}, eve.session),
		201,
	)
	if strings.Contains(string(said.body), `"held":true`) {
		t.Errorf("what a member says waits: %s", said.body)
	}
	w.rules(u, object{"audience": "link", "comments": "off"})
	w.want(w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 0, "body": "hi"}, eve.session), 201)
	w.rules(u, object{"audience": "members", "comments": "on"})
	w.want(w.do("DELETE", "/api/v1/workspace/members/"+eve.id, nil, w.asOwner()), 204)
	if status := w.link(u.link, eve.session).status; status != 404 {
		t.Errorf("once removed, she is answered %d", status)
	}
}

func TestOnlyListedSitesFrameThePlayer(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	ancestors := func() string {
		t.Helper()
		policy := w.want(w.do("GET", "/embed/"+u.link, nil), 200).header.Get("Content-Security-Policy")
		_, list, _ := strings.Cut(policy, "frame-ancestors ")
		return list
	}
	if got := ancestors(); got != "*" {
		t.Errorf("at first %q may frame it, want all", got)
	}
	w.want(
		w.do(
			"PATCH",
			"/api/v1/workspace",
			object{"embed_hosts": []string{"wiki.example.org", "*.notion.site"}},
			w.asOwner(),
		),
		200,
	)
	if got := ancestors(); got != "wiki.example.org *.notion.site" {
		t.Errorf("then %q may frame it", got)
	}
	page := w.want(w.do("GET", "/v/"+u.link, nil), 200).header.Get("Content-Security-Policy")
	if !strings.Contains(page, "frame-ancestors 'none'") {
		t.Errorf("the watch page's policy is %s", page)
	}
}

// TestTheHundredthPasswordLinkOpens keeps a browser's unlocks of a hundred links: each of them
// opens with all the others beside it, in cookies and in headers.
func TestTheHundredthPasswordLinkOpens(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.LinkPasswordsPerMinute = 1000
	})
	var links, headers []string
	for range 4 {
		u := w.newReadyVideo()
		for range 25 {
			token, _ := w.newLink(u, object{"audience": "password", "password": linkPassword})
			links = append(links, token)
			headers = append(headers, w.unlockByPassword(uploaded{link: token})...)
		}
	}
	for i, token := range links {
		if r := w.link(token, headers...); r.status != 200 {
			t.Fatalf("link %d of %d: %d %s", i+1, len(links), r.status, r.body)
		}
	}
	other, _ := w.newLink(w.newReadyVideo(), object{"audience": "password", "password": linkPassword})
	w.want(w.link(other, headers...), 401)
}

// TestNoFileWhereDownloadIsOff is about the file that other sites show for a pasted link.
func TestNoFileWhereDownloadIsOff(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	file := "/v/" + u.link + "/video.mp4"
	told := func() bool {
		return strings.Contains(string(w.want(w.do("GET", "/v/"+u.link, nil), 200).body), file)
	}
	w.want(w.do("GET", file, nil), 200)
	if !told() {
		t.Error("other sites are not told of the file")
	}
	w.rules(u, object{"allow_download": false})
	w.want(w.do("GET", file, nil), 404)
	w.want(w.do("HEAD", file, nil), 404)
	w.want(w.do("GET", "/v/"+u.link+"/download", nil), 404)
	if told() {
		t.Error("other sites are told of a file that they cannot have")
	}
}
