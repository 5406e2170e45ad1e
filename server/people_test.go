package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

// addMember adds somebody to the owner's workspace and returns their id.
func (w *fixture) addMember() string {
	w.t.Helper()
	name := storage.NewRandomID()
	u, _, err := w.SignIn.AddUser(
		w.t.Context(),
		signin.Account{Email: name + "@example.org", Name: name, Role: storage.RoleMember},
	)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(u.ID)
}

// person is an account with a password.
type person struct {
	id, email, session string
}

const otherPassword = "another long password"

// newPerson adds somebody with a role to the owner's workspace, and logs them in.
func (w *fixture) newPerson(name string, role storage.Role) person {
	w.t.Helper()
	p := person{email: name + "@example.org"}
	u, _, err := w.SignIn.AddUser(
		w.t.Context(),
		signin.Account{Email: p.email, Name: name, Password: otherPassword, Role: role},
	)
	if err != nil {
		w.t.Fatal(err)
	}
	p.id, p.session = string(u.ID), w.logIn(p.email, otherPassword)
	return p
}

// newInvite makes an invite to be a member, for an address or for anybody who has the link.
func (w *fixture) newInvite(email string) reply {
	w.t.Helper()
	body := object{"role": "member"}
	if email != "" {
		body["email"] = email
	}
	return w.want(w.do("POST", "/api/v1/workspace/invites", body, w.asOwner()), 201)
}

func secretIn(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// workspace is the workspace that a credential is in. Empty for none.
func (w *fixture) workspace(header string) string {
	w.t.Helper()
	var me struct{ Workspace struct{ ID string } }
	w.want(w.do("GET", "/api/v1/me", nil, header), 200).decode(w.t, &me)
	return me.Workspace.ID
}

func sessionIn(t testing.TB, r reply) string {
	t.Helper()
	c := cookieIn(t, r)
	return "Cookie: " + c.Name + "=" + c.Value
}

func joining(email string) string {
	return formOf("name", "Bob", "email", email, "password", otherPassword, "time_zone", "Europe/Lisbon")
}

func TestAnInviteMakesOneAccount(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	made := w.newInvite("")
	path := "/invite/" + secretIn(made.text(t, "url"))
	if !strings.HasPrefix(made.text(t, "url"), w.url+"/invite/") || made.field(t, "mailed") != false {
		t.Errorf("made %s", made.body)
	}
	page := w.want(w.do("GET", path, nil), 200)
	if !strings.Contains(string(page.body), "Ada invites you to Crew") {
		t.Errorf("the page says %s", page.body)
	}
	short := w.want(
		w.do("POST", path, formOf("name", "Bob", "email", "bob@example.org", "password", "short"), formType),
		400,
	)
	if !strings.Contains(string(short.body), "at least 10 characters") ||
		!strings.Contains(string(short.body), `value="bob@example.org"`) {
		t.Errorf("the form again: %s", short.body)
	}
	w.want(w.do("POST", path, joining(servertest.OwnerEmail), formType), 409) // which leaves the invite open
	session := sessionIn(t, w.want(w.do("POST", path, joining("bob@example.org"), formType), 303))
	me := w.want(w.do("GET", "/api/v1/me", nil, session), 200)
	if me.text(t, "role") != "member" || me.text(t, "time_zone") != "Europe/Lisbon" ||
		w.workspace(session) != w.workspace(w.asOwner()) {
		t.Errorf("me %s", me.body)
	}
	w.want(w.do("GET", path, nil), 404)
	w.want(w.do("POST", path, joining("eve@example.org"), formType), 404)
	if open := w.want(
		w.do("GET", "/api/v1/workspace/invites", nil, w.asOwner()),
		200,
	); strings.Contains(
		string(open.body),
		`"id"`,
	) {
		t.Errorf("still open: %s", open.body)
	}
}

func TestOfManyWhoUseAnInviteAtOnceOneJoins(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	path := "/invite/" + secretIn(w.newInvite("").text(t, "url"))
	statuses := make([]int, 6)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = w.do("POST", path, joining(fmt.Sprintf("p%d@example.org", i)), formType).status
		})
	}
	all.Wait()
	joined := 0
	for _, status := range statuses {
		switch status {
		case 303:
			joined++
		case 404:
		default:
			t.Errorf("status %d", status)
		}
	}
	n := must(w.Core.Store.CountUsers(t.Context()))(t)
	if joined != 1 || n != 2 {
		t.Errorf("%d joined, and there are %d accounts", joined, n)
	}
}

func TestAnInviteEnds(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for what, end := range map[string]func(made reply){
		"by time": func(reply) { w.Clock.Move(7*24*time.Hour + time.Second) },
		"by revoking": func(r reply) {
			w.want(w.do("DELETE", "/api/v1/workspace/invites/"+r.text(t, "id"), nil, w.asOwner()), 204)
		},
		"by a new link": func(r reply) {
			w.want(w.do("POST", "/api/v1/workspace/invites/"+r.text(t, "id")+"/link", nil, w.asOwner()), 201)
		},
		"by closing the workspace": func(reply) {
			w.want(w.do("PATCH", "/api/v1/workspace", object{"sign_up": "closed"}, w.asOwner()), 200)
		},
	} {
		w.want(w.do("PATCH", "/api/v1/workspace", object{"sign_up": "invited"}, w.asOwner()), 200)
		made := w.newInvite("")
		path := "/invite/" + secretIn(made.text(t, "url"))
		w.want(w.do("GET", path, nil), 200)
		end(made)
		if r := w.do("POST", path, joining("bob@example.org"), formType); r.status != 404 {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
	w.want(w.do("POST", "/api/v1/workspace/invites", object{"role": "member", "days": 91}, w.asOwner()), 422)
	w.want(w.do("DELETE", "/api/v1/workspace/invites/none", nil, w.asOwner()), 404)
}

func TestAnInviteForAnAddressIsForNobodyElse(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	made := w.newInvite("Bob@Example.org")
	sent := w.mails()
	if made.field(t, "mailed") != true || len(sent) != 1 || sent[0].To != "Bob@Example.org" ||
		!strings.Contains(sent[0].Text, made.text(t, "url")) {
		t.Fatalf("made %s, mailed %v", made.body, sent)
	}
	path := "/invite/" + secretIn(made.text(t, "url"))
	eve := w.newPerson("eve", storage.RoleMember)
	w.want(w.do("GET", path, nil, eve.session), 403)
	w.want(w.do("POST", path, "", formType, eve.session), 403)
	// the form's address does not count: the account gets the invited address
	session := sessionIn(t, w.want(w.do("POST", path, joining("mallory@example.org"), formType), 303))
	if me := w.want(w.do("GET", "/api/v1/me", nil, session), 200); me.text(t, "email") != "Bob@Example.org" {
		t.Errorf("me %s", me.body)
	}
	w.want(
		w.do("POST", "/api/v1/workspace/invites", object{"role": "member", "email": "bob@example.org"}, w.asOwner()),
		409,
	)
	// a second invite to an address replaces the first
	first, second := w.newInvite("zoe@example.org"), w.newInvite("ZOE@example.org")
	w.want(w.do("GET", "/invite/"+secretIn(first.text(t, "url")), nil), 404)
	w.want(w.do("GET", "/invite/"+secretIn(second.text(t, "url")), nil), 200)
	w.Mail.Fail(storage.E(storage.Unavailable, "away", nil))
	if unsent := w.newInvite("uma@example.org"); unsent.field(t, "mailed") != false || unsent.text(t, "url") == "" {
		t.Errorf("while the mail server is away: %s", unsent.body)
	}
}

func TestASignedInPersonJoinsByInvite(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	first := w.workspace(w.asOwner())
	bob := w.newPerson("bob", storage.RoleMember)
	second := w.want(w.do("POST", "/api/v1/workspaces", object{"name": "Mill"}, bob.session), 201)
	if second.text(t, "role") != "owner" || w.workspace(bob.session) != second.text(t, "id") {
		t.Fatalf("made %s, and is in %s", second.body, w.workspace(bob.session))
	}
	made := w.want(
		w.do(
			"POST",
			"/api/v1/workspace/invites",
			object{"role": "admin", "email": strings.ToUpper(servertest.OwnerEmail)},
			bob.session,
		),
		201,
	)
	path := "/invite/" + secretIn(made.text(t, "url"))
	w.want(w.do("POST", path, "", formType, w.asOwner()), 403) // not by a key
	w.want(w.do("POST", path, "", formType, bob.session), 403)
	ada := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	if page := w.want(
		w.do("GET", path, nil, ada),
		200,
	); !strings.Contains(string(page.body), "Join Mill") ||
		strings.Contains(string(page.body), `name="password"`) {
		t.Errorf("the page says %s", page.body)
	}
	w.want(w.do("POST", path, "", formType, ada), 303)
	me := w.want(w.do("GET", "/api/v1/me", nil, ada), 200)
	if me.text(t, "role") != "admin" || w.workspace(ada) != second.text(t, "id") ||
		!strings.Contains(string(me.body), first) {
		t.Errorf("me %s", me.body)
	}
	// a person who is already in the workspace does not use the invite up
	again := w.want(w.do("POST", "/api/v1/workspace/invites", object{"role": "member"}, bob.session), 201)
	path = "/invite/" + secretIn(again.text(t, "url"))
	w.want(w.do("POST", path, "", formType, ada), 409)
	w.want(w.do("GET", path, nil), 200)
	// switch back
	w.want(w.do("POST", "/api/v1/me/workspace", object{"id": first}, ada), 204)
	if got := w.workspace(ada); got != first {
		t.Errorf("switched to %s, want %s", got, first)
	}
	w.want(w.do("POST", "/api/v1/me/workspace", object{"id": "none"}, ada), 404)
}

// TestARemovedPersonSeesNothing tests everything that somebody could still have.
func TestARemovedPersonSeesNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	bob := w.newPerson("bob", storage.RoleAdmin)
	key := "Authorization: Bearer " + w.newKey(bob.email, storage.AllScopes...)
	u := w.newReadyVideo() // Ada's; admins look after it
	source, _ := w.mediaOf(u)
	invite := w.want(w.do("POST", "/api/v1/workspace/invites", object{"role": "member"}, bob.session), 201)
	eve := w.newPerson("eve", storage.RoleMember)
	link := w.want(w.do("POST", "/api/v1/workspace/members/"+eve.id+"/log-in-link", nil, bob.session), 201)
	own := w.want(w.do("POST", "/api/v1/videos", object{"source": "recording"}, bob.session), 201)
	for _, who := range []string{bob.session, key} {
		w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, who), 200)
	}
	w.want(w.do("GET", source, nil), 200)
	ended := w.streamEnds("/api/v1/events", bob.session)

	owner := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	w.want(w.do("DELETE", "/api/v1/workspace/members/"+bob.id, nil, owner), 204)
	<-ended
	w.Clock.Move(10 * time.Second)
	for _, who := range []string{bob.session, key} {
		w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, who), 401)
		w.want(w.do("GET", "/api/v1/events", nil, who), 401)
	}
	w.want(w.do("GET", source, nil), 403)
	w.want(w.do("GET", "/invite/"+secretIn(invite.text(t, "url")), nil), 404)
	w.want(w.do("GET", "/enter/"+secretIn(link.text(t, "url")), nil), 404)

	again := w.logIn(bob.email, otherPassword) // they keep their account
	if w.workspace(again) != "" {
		t.Errorf("still in %s", w.workspace(again))
	}
	for _, path := range []string{"/api/v1/videos/" +
		u.video, "/api/v1/videos/" + own.text(t, "id"), "/api/v1/people/" + eve.id + "/picture"} {
		if r := w.do("GET", path, nil, again); r.status != 404 && r.status != 403 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	for _, path := range []string{
		"/api/v1/workspace", "/api/v1/workspace/members", "/api/v1/workspace/invites", "/api/v1/me/keys",
	} {
		w.want(w.do("GET", path, nil, again), 403)
	}
	if list := w.want(w.do("GET", "/api/v1/videos", nil, again), 200); strings.Contains(string(list.body), `"id"`) {
		t.Errorf("lists %s", list.body)
	}
	w.want(w.do("POST", "/api/v1/videos", object{"source": "recording"}, again), 403)
	w.want(w.do("GET", "/", nil, again), 200)
	// their recordings stay with the workspace, and the recording's own token may finish one
	w.want(w.do("GET", "/api/v1/videos/"+own.text(t, "id"), nil, w.asOwner()), 200)
	var rec struct{ Upload struct{ URL, Token string } }
	own.decode(t, &rec)
	w.want(
		w.do(
			"PUT",
			rec.Upload.URL+"/tracks/screen/chunks/0",
			"chunk",
			digest("chunk"),
			"Authorization: Bearer "+rec.Upload.Token,
		),
		201,
	)
	// they may start a workspace of their own
	w.want(w.do("POST", "/api/v1/workspaces", object{"name": "Bob's"}, again), 201)
	w.want(w.do("POST", "/api/v1/videos", object{"source": "recording"}, again), 201)
}

// streamEnds follows a stream until the server ends it.
func (w *fixture) streamEnds(path, header string) <-chan struct{} {
	w.t.Helper()
	res, err := http.DefaultClient.Do(w.request("GET", path, nil, header))
	if err != nil || res.StatusCode != 200 {
		w.t.Fatalf("%s: %v %v", path, res, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer res.Body.Close()
		for b := make([]byte, 1024); ; {
			if _, err := res.Body.Read(b); err != nil {
				return
			}
		}
	}()
	return ended
}

func TestWorkspacesDoNotSeeOneAnother(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	bob := w.newPerson("bob", storage.RoleMember)
	zoe := w.newPerson("zoe", storage.RoleMember)
	w.want(w.do("PUT", "/api/v1/me/picture", pngOf(8, 8), w.asOwner()), 204)
	ada := w.want(w.do("GET", "/api/v1/me", nil, w.asOwner()), 200)
	w.want(w.do("GET", ada.text(t, "picture_url"), nil, bob.session), 200)
	invite := w.newInvite("").text(t, "id")
	mine := w.want(w.do("POST", "/api/v1/videos", object{"source": "recording"}, bob.session), 201).text(t, "id")

	// in a workspace that Bob owns
	w.want(w.do("POST", "/api/v1/workspaces", object{"name": "Mill"}, bob.session), 201)
	for _, path := range []string{"/api/v1/videos/" + u.video, "/api/v1/videos/" + mine, ada.text(t, "picture_url")} {
		w.want(w.do("GET", path, nil, bob.session), 404)
	}
	w.want(w.do("PATCH", "/api/v1/workspace/members/"+zoe.id, object{"role": "admin"}, bob.session), 404)
	w.want(w.do("DELETE", "/api/v1/workspace/members/"+zoe.id, nil, bob.session), 404)
	w.want(w.do("POST", "/api/v1/workspace/members/"+zoe.id+"/log-in-link", nil, bob.session), 404)
	w.want(w.do("POST", "/api/v1/workspace/owner", object{"id": zoe.id}, bob.session), 404)
	w.want(w.do("DELETE", "/api/v1/workspace/invites/"+invite, nil, bob.session), 404)
	w.want(w.do("POST", "/api/v1/workspace/invites/"+invite+"/link", nil, bob.session), 404)
	for _, path := range []string{
		"/api/v1/videos", "/api/v1/workspace/members", "/api/v1/workspace/invites", "/api/v1/me/keys",
	} {
		r := w.want(w.do("GET", path, nil, bob.session), 200)
		for _, of := range []string{u.video, mine, "ada@", "zoe@", invite} {
			if strings.Contains(string(r.body), of) {
				t.Errorf("%s shows %s: %s", path, of, r.body)
			}
		}
	}
	// a key belongs to one workspace, whichever the session is in
	key := "Authorization: Bearer " +
		w.want(w.do("POST", "/api/v1/me/keys", object{"name": "ci", "scopes": []string{"read"}}, bob.session), 201).
			text(t, "secret")
	w.want(w.do("GET", "/api/v1/videos/"+mine, nil, key), 404)
	w.want(w.do("POST", "/api/v1/me/workspace", object{"id": w.workspace(zoe.session)}, bob.session), 204)
	w.want(w.do("GET", "/api/v1/videos/"+mine, nil, bob.session), 200)
	w.want(w.do("GET", "/api/v1/videos/"+mine, nil, key), 404)
	if me := w.want(w.do("GET", "/api/v1/me", nil, key), 200); strings.Contains(string(me.body), "Crew") {
		t.Errorf("the key hears of %s", me.body)
	}
}

func TestRolesInAWorkspace(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ada := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	adaID := w.want(w.do("GET", "/api/v1/me", nil, ada), 200).text(t, "id")
	bob, cay := w.newPerson("bob", storage.RoleAdmin), w.newPerson("cay", storage.RoleMember)
	role := func(id, role, who string) reply {
		return w.do("PATCH", "/api/v1/workspace/members/"+id, object{"role": role}, who)
	}
	// the only owner must stay
	w.want(role(adaID, "member", ada), 409)
	w.want(w.do("DELETE", "/api/v1/workspace/members/"+adaID, nil, ada), 409)
	// admins look after members; they can neither change nor make owners
	w.want(role(adaID, "member", bob.session), 403)
	w.want(w.do("DELETE", "/api/v1/workspace/members/"+adaID, nil, bob.session), 403)
	w.want(role(cay.id, "owner", bob.session), 403)
	w.want(w.do("POST", "/api/v1/workspace/invites", object{"role": "owner"}, bob.session), 403)
	w.want(w.do("POST", "/api/v1/workspace/owner", object{"id": cay.id}, bob.session), 403)
	w.want(w.do("POST", "/api/v1/workspace/members/"+adaID+"/log-in-link", nil, bob.session), 403)
	w.want(w.do("POST", "/api/v1/workspace/members/"+bob.id+"/log-in-link", nil, bob.session), 403)
	// members see who is there, and can change nothing
	w.want(w.do("GET", "/api/v1/workspace/members", nil, cay.session), 200)
	w.want(w.do("GET", "/api/v1/workspace/invites", nil, cay.session), 403)
	w.want(w.do("PATCH", "/api/v1/workspace", object{"name": "x"}, cay.session), 403)
	w.want(role(bob.id, "member", cay.session), 403)
	w.want(role(cay.id, "admin", cay.session), 403)
	// a changed role ends that person's sessions
	w.want(role(cay.id, "admin", bob.session), 204)
	w.want(w.do("GET", "/api/v1/me", nil, cay.session), 401)
	cay.session = w.logIn(cay.email, otherPassword)
	w.want(w.do("GET", "/api/v1/workspace/invites", nil, cay.session), 200)
	// Ada makes Bob the owner
	w.want(w.do("POST", "/api/v1/workspace/owner", object{"id": adaID}, ada), 400)
	handed := w.want(w.do("POST", "/api/v1/workspace/owner", object{"id": bob.id}, ada), 204)
	w.want(w.do("GET", "/api/v1/me", nil, ada), 401)
	ada = sessionIn(t, handed)
	if me := w.want(w.do("GET", "/api/v1/me", nil, ada), 200); me.text(t, "role") != "admin" {
		t.Errorf("after handing over: %s", me.body)
	}
	bob.session = w.logIn(bob.email, otherPassword)
	w.want(role(adaID, "owner", bob.session), 204) // an owner makes another one, and may go
	w.want(w.do("DELETE", "/api/v1/workspace/members/"+bob.id, nil, bob.session), 204)
	w.want(w.do("GET", "/api/v1/me", nil, bob.session), 401)
	ada = w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	w.want(w.do("DELETE", "/api/v1/workspace/members/"+adaID, nil, ada), 409)

	var said []string
	for _, line := range must(w.Core.Store.ListAudit(t.Context(), storage.AuditQuery{
		WorkspaceID: storage.WorkspaceID(w.workspace(ada)),
		Limit:       100,
	}))(t) {
		said = append(said, fmt.Sprint(line.ActorName, " ", line.Action, " ", line.Subject, " ", line.Detail))
	}
	for _, want := range []string{
		"bob role-changed cay@example.org member → admin", "Ada ownership-handed-over bob@example.org ",
		"bob member-left bob@example.org owner",
	} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("the log lacks %q:\n%s", want, strings.Join(said, "\n"))
		}
	}
}

func TestALogInLinkForSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	bob := w.newPerson("bob", storage.RoleMember)
	made := w.want(
		w.do(
			"POST",
			"/api/v1/workspace/members/"+bob.id+"/log-in-link",
			nil,
			w.logIn(servertest.OwnerEmail, servertest.OwnerPassword),
		),
		201,
	)
	path := strings.TrimPrefix(made.text(t, "url"), w.url)
	w.want(w.do("GET", path, nil), 200)
	// the founder of a workspace must not take over accounts of people who join: the link would
	// open their other workspaces
	cay := w.newPerson("cay", storage.RoleMember)
	w.want(w.do("POST", "/api/v1/workspaces", object{"name": "Trap"}, cay.session), 201)
	invite := w.want(w.do("POST", "/api/v1/workspace/invites", object{"role": "member"}, cay.session), 201)
	w.want(w.do("POST", "/invite/"+secretIn(invite.text(t, "url")), "", formType, bob.session), 303)
	w.want(w.do("POST", "/api/v1/workspace/members/"+bob.id+"/log-in-link", nil, cay.session), 403)
	w.want(w.do("GET", path, nil), 404) // nor does a link from before open what they joined since
}

func TestSignUpByDomain(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.want(w.do("GET", "/signup", nil), 404)
	w.want(w.do("PATCH", "/api/v1/workspace", object{"sign_up": "domains"}, w.asOwner()), 400)
	w.want(
		w.do(
			"PATCH",
			"/api/v1/workspace",
			object{"sign_up": "domains", "domains": []string{"Example.ORG"}},
			w.asOwner(),
		),
		200,
	)
	if page := w.want(w.do("GET", "/login", nil), 200); !strings.Contains(string(page.body), `href="/signup"`) {
		t.Error("the log-in page does not lead to sign-up")
	}
	w.want(w.do("GET", "/signup", nil), 200)
	ask := func(email string) reply { return w.do("POST", "/signup", formOf("email", email), formType) }
	w.want(ask("bob@example.com"), 403)
	w.want(ask("bob@example.org.evil.example"), 403)
	w.want(ask("no address"), 400)
	first := w.want(ask("Bob@EXAMPLE.org"), 200)
	sent := w.mails()
	if len(sent) != 1 || sent[0].To != "Bob@EXAMPLE.org" {
		t.Fatalf("mailed %v", sent)
	}
	_, url, _ := strings.Cut(sent[0].Text, w.url)
	url, _, _ = strings.Cut(url, "\n")
	// the same response and no mail for somebody who asks again at once, or is already there
	w.want(ask("bob@example.org"), 200)
	known := w.want(ask(servertest.OwnerEmail), 200)
	if more := w.mails(); len(more) != 0 {
		t.Errorf("mailed %v", more)
	}
	same := func(r reply) string {
		return changing.ReplaceAllString(
			strings.NewReplacer("Bob@EXAMPLE.org", "", servertest.OwnerEmail, "").Replace(string(r.body)),
			"",
		)
	}
	if same(first) != same(known) {
		t.Errorf("a known address hears %s\nanother %s", known.body, first.body)
	}
	w.want(w.do("GET", url, nil), 200)
	w.Clock.Move(time.Hour)
	w.want(ask("bob@example.org"), 200)
	w.want(w.do("GET", url, nil), 404) // the newer link counts
	_, url, _ = strings.Cut(w.mails()[0].Text, w.url)
	url, _, _ = strings.Cut(url, "\n")
	w.want(w.do("POST", url, joining("mallory@example.org"), formType), 303)
	w.logIn("bob@example.org", otherPassword)
	w.Mail.Fail(storage.E(storage.Unavailable, "away", nil))
	w.want(ask("cay@example.org"), 503)
	w.Mail.Fail(nil)
	w.want(ask("cay@example.org"), 200)
	if len(w.mails()) != 1 {
		t.Error("who could not be mailed cannot ask again")
	}
}

func TestAWishToJoinWaitsWhereThereIsNoMail(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) { lc.Mailer = nil })
	w.want(
		w.do(
			"PATCH",
			"/api/v1/workspace",
			object{"sign_up": "domains", "domains": []string{"example.org"}},
			w.asOwner(),
		),
		200,
	)
	for range 2 {
		w.want(w.do("POST", "/signup", formOf("email", "bob@example.org"), formType), 200)
	}
	var open struct {
		Items []struct {
			ID, Email string
			HasLink   bool `json:"has_link"`
		}
	}
	w.want(w.do("GET", "/api/v1/workspace/invites", nil, w.asOwner()), 200).decode(t, &open)
	if len(open.Items) != 1 || open.Items[0].Email != "bob@example.org" || open.Items[0].HasLink {
		t.Fatalf("open %v", open)
	}
	made := w.want(w.do("POST", "/api/v1/workspace/invites/"+open.Items[0].ID+"/link", nil, w.asOwner()), 201)
	w.want(w.do("POST", "/invite/"+secretIn(made.text(t, "url")), joining(""), formType), 303)
	w.logIn("bob@example.org", otherPassword)
}

func TestSettingsOfAWorkspace(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	patch := func(body object) reply { return w.do("PATCH", "/api/v1/workspace", body, w.asOwner()) }
	got := w.want(patch(object{
		"name":             "Crew 2",
		"embed_hosts":      []string{"*.Wiki.example.org", "localhost:3000", "localhost:3000"},
		"keep_days":        30,
		"default_audience": "members",
		"default_comments": "held",
		"default_download": false,
	}), 200)
	want := w.want(w.do("GET", "/api/v1/workspace", nil, w.asOwner()), 200)
	if string(got.body) != string(want.body) ||
		!strings.Contains(string(got.body), `"embed_hosts":["*.wiki.example.org","localhost:3000"]`) {
		t.Errorf("changed %s\nread %s", got.body, want.body)
	}
	for _, bad := range []object{
		{"name": " "},
		{"keep_days": 4000},
		{"embed_hosts": []string{"https://x.example"}},
		{"embed_hosts": []string{"x; script-src *"}},
		{"domains": []string{"example"}},
		{"domains": []string{"10.0.0.1"}},
		{"domains": []string{"@example.org"}},
		{"domains": []string{""}},
	} {
		w.want(patch(bad), 400)
	}
	for _, bad := range []object{{"sign_up": "open"}, {"default_audience": "named"}, {"keep_days": -1}} {
		w.want(patch(bad), 422)
	}
}

// TestAKeyGivesNoRoleAboveMember checks that who has a key of scope admin cannot become more by it:
// an owner's invite or role would open every other scope.
func TestAKeyGivesNoRoleAboveMember(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	key := bearer(w.newKey(servertest.OwnerEmail, storage.ScopeAdmin))[0]
	owner := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	admin, member := w.newPerson("Ann", storage.RoleAdmin), w.newPerson("Ben", storage.RoleMember)
	invite := func(role string, who string, status int) string {
		t.Helper()
		made := w.want(w.do("POST", "/api/v1/workspace/invites", object{"role": role}, who), status)
		if status != 201 {
			return ""
		}
		return "/api/v1/workspace/invites/" + made.text(t, "id")
	}
	mine := invite("member", key, 201)
	invite("admin", key, 403)
	invite("owner", key, 403)
	for _, role := range []string{"admin", "owner"} {
		above := invite(role, owner, 201)
		w.want(w.do("POST", above+"/link", nil, key), 403)
		w.want(w.do("DELETE", above, nil, key), 403)
		w.want(w.do("POST", above+"/link", nil, owner), 201)
	}
	w.want(w.do("POST", mine+"/link", nil, key), 201)

	people := "/api/v1/workspace/members/"
	for _, role := range []string{"admin", "owner"} {
		r := w.want(w.do("PATCH", people+member.id, object{"role": role}, key), 403)
		if !strings.Contains(string(r.body), "no role above member") {
			t.Errorf("the sentence is %s", r.body)
		}
	}
	w.want(w.do("PATCH", people+admin.id, object{"role": "member"}, key), 403)
	w.want(w.do("DELETE", people+admin.id, nil, key), 403)
	w.want(w.do("DELETE", people+member.id, nil, key), 204)
	w.want(w.do("PATCH", people+admin.id, object{"role": "owner"}, owner), 204)
}
