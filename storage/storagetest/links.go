package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

func newLink(id storage.VideoID, d time.Duration) storage.Link {
	return storage.Link{
		ID:        storage.LinkID(storage.NewRandomID()),
		VideoID:   id,
		Token:     storage.NewRandomID(),
		Epoch:     1,
		CreatedAt: noon.Add(d),
	}
}

var linkTests = []storeTest{
	{"a link is found by token, by id and by video", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		v := mustVideo(t, s)
		want := newLink(v.ID, 0)
		want.AllowDownload, want.ExpiresAt = true, after(time.Hour)
		must(t, s.CreateLink(ctx, newLink(v.ID, time.Second)))
		must(t, s.CreateLink(ctx, want))
		for what, got := range map[string]storage.Link{
			"ShareByToken": mustGet(s.LinkByToken(ctx, want.Token))(t),
			"ShareByID":    mustGet(s.LinkByID(ctx, want.ID))(t),
			"ShareByVideo": mustGet(s.LinkByVideo(ctx, v.ID))(t),
		} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s() (-want +got):\n%s", what, diff)
			}
		}
		video, link, err := s.VideoByToken(ctx, want.Token)
		must(t, err)
		if diff := cmp.Diff(want, link) + cmp.Diff(v, video); diff != "" {
			t.Errorf("VideoByToken() (-want +got):\n%s", diff)
		}
	}},
	{"a missing link is not found", func(t *testing.T, s storage.Store) {
		_, err := s.LinkByToken(t.Context(), "none")
		wantKind(t, "ShareByToken", err, storage.NotFound)
		_, _, err = s.VideoByToken(t.Context(), "none")
		wantKind(t, "VideoByToken", err, storage.NotFound)
		_, err = s.LinkByID(t.Context(), "none")
		wantKind(t, "ShareByID", err, storage.NotFound)
		_, err = s.LinkByVideo(t.Context(), "none")
		wantKind(t, "ShareByVideo", err, storage.NotFound)
		wantKind(t, "UpdateShare", s.UpdateLink(t.Context(), storage.Link{ID: "none"}), storage.NotFound)
	}},
	{"every change raises the epoch, and an ended link is still found", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		want := newLink(mustVideo(t, s).ID, 0)
		must(t, s.CreateLink(ctx, want))
		want.AllowDownload, want.ExpiresAt, want.RevokedAt = true, after(time.Hour), after(time.Minute)
		must(t, s.UpdateLink(ctx, want))
		want.Epoch++
		if diff := cmp.Diff(want, mustGet(s.LinkByToken(ctx, want.Token))(t)); diff != "" {
			t.Errorf("ShareByToken() (-want +got):\n%s", diff)
		}
	}},
}
