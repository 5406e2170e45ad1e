package server_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

var signUpAddress = regexp.MustCompile(`http\S+(/signup/\S+)`)

func openTo(everybody bool, change ...func(*servertest.Config)) change {
	return func(_ *server.Config, _ *server.Deps, c *servertest.Config) {
		c.OpenSignUp = everybody
		for _, f := range change {
			f(c)
		}
	}
}

func withoutMail(c *servertest.Config) { c.Mailer = nil }

// wantOwnWorkspace checks that somebody is the only member of a workspace of their own, and runs
// nothing of the site.
func (w *fixture) wantOwnWorkspace(email, password, name string) {
	w.t.Helper()
	session := w.logIn(email, password)
	if got := w.want(w.do("GET", "/api/v1/workspace", nil, session), 200).text(w.t, "name"); got != name {
		w.t.Errorf("their workspace is %q, want %q", got, name)
	}
	members := w.want(w.do("GET", "/api/v1/workspace/members", nil, session), 200)
	if strings.Contains(string(members.body), servertest.OwnerEmail) ||
		!strings.Contains(string(members.body), `"owner"`) {
		w.t.Errorf("their members are %s", members.body)
	}
	w.want(w.do("GET", "/checks", nil, session), 404)
	team := w.want(w.do("GET", "/api/v1/workspace/members", nil, w.asOwner()), 200)
	if strings.Contains(string(team.body), email) {
		w.t.Errorf("a stranger is in the team: %s", team.body)
	}
}

func TestSignUpWhereItIsOpen(t *testing.T) {
	t.Parallel()
	form := func(email string) string {
		return formOf("email", email, "name", "Eve", "password", servertest.OwnerPassword)
	}
	closed := newFixture(t)
	closed.want(closed.do("GET", "/signup", nil), 404)
	closed.want(closed.do("POST", "/signup", form("eve@example.org"), formType), 404)
	w := newFixture(t, openTo(true, withoutMail))
	w.want(w.do("GET", "/signup", nil), 200)
	w.want(w.do("POST", "/signup", form(servertest.OwnerEmail), formType), 409)
	w.want(w.do("POST", "/signup", form("eve@example.org"), formType), 303)
	w.wantOwnWorkspace("eve@example.org", servertest.OwnerPassword, "Eve’s updates")
}

// TestASignUpProvesItsAddress is about a site that sends mail: nothing is stored, and nobody learns
// who has an account, before the mailbox answers.
func TestASignUpProvesItsAddress(t *testing.T) {
	t.Parallel()
	w := newFixture(t, openTo(true))
	if page := w.want(w.do("GET", "/signup", nil), 200); strings.Contains(string(page.body), `type="password"`) {
		t.Error("the form asks for a password that nobody could use yet")
	}
	ask := func(email string) (page, text string) {
		t.Helper()
		r := w.want(
			w.do("POST", "/signup", formOf("email", email, "name", "Eve", "password", "a password of Eve"), formType),
			200,
		)
		mails := w.mails()
		if len(mails) != 1 || mails[0].To != email {
			t.Fatalf("mails are %+v", mails)
		}
		return strings.ReplaceAll(string(r.body), email, "X"), mails[0].Text
	}
	nonce := regexp.MustCompile(`nonce="?[^"\s>]+|nonce-[^']+`)
	known, logIn := ask(servertest.OwnerEmail)
	unknown, text := ask("eve@example.org")
	if nonce.ReplaceAllString(known, "") != nonce.ReplaceAllString(unknown, "") {
		t.Error("the page tells who has an account")
	}
	if !strings.Contains(logIn, "/enter/") || signUpAddress.MatchString(logIn) {
		t.Errorf("who has an account gets %q", logIn)
	}
	path := signUpAddress.FindStringSubmatch(text)[1]
	w.want(w.do("POST", "/api/v1/session", object{"email": "eve@example.org", "password": "a password of Eve"}), 401)
	w.want(w.do("GET", path, nil), 200)
	w.want(w.do("GET", path, nil), 200) // a mail scanner uses nothing up
	w.want(w.do("GET", path+"x", nil), 404)
	w.want(w.do("GET", "/signup/"+strings.SplitN(path, ".", 2)[1], nil), 404)
	w.want(w.do("POST", path, formOf("password", "short"), formType), 400)
	w.want(w.do("POST", path, formOf("password", "another long password"), formType), 303)
	w.want(w.do("POST", path, formOf("password", "a third long password"), formType), 404)
	w.wantOwnWorkspace("eve@example.org", "another long password", "Eve’s updates")
	if id, err := w.Core.Store.IdentityByEmail(
		t.Context(),
		"eve@example.org",
	); err != nil ||
		id.User.VerifiedAt == nil {
		t.Errorf("the address is not proved: %+v, %v", id.User, err)
	}

	_, text = ask("late@example.org")
	w.Clock.Move(31 * time.Minute)
	w.want(w.do("GET", signUpAddress.FindStringSubmatch(text)[1], nil), 404)
}

// TestWhoCameByOpenSignUpIsShownOnce is about members of a release in which open sign-up led into
// the first workspace.
func TestWhoCameByOpenSignUpIsShownOnce(t *testing.T) {
	t.Parallel()
	database, rows := withDatabase(t)
	w := newFixture(t, database)
	eve := w.newPerson("eve", storage.RoleMember)
	owner := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	came := func() int {
		body := w.want(w.do("GET", "/api/v1/workspace/members", nil, owner), 200).body
		return strings.Count(string(body), `"open_sign_up":true`)
	}
	if n := came(); n != 0 {
		t.Errorf("%d came by open sign-up", n)
	}
	// as the migration writes it
	_, err := rows.ExecContext(t.Context(),
		`INSERT INTO open_sign_ups SELECT user_id, workspace_id FROM memberships WHERE user_id = $1`, eve.id)
	if err != nil {
		t.Fatal(err)
	}
	if n := came(); n != 1 {
		t.Errorf("%d came by open sign-up, want 1", n)
	}
	w.want(w.do("POST", "/api/v1/workspace/open-sign-ups/seen", nil, eve.session), 403)
	w.want(w.do("POST", "/api/v1/workspace/open-sign-ups/seen", nil, owner), 204)
	if n := came(); n != 0 {
		t.Errorf("%d are shown again", n)
	}
	w.want(w.do("GET", "/api/v1/workspace/members", nil, eve.session), 200)
}
