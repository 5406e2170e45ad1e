package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

const (
	namedHost   = "Host: localhost"
	namedOrigin = "http://localhost"
)

// addPasskey adds a new passkey of a to the account of that session.
func (w *fixture) addPasskey(a *authenticator, session string) reply {
	w.t.Helper()
	begun := w.want(w.do("POST", "/api/v1/me/passkeys/begin", nil, session, namedHost), 200)
	made := a.create(begun.field(w.t, "options"))
	return w.do(
		"POST",
		"/api/v1/me/passkeys",
		object{"ceremony": begun.text(w.t, "ceremony"), "name": " Laptop ", "credential": made},
		session,
		namedHost,
	)
}

// signInBy signs in with the passkey of a.
func (w *fixture) signInBy(a *authenticator, headers ...string) reply {
	w.t.Helper()
	begun := w.want(w.do("POST", "/api/v1/passkey-log-in/begin", nil, namedHost), 200)
	body := object{"ceremony": begun.text(w.t, "ceremony"), "credential": a.get(begun.field(w.t, "options"))}
	return w.do("POST", "/api/v1/passkey-log-in", body, append(headers, namedHost)...)
}

// log lists the workspace's log, newest first.
func (w *fixture) log() (lines []storage.Audit) {
	w.t.Helper()
	id := must(w.Core.Store.IdentityByEmail(w.t.Context(), servertest.OwnerEmail))(w.t)
	return must(
		w.Core.Store.ListAudit(w.t.Context(), storage.AuditQuery{WorkspaceID: id.WorkspaceID, Limit: 100}),
	)(
		w.t,
	)
}

// wantLogged fails unless the log has an entry of that action, with a text in its detail and an
// address.
func (w *fixture) wantLogged(action storage.Action, detail string) {
	w.t.Helper()
	if !slices.ContainsFunc(w.log(), func(a storage.Audit) bool {
		return a.Action == action && strings.Contains(a.Detail, detail) && a.Address == "127.0.0.1"
	}) {
		w.t.Errorf("no line %s %q in %+v", action, detail, w.log())
	}
}

func TestPasskeySignsInWithoutAName(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	a := newAuthenticator(t, namedOrigin)
	added := w.want(w.addPasskey(a, session), 201)
	if added.text(t, "name") != "Laptop" {
		t.Errorf("added %s", added.body)
	}
	in := w.want(w.signInBy(a, session), 200)
	if !strings.Contains(string(in.body), servertest.OwnerEmail) {
		t.Errorf("signed in as %s", in.body)
	}
	w.want(w.do("GET", "/api/v1/session", nil, session), 401) // the browser's older session ended
	c := cookieIn(t, in)
	session = "Cookie: " + c.Name + "=" + c.Value
	w.want(w.do("GET", "/api/v1/session", nil, session), 200)
	w.want(w.signInBy(a), 200) // again: a device without a counter sends 0 each time

	var list struct {
		Items []struct{ ID, Name, LastUsedAt string }
	}
	w.want(w.do("GET", "/api/v1/me/passkeys", nil, session), 200).decode(t, &list)
	if len(list.Items) != 1 || list.Items[0].Name != "Laptop" {
		t.Fatalf("passkeys %+v", list)
	}
	w.want(w.do("DELETE", "/api/v1/me/passkeys/other", nil, session), 404)
	w.want(w.do("DELETE", "/api/v1/me/passkeys/"+list.Items[0].ID, nil, session), 204)
	w.want(w.signInBy(a), 401)
	for _, line := range []struct {
		action storage.Action
		detail string
	}{
		{signin.ActionLogIn, "password"},
		{signin.ActionPasskeyAdded, "Laptop"},
		{signin.ActionLogIn, "passkey Laptop"},
		{signin.ActionPasskeyRemoved, "Laptop"},
	} {
		w.wantLogged(line.action, line.detail)
	}
}

func TestPasskeyAnswersThatDoNotHold(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	a := newAuthenticator(t, namedOrigin)
	w.want(w.addPasskey(a, session), 201)
	tests := []struct {
		name   string
		change func(a *authenticator)
	}{
		{"from another site", func(a *authenticator) { a.origin = "https://evil.example" }},
		{"from the site over another scheme", func(a *authenticator) { a.origin = "https://localhost" }},
		{"without a look at who holds the device", func(a *authenticator) { a.flags = userPresent }},
		{"signed by another key", func(a *authenticator) { a.key = newAuthenticator(t, "").key }},
		{"of somebody else", func(a *authenticator) { a.user = []byte("somebody") }},
		{"of no passkey that is here", func(a *authenticator) { a.id = []byte("unknown passkey!") }},
	}
	for _, tc := range tests {
		changed := *a
		tc.change(&changed)
		if r := w.signInBy(&changed); r.status != 401 || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", tc.name, r.status, r.body)
		}
	}
	w.want(w.signInBy(a), 200)
	fresh := newAuthenticator(t, "https://evil.example")
	w.want(w.addPasskey(fresh, session), 401)
	fresh = newAuthenticator(t, namedOrigin)
	fresh.flags = userPresent
	w.want(w.addPasskey(fresh, session), 401)
	fresh.flags |= userVerified
	w.want(w.addPasskey(fresh, session), 201)
	w.want(w.addPasskey(fresh, session), 409) // the same passkey again
}

func TestPasskeyChallengesAreUsedOnceInTimeByTheirPerson(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.newUser("eve@example.org", "Eve")
	_, secret, err := w.SignIn.AddUser(
		t.Context(),
		signin.Account{Email: "bob@example.org", Role: storage.RoleMember},
	)
	if err != nil {
		t.Fatal(err)
	}
	other := cookieIn(t, w.want(w.do("POST", "/enter/"+secret, formOf(), formType), 303))
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	a := newAuthenticator(t, namedOrigin)
	w.want(w.addPasskey(a, session), 201)

	begun := w.want(w.do("POST", "/api/v1/passkey-log-in/begin", nil, namedHost), 200)
	body := object{"ceremony": begun.text(t, "ceremony"), "credential": a.get(begun.field(t, "options"))}
	w.want(w.do("POST", "/api/v1/passkey-log-in", body, namedHost), 200)
	// somebody who overheard it is too late
	w.want(w.do("POST", "/api/v1/passkey-log-in", body, namedHost), 410)

	begun = w.want(w.do("POST", "/api/v1/passkey-log-in/begin", nil, namedHost), 200)
	late := object{"ceremony": begun.text(t, "ceremony"), "credential": a.get(begun.field(t, "options"))}
	elsewhere := w.want(w.do("POST", "/api/v1/passkey-log-in/begin", nil, namedHost), 200)
	swapped := object{"ceremony": elsewhere.text(t, "ceremony"), "credential": late["credential"]}
	// the response to another challenge
	w.want(w.do("POST", "/api/v1/passkey-log-in", swapped, namedHost), 401)
	w.Clock.Move(signin.ChallengeFor + time.Second)
	w.want(w.do("POST", "/api/v1/passkey-log-in", late, namedHost), 410)

	begun = w.want(w.do("POST", "/api/v1/me/passkeys/begin", nil, session, namedHost), 200)
	fresh := newAuthenticator(t, namedOrigin)
	made := object{"ceremony": begun.text(t, "ceremony"), "credential": fresh.create(begun.field(t, "options"))}
	w.want(w.do("POST", "/api/v1/passkey-log-in", made, namedHost), 410) // of another kind
	w.want(w.do("POST", "/api/v1/me/passkeys", made, "Cookie: "+other.Name+"="+other.Value, namedHost), 410)
	// the challenge was used already
	w.want(w.do("POST", "/api/v1/me/passkeys", made, session, namedHost), 410)
}

func TestPasskeyWhoseCountGoesBackIsRefused(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	a := newAuthenticator(t, namedOrigin)
	a.count = 7
	w.want(w.addPasskey(a, w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)), 201)
	copied := *a
	a.count = 8
	w.want(w.signInBy(a), 200)
	for _, count := range []uint32{7, 8, 0} {
		copied.count = count
		r := w.want(w.signInBy(&copied), 401)
		if !strings.Contains(r.text(t, "detail"), "a copy of it") || r.header.Get("Set-Cookie") != "" {
			t.Errorf("a copy at %d hears %s", count, r.body)
		}
	}
	w.wantLogged(signin.ActionPasskeyRefused, "Laptop: its count was 8, and is 7")
	if !strings.Contains(w.Log.String(), "passkey refused") {
		t.Error("the operator's log has nothing of it")
	}
	a.count = 9
	w.want(w.signInBy(a), 200)
}

func TestPasskeysAreAPersonsOwn(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for _, try := range []func(...string) reply{
		func(h ...string) reply { return w.do("GET", "/api/v1/me/passkeys", nil, h...) },
		func(h ...string) reply { return w.do("POST", "/api/v1/me/passkeys/begin", nil, h...) },
		func(h ...string) reply { return w.do("DELETE", "/api/v1/me/passkeys/x", nil, h...) },
	} {
		w.want(try(namedHost), 401)
		w.want(try(w.asOwner(), namedHost), 403) // nobody may turn a stolen key into more
	}
	r := w.want(w.do("POST", "/api/v1/passkey-log-in/begin", nil, "Host: 127.0.0.1:8080"), 400)
	if !strings.Contains(r.text(t, "detail"), "by its name") {
		t.Errorf("a site without a name says %s", r.body)
	}
}
