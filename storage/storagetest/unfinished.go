package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

func testEmptyRecordings(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	video := func(state storage.State) storage.VideoID {
		v := w.video("Weekly", 0)
		v.State = state
		must(t, s.CreateVideo(ctx, v))
		return v.ID
	}
	empty := mustRecordingOf(t, s, video(storage.StateRecording))
	begun := mustRecordingOf(t, s, video(storage.StateRecording))
	mustRecordingOf(t, s, video(storage.StateFailed))
	mustAdd(t, s, begun.UploadID, chunk("screen", 0), 0)
	if ids := mustGet(s.EmptyRecordings(ctx, noon, 10))(t); len(ids) != 0 {
		t.Errorf("EmptyRecordings() = %v before their time", ids)
	}
	want := []storage.UploadID{empty.UploadID}
	if diff := cmp.Diff(want, mustGet(s.EmptyRecordings(ctx, noon.Add(time.Minute), 10))(t)); diff != "" {
		t.Errorf("EmptyRecordings() (-want +got):\n%s", diff)
	}

	file := newUpload(video(storage.StateUploading), 0)
	must(t, s.CreateUpload(ctx, file))
	if ids := mustGet(s.ExpiredUploads(ctx, file.ExpiresAt.Add(-time.Second), 10))(t); len(ids) != 0 {
		t.Errorf("ExpiredUploads() = %v before their time", ids)
	}
	expired := []storage.UploadID{file.ID}
	if diff := cmp.Diff(expired, mustGet(s.ExpiredUploads(ctx, file.ExpiresAt, 10))(t)); diff != "" {
		t.Errorf("ExpiredUploads() (-want +got):\n%s", diff)
	}
	must(t, s.SealUpload(ctx, file.ID, noon))
	if ids := mustGet(s.ExpiredUploads(ctx, file.ExpiresAt, 10))(t); len(ids) != 0 {
		t.Errorf("ExpiredUploads() = %v, of which one is complete", ids)
	}
}

func testReopenUpload(t *testing.T, s storage.Store) {
	ctx := t.Context()
	r := mustRecording(t, s)
	if got := mustGet(s.ReopenUpload(ctx, r.UploadID, noon))(t); got {
		t.Error("an upload is reopened that nobody gave up")
	}
	must(t, s.TerminateUpload(ctx, r.UploadID, noon))
	heard := noon.Add(time.Hour)
	if got := mustGet(s.ReopenUpload(ctx, r.UploadID, heard))(t); !got {
		t.Error("an upload that was given up is not reopened")
	}
	if u := mustGet(s.UploadByID(ctx, r.UploadID))(t); u.TerminatedAt != nil {
		t.Errorf("it is given up since %s", u.TerminatedAt)
	}
	if got := mustGet(s.RecordingByUpload(ctx, r.UploadID))(t).HeardAt; !got.Equal(heard) {
		t.Errorf("heard of at %s, want %s", got, heard)
	}
	mustAdd(t, s, r.UploadID, chunk("screen", 0), 0)
}

func testSurplusTakes(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	takeOf := func(at, failedAt time.Duration) storage.VideoID {
		v := w.video("Take", at)
		v.Source = "recording"
		must(t, s.CreateVideo(ctx, v))
		r := mustRecordingOf(t, s, v.ID)
		must(t, s.TerminateUpload(ctx, r.UploadID, noon.Add(at)))
		must(t, s.SetVideoState(ctx, v.ID, []storage.State{v.State}, storage.StateFailed, "", noon.Add(failedAt)))
		must(t, s.SetVideoTrashed(ctx, v.ID, after(at)))
		return v.ID
	}
	take := func(at time.Duration) storage.VideoID { return takeOf(at, at) }
	takeOf(0, -time.Hour) // of an earlier release
	for range 3 {
		take(storage.ShortTake) // a long one
	}
	first, second := take(0), take(time.Second)
	restored := take(2 * time.Second)
	must(t, s.SetVideoTrashed(ctx, restored, nil))
	if ids := mustGet(s.SurplusTakes(ctx, 2, storage.ShortTake, 10))(t); len(ids) != 0 {
		t.Errorf("SurplusTakes() = %v of two", ids)
	}
	take(3 * time.Second)
	if diff := cmp.Diff(
		[]storage.VideoID{first},
		mustGet(s.SurplusTakes(ctx, 2, storage.ShortTake, 10))(t),
	); diff != "" {
		t.Errorf("SurplusTakes() (-want +got):\n%s", diff)
	}
	mustGet(s.VideoByID(ctx, second))(t)
}
