package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// callLog is the list of calls to the stores and the hasher, in order.
type callLog struct {
	mu    sync.Mutex
	steps []string
}

func (r *callLog) step(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, name)
}

func (r *callLog) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	steps := r.steps
	r.steps = nil
	return steps
}

// countedStore records what one visitor's reads cost. When rights are read in a new way, add a line
// for it here.
type countedStore struct {
	storage.Store
	calls *callLog
}

func (s countedStore) VideoByToken(ctx context.Context, token string) (storage.Video, storage.Link, error) {
	s.calls.step("VideoByToken")
	return s.Store.VideoByToken(ctx, token)
}

func (s countedStore) LinkByToken(ctx context.Context, token string) (storage.Link, error) {
	s.calls.step("LinkByToken")
	return s.Store.LinkByToken(ctx, token)
}

func (s countedStore) LinkByID(ctx context.Context, id storage.LinkID) (storage.Link, error) {
	s.calls.step("LinkByID")
	return s.Store.LinkByID(ctx, id)
}

func (s countedStore) LinkPeople(ctx context.Context, id storage.LinkID) ([]string, error) {
	s.calls.step("LinkPeople")
	return s.Store.LinkPeople(ctx, id)
}

func (s countedStore) MemberByID(
	ctx context.Context,
	w storage.WorkspaceID,
	id storage.UserID,
) (storage.Member, error) {
	s.calls.step("MemberByID")
	return s.Store.MemberByID(ctx, w, id)
}

func (s countedStore) VideoByID(ctx context.Context, id storage.VideoID) (storage.Video, error) {
	s.calls.step("VideoByID")
	return s.Store.VideoByID(ctx, id)
}

func (s countedStore) VideoSummary(ctx context.Context, id storage.VideoID) (storage.VideoSummary, error) {
	s.calls.step("VideoSummary")
	return s.Store.VideoSummary(ctx, id)
}

func (s countedStore) AssetsByVideo(
	ctx context.Context,
	id storage.VideoID,
	generation int,
) ([]storage.Asset, error) {
	s.calls.step("AssetsByVideo")
	return s.Store.AssetsByVideo(ctx, id, generation)
}

func (s countedStore) AssetByName(
	ctx context.Context,
	id storage.VideoID,
	generation int,
	name string,
) (storage.Asset, error) {
	s.calls.step("AssetByName")
	return s.Store.AssetByName(ctx, id, generation, name)
}

func (s countedStore) CommentSeq(ctx context.Context, id storage.VideoID) (int64, int, error) {
	s.calls.step("CommentSeq")
	return s.Store.CommentSeq(ctx, id)
}

func (s countedStore) CommentByID(ctx context.Context, id storage.CommentID) (storage.Comment, error) {
	s.calls.step("CommentByID")
	return s.Store.CommentByID(ctx, id)
}

func (s countedStore) ListComments(ctx context.Context, q storage.CommentQuery) ([]storage.Comment, error) {
	s.calls.step("ListComments")
	return s.Store.ListComments(ctx, q)
}

func (s countedStore) UploadByID(ctx context.Context, id storage.UploadID) (storage.Upload, error) {
	s.calls.step("UploadByID")
	return s.Store.UploadByID(ctx, id)
}

func (s countedStore) UploadByVideo(ctx context.Context, id storage.VideoID) (storage.Upload, error) {
	s.calls.step("UploadByVideo")
	return s.Store.UploadByVideo(ctx, id)
}

func (s countedStore) IdentityByEmail(ctx context.Context, email string) (storage.Identity, error) {
	s.calls.step("IdentityByEmail")
	return s.Store.IdentityByEmail(ctx, email)
}

func (s countedStore) SessionByHash(ctx context.Context, hash string) (storage.Session, storage.Identity, error) {
	s.calls.step("SessionByHash")
	return s.Store.SessionByHash(ctx, hash)
}

func (s countedStore) LoginLinkByHash(ctx context.Context, hash string) (storage.LoginLink, error) {
	s.calls.step("LoginLinkByHash")
	return s.Store.LoginLinkByHash(ctx, hash)
}

func (s countedStore) InTx(ctx context.Context, fn func(storage.Store) error) error {
	s.calls.step("InTx")
	return s.Store.InTx(ctx, func(tx storage.Store) error { return fn(countedStore{tx, s.calls}) })
}

type countedHasher struct {
	storage.Hasher
	calls *callLog
}

func (h countedHasher) Verify(ctx context.Context, password, hash string) (bool, error) {
	if !strings.HasPrefix(hash, "plain:") {
		h.calls.step("Verify") // the one that costs as much and belongs to nobody
		return false, nil
	}
	h.calls.step("Verify")
	return h.Hasher.Verify(ctx, password, hash)
}

// thing is what the first part in braces of a route's path names.
type thing string

const (
	aLink      thing = "link"
	aVideo     thing = "video"
	aTrashed   thing = "video in the trash"
	aRecording thing = "recording"
	aFile      thing = "file upload"
	anUpload   thing = "upload of a recording"
	aHeld      thing = "held comment"
)

// sameCost are the routes to one thing. A thing that does not exist has to cost the same there as
// one that the visitor may not see.
var sameCost = []struct {
	method, path string
	body         any
	of           []thing
}{
	{"GET", "/v/{token}", nil, []thing{aLink}},
	{"GET", "/embed/{token}", nil, []thing{aLink}},
	{"GET", "/v/{token}/poster.jpg", nil, []thing{aLink}},
	{"GET", "/v/{token}/video.mp4", nil, []thing{aLink}},
	{"GET", "/v/{token}/download", nil, []thing{aLink}},
	{"GET", "/oembed?url={site}/v/{token}", nil, []thing{aLink}},
	{"GET", "/api/v1/shares/{token}", nil, []thing{aLink}},
	{"GET", "/api/v1/shares/{token}/comments", nil, []thing{aLink}},
	{"GET", "/api/v1/shares/{token}/events", nil, []thing{aLink}},
	{"POST", "/api/v1/shares/{token}/comments", object{"at_ms": 0, "body": "hi", "name": "x"}, []thing{aLink}},
	{"GET", "/api/v1/shares/{token}/comments/{id}", nil, []thing{aLink}},
	{"PATCH", "/api/v1/shares/{token}/comments/{id}", object{"body": "hi"}, []thing{aLink}},
	{"DELETE", "/api/v1/shares/{token}/comments/{id}", nil, []thing{aLink}},
	{"POST", "/api/v1/shares/{token}/opened", nil, []thing{aLink}},
	{"GET", "/api/v1/videos/{id}", nil, []thing{aVideo, aTrashed}},
	{"PATCH", "/api/v1/videos/{id}", object{"title": "x"}, []thing{aVideo, aTrashed}},
	{"DELETE", "/api/v1/videos/{id}", nil, []thing{aVideo, aTrashed}},
	{"GET", "/api/v1/videos/{id}/poster", nil, []thing{aVideo}},
	{"GET", "/api/v1/videos/{id}/preview", nil, []thing{aVideo}},
	{"GET", "/api/v1/videos/{id}/original", nil, []thing{aVideo}},
	{"POST", "/api/v1/videos/{id}/restore", nil, []thing{aTrashed}},
	{"DELETE", "/api/v1/videos/{id}/forever", nil, []thing{aVideo, aTrashed}},
	{"POST", "/api/v1/videos/{id}/reprocess", nil, []thing{aVideo}},
	{"POST", "/api/v1/videos/{id}/upload-token", nil, []thing{aRecording}},
	{"GET", "/api/v1/videos/{id}/shares", nil, []thing{aVideo}},
	{"POST", "/api/v1/videos/{id}/shares", object{"audience": "link"}, []thing{aVideo}},
	{"PATCH", "/api/v1/videos/{id}/shares/{share}", object{"name": "x"}, []thing{aVideo}},
	{"DELETE", "/api/v1/videos/{id}/shares/{share}", nil, []thing{aVideo}},
	{"POST", "/api/v1/videos/{id}/shares/{share}/ways-in", object{"email": "x@example.org"}, []thing{aVideo}},
	{"POST", "/api/v1/comments/{id}/approve", nil, []thing{aHeld}},
	{"POST", "/api/v1/comments/{id}/block", nil, []thing{aHeld}},
	{"HEAD", "/api/v1/files/{id}", nil, []thing{aFile, anUpload}},
	{"PATCH", "/api/v1/files/{id}", nil, []thing{aFile}},
	{"DELETE", "/api/v1/files/{id}", nil, []thing{aFile}},
	{"GET", "/api/v1/uploads/{id}", nil, []thing{anUpload}},
	{"DELETE", "/api/v1/uploads/{id}", nil, []thing{anUpload}},
	{"POST", "/api/v1/uploads/{id}/heartbeat", object{"state": "recording"}, []thing{anUpload}},
	{"POST", "/api/v1/uploads/{id}/complete", object{"tracks": object{}}, []thing{anUpload}},
}

// otherCost says by the beginning of "method path" why a route needs no row in sameCost.
var otherCost = map[string]string{
	"OPTIONS /":                            "it says the same for every address",
	"POST /api/v1/shares/{token}/password": "it looks for a link that asks for a password; its tries are counted",
	"POST /api/v1/shares/{token}/mail":     "it looks for a link that asks for an address; its tries are counted",
	"POST /v/{token}":                      "it is the form of the two above",
	"PUT /api/v1/uploads/":                 "TestEveryRouteForEveryone; the body is read by the same decision as GET",
	"GET /m/":                              "a grant is signed: nobody guesses one",
	"DELETE /api/v1/me/":                   "it looks among the person's own things only",
	"GET /api/v1/people/":                  "pictures of colleagues, found by workspace and person at once",
	"PATCH /api/v1/workspace/":             "it looks in the person's own workspace only",
	"DELETE /api/v1/workspace/":            "it looks in the person's own workspace only",
	"POST /api/v1/workspace/":              "it looks in the person's own workspace only",
	"GET /setup/":                          "the secret is the permission: there is no private one",
	"POST /setup/":                         "the secret is the permission: there is no private one",
	"GET /enter/":                          "the secret is the permission: there is no private one",
	"POST /enter/":                         "the secret is the permission: there is no private one",
	"GET /signup/{secret}":                 "the token is the permission, and names nothing that exists",
	"POST /signup/{secret}":                "the token is the permission, and names nothing that exists",
	"GET /invite/":                         "the secret is the permission: there is no private one",
	"POST /invite/":                        "the secret is the permission: there is no private one",
	"GET /pass/":                           "the secret is the permission: there is no private one",
	"POST /pass/":                          "the secret is the permission: there is no private one",
	"GET /settings/":                       "the tabs of one page",
	"GET /assets/":                         "public files",
}

// TestEveryRouteToOneThingHidesIt fails for a new route with a part in braces that has no row in
// sameCost and no reason in otherCost.
func TestEveryRouteToOneThingHidesIt(t *testing.T) {
	t.Parallel()
	rows, reasons := map[string]bool{}, map[string]bool{}
	for _, tc := range sameCost {
		if !strings.Contains(tc.path, "?") {
			rows[tc.method+" "+tc.path] = true
		}
	}
	for _, row := range server.Routes() {
		route := row.Method + " " + row.Path
		if !strings.Contains(row.Path, "{") || rows[route] {
			delete(rows, route)
			continue
		}
		hasReason := false
		for beginning := range otherCost {
			if strings.HasPrefix(route, beginning) {
				hasReason, reasons[beginning] = true, true
			}
		}
		if !hasReason {
			t.Errorf("%s: add a row to sameCost, so that it hides what a visitor may not see", route)
		}
	}
	for route := range rows {
		t.Errorf("sameCost has a row for %s, which is no route", route)
	}
	for beginning := range otherCost {
		if !reasons[beginning] {
			t.Errorf("otherCost has a reason for %q, which no route needs", beginning)
		}
	}
}

// TestUnknownAndPrivateTakeTheSameRoad checks that a thing that does not exist costs the same as
// one that the visitor may not see: the same calls to the stores in the same order, and as many
// password hashes. make bench measures how long they take.
func TestUnknownAndPrivateTakeTheSameRoad(t *testing.T) {
	t.Parallel()
	r := &callLog{}
	w := newFixture(t, func(c *server.Config, _ *server.Deps, lc *servertest.Config) {
		lc.Store, lc.Hasher, c.LogInsPerMinute = countedStore{lc.Store, r}, countedHasher{lc.Hasher, r}, 1000
	})
	eve := bearer(w.newStranger("eve@example.org"))[0]
	// a key that was read a moment ago is not read again
	w.want(w.do("GET", "/api/v1/session", nil, eve), 200)
	var links []string
	for _, v := range visibilities {
		if v.name == "members" || v.name == "expired" || v.name == "revoked" || v.name == "trashed" {
			u := w.newReadyVideo()
			v.apply(w, u)
			links = append(links, u.link)
		}
	}
	ready, trashed, recording, file := w.newReadyVideo(), w.newReadyVideo(), w.newRecording(), w.createUpload(5)
	w.want(w.do("DELETE", "/api/v1/videos/"+trashed.video, nil, w.asOwner()), 204)
	last := func(u uploaded) string { return u.location[strings.LastIndex(u.location, "/")+1:] }
	heldBack := w.newReadyVideo()
	w.rules(heldBack, object{"comments": "held"})
	said := object{"at_ms": 0, "body": "hi", "name": "Eve"}
	held := w.want(w.do("POST", "/api/v1/shares/"+heldBack.link+"/comments", said), 201).text(t, "id")
	private := map[thing][]string{
		aLink:      links,
		aVideo:     {ready.video},
		aTrashed:   {trashed.video},
		aRecording: {recording.video},
		aFile:      {last(file)},
		anUpload:   {last(recording)},
		aHeld:      {held},
	}
	unknown := storage.NewRandomID()
	for _, tc := range sameCost {
		var names []string
		for _, of := range tc.of {
			names = append(names, private[of]...)
		}
		for _, who := range [][]string{nil, {eve}} {
			headers := append(slices.Clone(who), tusOn)
			if tc.path == "/api/v1/files/{id}" {
				headers = append(headers, "Content-Type: application/offset+octet-stream", "Upload-Offset: 0")
			}
			ask := func(name string) string {
				r.take()
				got := w.do(
					tc.method,
					pathTo(strings.ReplaceAll(tc.path, "{site}", w.url), name),
					tc.body,
					headers...)
				return fmt.Sprint(got.status, len(got.body), r.take())
			}
			want := ask(unknown)
			if !strings.HasPrefix(want, "404") && !strings.HasPrefix(want, "401") {
				t.Errorf("%s %s of what is not there: %s", tc.method, tc.path, want)
			}
			for _, name := range names {
				if got := ask(name); got != want {
					t.Errorf(
						"%s %s, signed in %v:\n private %s\n unknown %s",
						tc.method,
						tc.path,
						who != nil,
						got,
						want,
					)
				}
			}
		}
	}
	// the second one has no password yet
	for _, email := range []string{"nobody@example.org", "eve@example.org", servertest.OwnerEmail} {
		r.take()
		w.want(w.do("POST", "/api/v1/session", object{"email": email, "password": "a wrong one"}), 401)
		if got := fmt.Sprint(r.take()); got != "[IdentityByEmail Verify]" {
			t.Errorf("a wrong password for %s takes %s", email, got)
		}
	}
}

// pathTo puts name into the first place in braces of path, and "x" into the others.
func pathTo(path, name string) string {
	return placeholder.ReplaceAllStringFunc(path, func(string) string {
		part := name
		name = "x"
		return part
	})
}
