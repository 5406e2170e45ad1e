package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

const linkPassword = "between us only"

// visibility is one way to allow or deny a video to people with its link.
type visibility struct {
	name  string
	apply func(w *fixture, u uploaded)
}

// rules changes the link of u like its owner.
func (w *fixture) rules(u uploaded, change object) {
	w.t.Helper()
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video+"/shares/"+w.linkID(u.link), change, w.asOwner()), 200)
}

var visibilities = []visibility{
	{"link", func(*fixture, uploaded) {}},
	{"password", func(w *fixture, u uploaded) { w.rules(u, object{"audience": "password", "password": linkPassword}) }},
	{"members", func(w *fixture, u uploaded) { w.rules(u, object{"audience": "members"}) }},
	{"named", func(w *fixture, u uploaded) {
		w.rules(u, object{"audience": "named", "people": []string{"Client@example.com"}})
	}},
	{"expired", func(w *fixture, u uploaded) {
		w.rules(u, object{"expires_at": w.Clock.Now().Add(time.Minute).UTC().Format(time.RFC3339)})
		w.Clock.Move(time.Minute)
	}},
	{"revoked", func(w *fixture, u uploaded) {
		w.want(w.do("DELETE", "/api/v1/videos/"+u.video+"/shares/"+w.linkID(u.link), nil, w.asOwner()), 204)
	}},
	{
		"trashed",
		func(w *fixture, u uploaded) { w.want(w.do("DELETE", "/api/v1/videos/"+u.video, nil, w.asOwner()), 204) },
	},
}

// viewer is somebody who has a link.
type viewer struct {
	name    string
	headers func(w *fixture, u uploaded) []string
}

// TestEveryLinkForEveryone compares a table with the status of each route that a link opens, for
// each kind of viewer and each visibility.
func TestEveryLinkForEveryone(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.LogInsPerMinute, c.LinkPasswordsPerMinute = 10_000, 10_000
	})
	stranger, member, admin := w.newStranger("mallory@example.net"), w.newUser(
		"eve@example.org",
		"Eve",
	), w.newAdmin("grace@example.org")
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	viewers := []viewer{
		{"guest", func(*fixture, uploaded) []string { return nil }},
		{"guest+pw", func(w *fixture, u uploaded) []string { return w.unlockByPassword(u) }},
		{"guest+mail", func(w *fixture, u uploaded) []string { return w.unlockByMail(u, "client@example.com") }},
		{"stranger", func(*fixture, uploaded) []string { return bearer(stranger) }},
		{"member", func(*fixture, uploaded) []string { return bearer(member) }},
		{"admin", func(*fixture, uploaded) []string { return bearer(admin) }},
		{"owner", func(*fixture, uploaded) []string { return []string{session} }},
	}
	var b strings.Builder
	for _, v := range visibilities {
		fmt.Fprintf(&b, "%-48s", v.name)
		for _, who := range viewers {
			fmt.Fprintf(&b, " %10s", who.name)
		}
		b.WriteString("\n")
		table := w.seenBy(v, viewers)
		for _, row := range linkRoutes() {
			fmt.Fprintf(&b, "%-48s", row.Method+" "+row.Path)
			for _, status := range table[row.Method+" "+row.Path] {
				fmt.Fprintf(&b, " %10d", status)
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	checkGolden(t, "visibility", b.String())
}

// linkRoutes are the routes for somebody with a link.
func linkRoutes() []server.Route {
	var rows []server.Route
	for _, row := range server.Routes() {
		if strings.Contains(row.Path, "{token}") && !strings.HasPrefix(row.Path, "/setup/") ||
			strings.HasPrefix(row.Path, "/m/") ||
			row.Path == "/oembed" {
			rows = append(rows, row)
		}
	}
	return rows
}

// seenBy makes a video, applies a visibility, and lets every viewer try every route.
func (w *fixture) seenBy(v visibility, viewers []viewer) map[string][]int {
	w.t.Helper()
	u := w.newReadyVideo()
	media, _ := w.mediaOf(u)
	said := map[string]string{}
	for _, who := range viewers {
		said[who.name] = w.want(w.do("POST", "/api/v1/shares/"+
			u.link+"/comments", object{"at_ms": 0, "body": "hi"}, w.asOwner()), 201).
			text(w.t, "id")
	}
	v.apply(w, u)
	table := map[string][]int{}
	for _, who := range viewers {
		headers := who.headers(w, u)
		for _, row := range linkRoutes() {
			path := strings.NewReplacer("{token}", u.link, "{id}", said[who.name]).Replace(row.Path)
			if strings.HasPrefix(row.Path, "/m/") {
				path = media
			}
			table[row.Method+" "+row.Path] = append(table[row.Method+" "+row.Path], w.tryLink(row, path, u, headers))
		}
	}
	return table
}

func (w *fixture) tryLink(row server.Route, path string, u uploaded, headers []string) int {
	w.t.Helper()
	var body any
	switch row.Name {
	case "get-oembed":
		path += "?url=" + w.url + "/v/" + u.link
	case "add-comment":
		body = object{"at_ms": 0, "body": "x", "name": "x"}
	case "edit-comment":
		body = object{"body": "x"}
	case "give-password":
		body = object{"password": "wrong one"}
	case "ask-way-in":
		body = object{"email": "x@example.org"}
	case "follow-share":
		status := w.opens(path, headers)
		// the stream of several links decides the same
		f := w.follow("/api/v1/events?shares="+u.link, headers...)
		if e := <-f.events; (e.name == "video") != (status == 200) || (e.name == "gone") != (status != 200) {
			w.t.Errorf("%s answers %d, the stream of several links %s", path, status, e.name)
		}
		f.cancel()
		return status
	}
	if row.Method == "POST" && row.Path == "/v/{token}" {
		body = "password=wrong+one"
		headers = append(headers, "Content-Type: application/x-www-form-urlencoded")
	}
	r := w.do(row.Method, path, body, headers...)
	w.wantSafe(row, r)
	return r.status
}

// newStranger makes a member of another workspace and returns a key of theirs.
func (w *fixture) newStranger(email string) string {
	w.t.Helper()
	// later, whatever the clock of the machine does: the oldest workspace is that of the site
	ctx, now := w.t.Context(), w.Clock.Now().Add(time.Minute)
	ws := storage.Workspace{ID: storage.WorkspaceID(storage.NewRandomID()), Name: "Elsewhere", CreatedAt: now}
	u := storage.User{ID: storage.UserID(storage.NewRandomID()), Email: email, Name: "Mallory", CreatedAt: now}
	if err := w.Core.Store.CreateWorkspace(ctx, ws); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Core.Store.CreateUser(
		ctx,
		u,
		storage.Membership{WorkspaceID: ws.ID, UserID: u.ID, Role: storage.RoleOwner, CreatedAt: now},
	); err != nil {
		w.t.Fatal(err)
	}
	return w.newKey(email, storage.AllScopes...)
}

func (w *fixture) newAdmin(email string) string {
	w.t.Helper()
	if _, _, err := w.SignIn.AddUser(
		w.t.Context(),
		signin.Account{Email: email, Name: "Grace", Role: storage.RoleAdmin},
	); err != nil {
		w.t.Fatal(err)
	}
	return w.newKey(email, storage.AllScopes...)
}

// unlockByPassword is the header of somebody who gave the link's password. None if the link asks
// for no password.
func (w *fixture) unlockByPassword(u uploaded) []string {
	w.t.Helper()
	r := w.do("POST", "/api/v1/shares/"+u.link+"/password", object{"password": linkPassword})
	if r.status != 200 {
		return nil
	}
	return []string{"Meanwhile-Pass: " + r.text(w.t, "pass")}
}

// unlockByMail is the cookie of somebody who used an access link that the owner made for an
// address. None if the link names nobody.
func (w *fixture) unlockByMail(u uploaded, email string) []string {
	w.t.Helper()
	r := w.do(
		"POST",
		"/api/v1/videos/"+u.video+"/shares/"+w.linkID(u.link)+"/ways-in",
		object{"email": email},
		w.asOwner(),
	)
	if r.status != 201 {
		return nil
	}
	used := w.want(w.do("POST", r.text(w.t, "url"), nil), 303)
	if got := used.header.Get("Location"); got != "/v/"+u.link {
		w.t.Errorf("an access link leads to %s", got)
	}
	return []string{cookieOf(w.t, used)}
}

// cookieOf is the cookie that a response sets, as a header.
func cookieOf(t testing.TB, r reply) string {
	t.Helper()
	c := cookieIn(t, r)
	return "Cookie: " + c.Name + "=" + c.Value
}
