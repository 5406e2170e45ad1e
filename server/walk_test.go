package server_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// visitor is somebody who tries every route.
type visitor struct {
	name    string
	headers func(w *fixture, u uploaded) []string
	trashed bool         // the video is in the trash at that time
	role    storage.Role // what they want to make of somebody; admin, or member for an invite, if empty
}

func bearer(secret string) []string { return []string{"Authorization: Bearer " + secret} }

// TestEveryRouteForEveryone compares a table with the status of each route for each kind of actor.
// A new route without a row fails.
func TestEveryRouteForEveryone(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.LogInsPerMinute, c.LinkPasswordsPerMinute, c.MailsPerHour = 10_000, 10_000, 10_000
	})
	member := w.newUser("eve@example.org", "Eve")
	keys := map[storage.Scope]string{}
	for _, s := range storage.AllScopes {
		keys[s] = w.newKey(servertest.OwnerEmail, s)
	}
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	visitors := []visitor{
		{name: "guest", headers: func(*fixture, uploaded) []string { return nil }},
		{name: "guest/trash", headers: func(*fixture, uploaded) []string { return nil }, trashed: true},
		{name: "member", headers: func(*fixture, uploaded) []string { return bearer(member) }},
		{name: "upload", headers: func(_ *fixture, u uploaded) []string { return bearer(u.token) }},
		{name: "key:read", headers: func(*fixture, uploaded) []string { return bearer(keys[storage.ScopeRead]) }},
		{name: "key:write", headers: func(*fixture, uploaded) []string { return bearer(keys[storage.ScopeWrite]) }},
		{name: "key:upload", headers: func(*fixture, uploaded) []string { return bearer(keys[storage.ScopeUpload]) }},
		{name: "key:comment", headers: func(*fixture, uploaded) []string { return bearer(keys[storage.ScopeComment]) }},
		{name: "key:admin", headers: func(*fixture, uploaded) []string { return bearer(keys[storage.ScopeAdmin]) }},
		{name: "owner", headers: func(*fixture, uploaded) []string { return []string{session} }},
		{name: "owner/trash", headers: func(*fixture, uploaded) []string { return []string{session} }, trashed: true},
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-48s", "route")
	for _, v := range visitors {
		fmt.Fprintf(&b, " %11s", v.name)
	}
	b.WriteString("\n")
	for _, row := range server.Routes() {
		roles := []storage.Role{""}
		if row.Name == "change-role" || row.Name == "make-invite" {
			roles = []storage.Role{storage.RoleMember, storage.RoleAdmin, storage.RoleOwner}
		}
		for _, role := range roles {
			fmt.Fprintf(&b, "%-48s", strings.TrimSpace(row.Method+" "+row.Path+" "+string(role)))
			for _, v := range visitors {
				v.role = role
				fmt.Fprintf(&b, " %11d", w.visit(row, v))
			}
			b.WriteString("\n")
		}
	}
	checkGolden(t, "access", b.String())
}

// visit tries one route as one visitor, on a video of its own. It checks what every response must
// carry.
func (w *fixture) visit(row server.Route, v visitor) int {
	w.t.Helper()
	u, comment, source := w.stage(row, v)
	if row.Name == "get-media" && !v.trashed {
		source, _ = w.mediaOf(u) // grants end when a person is removed
	}
	media := strings.Split(source, "/")
	headers := append(v.headers(w, u), tusOn)
	id := u.video
	switch {
	case strings.Contains(row.Path, "/comments/"):
		id = comment
	case strings.Contains(row.Path, "/me/sessions/"), strings.Contains(row.Path, "/me/keys/"):
		id = "none"
	case strings.Contains(row.Path, "/members/"), strings.Contains(row.Path, "/people/"):
		id = w.addMember()
	case strings.Contains(row.Path, "/invites/"):
		id = w.newInvite("").text(w.t, "id")
	case strings.HasPrefix(row.Path, "/api/v1/files/"), strings.HasPrefix(row.Path, "/api/v1/uploads/"):
		id = u.location[strings.LastIndex(u.location, "/")+1:]
	}
	token := u.link
	if strings.HasPrefix(row.Path, "/setup/") {
		token = w.SignIn.SetUpToken()
	}
	secret := "none"
	if strings.HasPrefix(row.Path, "/invite/") && row.Method == "GET" {
		secret = secretIn(w.newInvite("").text(w.t, "url"))
	}
	path := strings.NewReplacer(
		"{id}",
		id,
		"{token}",
		token,
		"{secret}",
		secret,
		"{grant}",
		media[2],
		"{generation}",
		media[3],
		"{name}",
		media[4],
		"{path...}",
		"none.js",
		"{tab}",
		"members",
		"{share}",
		w.linkID(u.link),
		"{track}",
		"screen",
		"{n}",
		"0",
	).
		Replace(row.Path)
	var body any
	switch row.Name {
	case "log-in":
		body = object{"email": "x@example.org", "password": "wrong"}
	case "delete-account":
		body = object{"confirm": "nobody"}
	case "update-me":
		body = object{"language": "en"}
	case "update-workspace":
		body = object{"keep_days": 0}
	case "set-picture":
		body = "no picture"
	case "change-password":
		body = object{"current": "wrong", "password": servertest.OwnerPassword}
	case "make-key":
		body = object{"name": "x", "scopes": []string{"read"}}
	case "make-workspace":
		body = object{"name": " "} // the sessions stay where they are
	case "switch-workspace":
		body = object{"id": w.workspace(w.asOwner())}
	case "hand-over":
		body = object{"id": "none"}
	case "change-role":
		body = object{"role": cmp.Or(v.role, storage.RoleAdmin)}
	case "make-invite":
		body = object{"role": cmp.Or(v.role, storage.RoleMember)}
	case "log-in-by-passkey":
		body = object{"ceremony": "none", "credential": object{}}
	case "add-passkey":
		body = object{"ceremony": "none", "name": "x", "credential": object{}}
	case "begin-passkey", "begin-passkey-log-in":
		headers = append(headers, namedHost)
	case "rename-video":
		body = object{"title": "x"}
	case "add-comment":
		body = object{"at_ms": 0, "body": "x", "name": "x"}
	case "edit-comment":
		body = object{"body": "x"}
	case "create-video":
		body = object{"source": "recording"}
	case "put-chunk":
		body = "chunk"
		headers = append(headers, digest("chunk"))
	case "heartbeat":
		body = object{"state": "recording"}
	case "complete-recording":
		body = object{"tracks": object{"screen": object{"chunks": 1, "bytes": 5}}}
	case "tus-create":
		headers = append(headers, "Upload-Length: 5")
	case "tus-append":
		body = "hello"
		headers = append(headers, "Content-Type: application/offset+octet-stream", "Upload-Offset: 0")
	case "add-link", "change-link":
		body = object{"name": "x"}
	case "make-way-in", "ask-way-in", "mail-log-in-link":
		body = object{"email": "x@example.org"}
	case "give-password":
		body = object{"password": "wrong one"}
	case "delete-comments":
		body = object{"ids": []string{comment}}
	case "log-out":
		// other visitors need the session
		headers = slices.DeleteFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Cookie") })
	case "follow-videos", "follow-share":
		return w.opens(path, headers)
	}
	if row.Name == "get-oembed" {
		path += "?url=" + w.url + "/v/" + u.link
	}
	if row.Path == "/logout" {
		headers = slices.DeleteFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Cookie") })
	}
	r := w.do(row.Method, path, body, headers...)
	w.wantSafe(row, r)
	return r.status
}

// linkID is the ID of a link in the owner's addresses.
func (w *fixture) linkID(token string) string {
	w.t.Helper()
	link, err := w.Core.Store.LinkByToken(w.t.Context(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(link.ID)
}

// stage prepares a visit: a video of its own if the route may change it, else one that all visits
// share.
func (w *fixture) stage(row server.Route, v visitor) (u uploaded, comment, source string) {
	w.t.Helper()
	reads := row.Method == "GET" || row.Method == "HEAD" || row.Method == "OPTIONS" || row.Name == "" ||
		row.Name == "add-comment" ||
		!strings.Contains(row.Path, "{")
	recording := strings.HasPrefix(row.Path, "/api/v1/uploads/") || row.Name == "renew-upload-token"
	kind := fmt.Sprint(strings.HasPrefix(row.Name, "tus-"), recording, v.trashed)
	if known, ok := w.staged[kind]; ok && reads {
		return known.uploaded, known.comment, known.source
	}
	source = "/m/none/g1/none"
	if recording {
		u = w.newRecording()
		w.want(w.putChunk(u, "screen", 0, "chunk"), 201)
	} else if strings.HasPrefix(row.Name, "tus-") {
		u = w.createUpload(5) // a running upload
	} else {
		u = w.newReadyVideo()
		source, _ = w.mediaOf(u)
	}
	said := w.want(
		w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 0, "body": "hi"}, w.asOwner()),
		201,
	)
	if v.trashed {
		w.want(w.do("DELETE", "/api/v1/videos/"+u.video, nil, w.asOwner()), 204)
	}
	comment = said.text(w.t, "id")
	if reads {
		w.staged[kind] = staged{u, comment, source}
	}
	return u, comment, source
}

// staged is a video that several visits share.
type staged struct {
	uploaded
	comment, source string
}

// opens returns the status of a stream, which would not end by itself.
func (w *fixture) opens(path string, headers []string) int {
	w.t.Helper()
	res, err := http.DefaultClient.Do(w.request("GET", path, nil, headers...))
	if err != nil {
		w.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (w *fixture) wantSafe(row server.Route, r reply) {
	w.t.Helper()
	name := row.Method + " " + row.Path
	for _, h := range []string{
		"X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy", "X-Request-Id",
		"Cross-Origin-Resource-Policy",
	} {
		if r.header.Get(h) == "" {
			w.t.Errorf("%s: %d without %s", name, r.status, h)
		}
	}
	if !strings.Contains(r.header.Get("Content-Security-Policy"), "default-src 'none'") {
		w.t.Errorf("%s: policy %s", name, r.header.Get("Content-Security-Policy"))
	}
	cache := r.header.Get("Cache-Control")
	if r.header.Get("Set-Cookie") != "" && !strings.Contains(cache, "no-store") {
		w.t.Errorf("%s: sets a cookie with Cache-Control %q", name, cache)
	}
	if strings.Contains(cache, "public") && row.Path != "/assets/{path...}" {
		w.t.Errorf("%s: Cache-Control %q", name, cache)
	}
	if r.status >= 400 && strings.HasPrefix(row.Path, "/api/") && len(r.body) > 0 &&
		r.header.Get("Content-Type") != "application/problem+json" {
		w.t.Errorf("%s: %d as %s", name, r.status, r.header.Get("Content-Type"))
	}
	if r.status >= 500 {
		w.t.Errorf("%s: %d %s", name, r.status, r.body)
	}
}

func TestWrongMethodsAndAddresses(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	paths := map[string]bool{}
	for _, row := range server.Routes() {
		paths[row.Path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		r := w.do("LOCK", strings.NewReplacer("{", "", "}", "", "...", "").Replace(path), "x", tusOn)
		if r.status != 405 || r.header.Get("Allow") == "" {
			t.Errorf("LOCK %s: %d, Allow %q", path, r.status, r.header.Get("Allow"))
		}
	}
	for path, kind := range map[string]string{
		"/api/v1/nothing": "application/problem+json", "/api": "text/html; charset=utf-8",
		"/nothing": "text/html; charset=utf-8",
		"/v/":      "text/html; charset=utf-8", "/assets/../server.go": "application/problem+json",
		"/m/x": "application/problem+json", "/api/v1/videos/": "application/problem+json",
	} {
		r := w.do("GET", path, nil)
		if r.status != 404 || r.header.Get("Content-Type") != kind {
			t.Errorf("GET %s: %d as %s", path, r.status, r.header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/", "/login", "/healthz", "/api/v1/openapi.json", "/api/v1/videos"} {
		if r := w.do("HEAD", path, nil, w.asOwner()); r.status >= 400 || len(r.body) != 0 {
			t.Errorf("HEAD %s: %d with %d bytes", path, r.status, len(r.body))
		}
	}
}

var changing = regexp.MustCompile(`"request_id":"[^"]*"|nonce[-=]"?[A-Za-z0-9_-]*`)

func TestWhatMayNotBeSeenLooksLikeNothing(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	trashed, expired, revoked := w.newReadyVideo(), w.newReadyVideo(), w.newReadyVideo()
	w.want(w.do("DELETE", "/api/v1/videos/"+trashed.video, nil, w.asOwner()), 204)
	past := w.Clock.Now().Add(-1)
	for token, change := range map[string]func(*storage.Link){
		expired.link: func(s *storage.Link) { s.ExpiresAt = &past },
		revoked.link: func(s *storage.Link) { s.RevokedAt = &past },
	} {
		s, err := w.Core.Store.LinkByToken(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		change(&s)
		if err := w.Core.Store.UpdateLink(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for _, pattern := range []string{
		"/v/%s", "/v/%s/poster.jpg", "/v/%s/video.mp4", "/v/%s/download", "/embed/%s", "/oembed?url=/v/%s",
		"/api/v1/shares/%s", "/api/v1/shares/%s/comments", "/api/v1/shares/%s/events",
	} {
		for _, who := range [][]string{nil, {w.asOwner()}} {
			want := ""
			for _, token := range []string{"unknown", trashed.link, expired.link, revoked.link} {
				r := w.want(w.do("GET", fmt.Sprintf(pattern, token), nil, who...), 404)
				r.header.Del("Date")
				r.header.Del("X-Request-Id")
				got := changing.ReplaceAllString(fmt.Sprint(r.header, string(r.body)), "")
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s of %s answers %s\nan unknown one %s", pattern, token, got, want)
				}
			}
		}
	}
}

func TestVideosOfTheOwner(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	first, second, third := w.newVideo(), w.newReadyVideo(), w.createUpload(100)
	_ = first
	w.want(w.do("PATCH", "/api/v1/videos/"+second.video, object{"title": "Über Pläne"}, w.asOwner()), 200)
	var ids []string
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				ID          string `json:"id"`
				LengthBytes *int64 `json:"length_bytes"`
			}
			NextCursor string `json:"next_cursor"`
		}
		w.want(w.do("GET", "/api/v1/videos?limit=1&cursor="+cursor, nil, w.asOwner()), 200).decode(t, &page)
		for _, v := range page.Items {
			ids = append(ids, v.ID)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if len(ids) != 3 || ids[0] != third.video {
		t.Errorf("videos %v, want three, newest first", ids)
	}
	found := w.want(w.do("GET", "/api/v1/videos?q=pl%C3%A4ne", nil, w.asOwner()), 200)
	if strings.Count(string(found.body), `"id"`) != 1 {
		t.Errorf("search finds %s", found.body)
	}
	path := "/api/v1/videos/" + second.video
	w.want(w.do("DELETE", path, nil, w.asOwner()), 204)
	w.want(w.do("DELETE", path, nil, w.asOwner()), 204)
	trash := w.want(w.do("GET", "/api/v1/videos?trash=true", nil, w.asOwner()), 200)
	if !strings.Contains(string(trash.body), second.video) || !strings.Contains(string(trash.body), "deleted_at") {
		t.Errorf("trash %s", trash.body)
	}
	back := w.want(w.do("POST", path+"/restore", nil, w.asOwner()), 200)
	if back.field(t, "deleted_at") != nil || back.text(t, "poster_url") == "" {
		t.Errorf("restored %s", back.body)
	}
	again := w.want(w.do("POST", path+"/reprocess", nil, w.asOwner()), 202)
	if again.text(t, "state") != "ready" || again.field(t, "improving") != true {
		t.Errorf("processed again: %s", again.body)
	}
	w.want(w.do("POST", "/api/v1/videos/"+third.video+"/reprocess", nil, w.asOwner()), 409)
	w.want(w.do("PATCH", path, object{"title": "  "}, w.asOwner()), 400)
	w.want(w.do("GET", "/api/v1/videos?cursor=x", nil, w.asOwner()), 400)
	w.want(w.do("GET", "/api/v1/videos?limit=many", nil, w.asOwner()), 422)
}
