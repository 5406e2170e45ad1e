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

// road is what was asked of stores and of the hasher, in order.
type road struct {
	mu    sync.Mutex
	steps []string
}

func (r *road) step(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, name)
}

func (r *road) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	steps := r.steps
	r.steps = nil
	return steps
}

// countedStore notes what reads of one visitor cost. A way to look at rights that is not here yet
// gets its line here.
type countedStore struct {
	storage.Store
	road *road
}

func (s countedStore) VideoByToken(ctx context.Context, token string) (storage.Video, storage.Link, error) {
	s.road.step("VideoByToken")
	return s.Store.VideoByToken(ctx, token)
}

func (s countedStore) LinkByToken(ctx context.Context, token string) (storage.Link, error) {
	s.road.step("ShareByToken")
	return s.Store.LinkByToken(ctx, token)
}

func (s countedStore) LinkByID(ctx context.Context, id storage.LinkID) (storage.Link, error) {
	s.road.step("ShareByID")
	return s.Store.LinkByID(ctx, id)
}

func (s countedStore) LinkPeople(ctx context.Context, id storage.LinkID) ([]string, error) {
	s.road.step("SharePeople")
	return s.Store.LinkPeople(ctx, id)
}

func (s countedStore) MemberByID(
	ctx context.Context,
	w storage.WorkspaceID,
	id storage.UserID,
) (storage.Member, error) {
	s.road.step("MemberByID")
	return s.Store.MemberByID(ctx, w, id)
}

func (s countedStore) VideoByID(ctx context.Context, id storage.VideoID) (storage.Video, error) {
	s.road.step("VideoByID")
	return s.Store.VideoByID(ctx, id)
}

func (s countedStore) VideoSummary(ctx context.Context, id storage.VideoID) (storage.VideoSummary, error) {
	s.road.step("VideoSummary")
	return s.Store.VideoSummary(ctx, id)
}

func (s countedStore) AssetsByVideo(
	ctx context.Context,
	id storage.VideoID,
	generation int,
) ([]storage.Asset, error) {
	s.road.step("AssetsByVideo")
	return s.Store.AssetsByVideo(ctx, id, generation)
}

func (s countedStore) AssetByName(
	ctx context.Context,
	id storage.VideoID,
	generation int,
	name string,
) (storage.Asset, error) {
	s.road.step("AssetByName")
	return s.Store.AssetByName(ctx, id, generation, name)
}

func (s countedStore) CommentSeq(ctx context.Context, id storage.VideoID) (int64, int, error) {
	s.road.step("CommentSeq")
	return s.Store.CommentSeq(ctx, id)
}

func (s countedStore) CommentByID(ctx context.Context, id storage.CommentID) (storage.Comment, error) {
	s.road.step("CommentByID")
	return s.Store.CommentByID(ctx, id)
}

func (s countedStore) ListComments(ctx context.Context, q storage.CommentQuery) ([]storage.Comment, error) {
	s.road.step("ListComments")
	return s.Store.ListComments(ctx, q)
}

func (s countedStore) UploadByID(ctx context.Context, id storage.UploadID) (storage.Upload, error) {
	s.road.step("UploadByID")
	return s.Store.UploadByID(ctx, id)
}

func (s countedStore) UploadByVideo(ctx context.Context, id storage.VideoID) (storage.Upload, error) {
	s.road.step("UploadByVideo")
	return s.Store.UploadByVideo(ctx, id)
}

func (s countedStore) IdentityByEmail(ctx context.Context, email string) (storage.Identity, error) {
	s.road.step("IdentityByEmail")
	return s.Store.IdentityByEmail(ctx, email)
}

func (s countedStore) SessionByHash(ctx context.Context, hash string) (storage.Session, storage.Identity, error) {
	s.road.step("SessionByHash")
	return s.Store.SessionByHash(ctx, hash)
}

func (s countedStore) LoginLinkByHash(ctx context.Context, hash string) (storage.LoginLink, error) {
	s.road.step("LoginLinkByHash")
	return s.Store.LoginLinkByHash(ctx, hash)
}

func (s countedStore) InTx(ctx context.Context, fn func(storage.Store) error) error {
	s.road.step("InTx")
	return s.Store.InTx(ctx, func(tx storage.Store) error { return fn(countedStore{tx, s.road}) })
}

type countedHasher struct {
	storage.Hasher
	road *road
}

func (h countedHasher) Verify(ctx context.Context, password, hash string) (bool, error) {
	if !strings.HasPrefix(hash, "plain:") {
		h.road.step("Verify") // the one that costs as much and belongs to nobody
		return false, nil
	}
	h.road.step("Verify")
	return h.Hasher.Verify(ctx, password, hash)
}

// TestUnknownAndPrivateTakeTheSameRoad holds that what is not there and what may not be seen cost
// the same: the same questions to the stores in the same order, and as many password hashes. How
// long that takes is a figure of make bench.
func TestUnknownAndPrivateTakeTheSameRoad(t *testing.T) {
	t.Parallel()
	r := &road{}
	w := newFixture(t, func(c *server.Config, _ *server.Deps, lc *servertest.Config) {
		lc.Store, lc.Hasher, c.LogInsPerMinute = countedStore{lc.Store, r}, countedHasher{lc.Hasher, r}, 1000
	})
	eve := bearer(w.newStranger("eve@example.org"))[0]
	// a key that was believed a moment ago is not read again
	w.want(w.do("GET", "/api/v1/session", nil, eve), 200)
	var links []string
	for _, v := range visibilities {
		if v.name == "members" || v.name == "expired" || v.name == "revoked" || v.name == "trashed" {
			u := w.newReadyVideo()
			v.apply(w, u)
			links = append(links, u.link)
		}
	}
	private, trashed, recording, file := w.newReadyVideo(), w.newReadyVideo(), w.newRecording(), w.createUpload(5)
	w.want(w.do("DELETE", "/api/v1/videos/"+trashed.video, nil, w.asOwner()), 204)
	last := func(u uploaded) string { return u.location[strings.LastIndex(u.location, "/")+1:] }
	unknown := storage.NewRandomID()
	tests := []struct {
		method, path string // %s is what is unknown, or there and private
		body         any
		names        []string
	}{
		{
			"GET",
			"/v/%s",
			nil,
			links,
		},
		{"GET", "/embed/%s", nil, links},
		{"GET", "/v/%s/poster.jpg", nil, links},
		{"GET", "/v/%s/video.mp4", nil, links},
		{"GET", "/v/%s/download", nil, links},
		{
			"GET",
			"/oembed?url=" + w.url + "/v/%s",
			nil,
			links,
		},
		{"GET", "/api/v1/shares/%s", nil, links},
		{"GET", "/api/v1/shares/%s/comments", nil, links},
		{"GET", "/api/v1/shares/%s/events", nil, links},
		{
			"POST",
			"/api/v1/shares/%s/comments",
			object{"at_ms": 0, "body": "hi", "name": "x"},
			links,
		},
		{"GET", "/api/v1/shares/%s/comments/x", nil, links},
		{"PATCH", "/api/v1/shares/%s/comments/x", object{"body": "hi"}, links},
		{"DELETE", "/api/v1/shares/%s/comments/x", nil, links},
		{
			"GET",
			"/api/v1/videos/%s",
			nil,
			[]string{private.video, trashed.video},
		},
		{"PATCH", "/api/v1/videos/%s", object{"title": "x"}, []string{private.video, trashed.video}},
		{"DELETE", "/api/v1/videos/%s", nil, []string{private.video, trashed.video}},
		{
			"GET",
			"/api/v1/videos/%s/poster",
			nil,
			[]string{private.video},
		},
		{"GET", "/api/v1/videos/%s/preview", nil, []string{private.video}},
		{"GET", "/api/v1/videos/%s/original", nil, []string{private.video}},
		{
			"POST",
			"/api/v1/videos/%s/restore",
			nil,
			[]string{trashed.video},
		},
		{"POST", "/api/v1/videos/%s/reprocess", nil, []string{private.video}},
		{"POST", "/api/v1/videos/%s/upload-token", nil, []string{recording.video}},
		{
			"HEAD",
			"/api/v1/files/%s",
			nil,
			[]string{last(file), last(recording)},
		},
		{"DELETE", "/api/v1/files/%s", nil, []string{last(file)}},
		{"GET", "/api/v1/uploads/%s", nil, []string{last(recording)}},
	}
	for _, tc := range tests {
		for _, who := range [][]string{nil, {eve}} {
			ask := func(name string) string {
				r.take()
				got := w.do(
					tc.method,
					strings.ReplaceAll(tc.path, "%s", name),
					tc.body,
					append(slices.Clone(who), tusOn)...)
				return fmt.Sprint(got.status, len(got.body), r.take())
			}
			want := ask(unknown)
			if !strings.HasPrefix(want, "404") && !strings.HasPrefix(want, "401") {
				t.Errorf("%s %s of what is not there: %s", tc.method, tc.path, want)
			}
			for _, name := range tc.names {
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
	// the second has no password yet
	for _, email := range []string{"nobody@example.org", "eve@example.org", servertest.OwnerEmail} {
		r.take()
		w.want(w.do("POST", "/api/v1/session", object{"email": email, "password": "a wrong one"}), 401)
		if got := fmt.Sprint(r.take()); got != "[IdentityByEmail Verify]" {
			t.Errorf("a wrong password for %s takes %s", email, got)
		}
	}
}
