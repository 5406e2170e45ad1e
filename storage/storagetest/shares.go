package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

func newShare(id storage.VideoID, d time.Duration) storage.Share {
	return storage.Share{
		ID:        storage.ShareID(storage.NewRandomID()),
		VideoID:   id,
		Token:     storage.NewRandomID(),
		Epoch:     1,
		CreatedAt: noon.Add(d),
	}
}

var shareTests = []storeTest{
	{"a share is found by token, by id and by video", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		v := mustVideo(t, s)
		want := newShare(v.ID, 0)
		want.AllowDownload, want.ExpiresAt = true, after(time.Hour)
		must(t, s.CreateShare(ctx, newShare(v.ID, time.Second)))
		must(t, s.CreateShare(ctx, want))
		for what, got := range map[string]storage.Share{
			"ShareByToken": mustGet(s.ShareByToken(ctx, want.Token))(t),
			"ShareByID":    mustGet(s.ShareByID(ctx, want.ID))(t),
			"ShareByVideo": mustGet(s.ShareByVideo(ctx, v.ID))(t),
		} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s() (-want +got):\n%s", what, diff)
			}
		}
		video, share, err := s.VideoByToken(ctx, want.Token)
		must(t, err)
		if diff := cmp.Diff(want, share) + cmp.Diff(v, video); diff != "" {
			t.Errorf("VideoByToken() (-want +got):\n%s", diff)
		}
	}},
	{"a missing share is not found", func(t *testing.T, s storage.Store) {
		_, err := s.ShareByToken(t.Context(), "none")
		wantKind(t, "ShareByToken", err, storage.NotFound)
		_, _, err = s.VideoByToken(t.Context(), "none")
		wantKind(t, "VideoByToken", err, storage.NotFound)
		_, err = s.ShareByID(t.Context(), "none")
		wantKind(t, "ShareByID", err, storage.NotFound)
		_, err = s.ShareByVideo(t.Context(), "none")
		wantKind(t, "ShareByVideo", err, storage.NotFound)
		wantKind(t, "UpdateShare", s.UpdateShare(t.Context(), storage.Share{ID: "none"}), storage.NotFound)
	}},
	{"every change raises the epoch, and an ended share is still found", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		want := newShare(mustVideo(t, s).ID, 0)
		must(t, s.CreateShare(ctx, want))
		want.AllowDownload, want.ExpiresAt, want.RevokedAt = true, after(time.Hour), after(time.Minute)
		must(t, s.UpdateShare(ctx, want))
		want.Epoch++
		if diff := cmp.Diff(want, mustGet(s.ShareByToken(ctx, want.Token))(t)); diff != "" {
			t.Errorf("ShareByToken() (-want +got):\n%s", diff)
		}
	}},
}
