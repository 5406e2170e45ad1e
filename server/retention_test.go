package server_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/access"
	"meanwhile/server/servertest"
	"meanwhile/storage"
	"meanwhile/worker/stages"
)

const day = 24 * time.Hour

// keys are the keys of the fixture's objects with that prefix.
func (w *fixture) keys(prefix string) []string {
	w.t.Helper()
	var keys []string
	for o, err := range w.Core.Objects.List(w.t.Context(), prefix) {
		if err != nil {
			w.t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// tidy does one round of a worker's chores.
func (w *fixture) tidy() servertest.Tidied {
	w.t.Helper()
	done, err := w.TidyUp(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

func (w *fixture) trash(u uploaded) {
	w.t.Helper()
	w.want(w.do("DELETE", "/api/v1/videos/"+u.video, nil, w.asOwner()), 204)
}

// wantGone fails if anything of u is left, at its addresses or in the storage.
func (w *fixture) wantGone(u uploaded, upload string) {
	w.t.Helper()
	w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()), 404)
	w.want(w.do("GET", "/v/"+u.link, nil), 404)
	if left := append(w.keys("v/"+u.video+"/"), w.keys("u/"+upload+"/")...); len(left) > 0 {
		w.t.Errorf("left of the video: %v", left)
	}
}

func (u uploaded) upload() string { return u.location[strings.LastIndex(u.location, "/")+1:] }

func TestTheTrashIsEmptiedAfterThirtyDays(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	gone, kept := w.newReadyVideo(), w.newReadyVideo()
	w.want(w.do("POST", "/api/v1/shares/"+gone.link+"/comments", object{"at_ms": 0, "body": "hi"}, w.asOwner()), 201)
	media, _ := w.mediaOf(gone)
	before := w.keys("")
	w.trash(gone)
	row := w.want(w.do("GET", "/api/v1/videos/"+gone.video, nil, w.asOwner()), 200)
	left := must(time.Parse(time.RFC3339, row.text(t, "purge_at")))(
		t,
	).Sub(must(time.Parse(time.RFC3339, row.text(t, "deleted_at")))(t))
	if left != 30*day {
		t.Errorf("it is to be deleted %s after it was put into the trash, want 30 days", left)
	}

	w.Clock.Move(30*day - time.Minute)
	if done := w.tidy(); done["purged"] != 0 {
		t.Fatalf("a round before its time purged %d videos", done["purged"])
	}
	w.want(w.do("POST", "/api/v1/videos/"+gone.video+"/restore", nil, w.asOwner()), 200)
	w.trash(gone)
	w.Clock.Move(2 * time.Minute)
	if done := w.tidy(); done["purged"] != 0 {
		t.Fatal("the trash counts from when it was put there last")
	}

	w.Clock.Move(30 * day)
	if done := w.tidy(); done["purged"] != 1 || done["objects"] == 0 {
		t.Fatalf("the round did %+v, want one video and its objects", done)
	}
	w.wantGone(gone, gone.upload())
	if r := w.do("GET", media, nil); r.status != 404 && r.status != 403 {
		t.Errorf("its media answers %d", r.status)
	}
	want := slices.DeleteFunc(before, func(key string) bool {
		return strings.Contains(key, gone.video) || strings.Contains(key, gone.upload())
	})
	if got := w.keys(""); !slices.Equal(got, want) {
		t.Errorf("the objects are %v\nwant those of the other video: %v", got, want)
	}
	w.want(w.do("GET", "/v/"+kept.link, nil), 200)
	log := must(
		w.Core.Store.ListAudit(t.Context(), storage.AuditQuery{WorkspaceID: w.actor().WorkspaceID, Limit: 10}),
	)(
		t,
	)
	if len(log) == 0 || log[0].Action != storage.ActionPurge || log[0].ActorID != "" || log[0].Subject != "Demo" {
		t.Errorf("the log begins with %+v", log)
	}
}

// actor is the owner as an access.Actor.
func (w *fixture) actor() access.Actor {
	w.t.Helper()
	return must(w.Core.ByKey(w.t.Context(), w.key))(w.t)
}

func TestDeleteForever(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	member := w.newUser("eve@example.org", "Eve")
	u := w.newReadyVideo()
	path := "/api/v1/videos/" + u.video + "/forever"
	w.want(w.do("DELETE", path, nil, w.asOwner()), 409) // not in the trash
	w.trash(u)
	w.want(w.do("DELETE", path, nil, bearer(member)...), 404)
	w.want(w.do("DELETE", path, nil, bearer(w.newKey(servertest.OwnerEmail, storage.ScopeRead))...), 403)
	w.want(w.do("DELETE", path, nil, w.asOwner()), 204)
	w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()), 404)
	w.want(w.do("DELETE", path, nil, w.asOwner()), 404)
	w.tidy()
	w.wantGone(u, u.upload())
}

// failing are objects whose nth deletion from now on fails.
type failing struct {
	storage.Objects
	left atomic.Int64
}

func (f *failing) Delete(ctx context.Context, key string) error {
	if f.left.Add(-1) == 0 {
		return storage.E(storage.Unavailable, "The storage is away.", errors.New("pulled plug"))
	}
	return f.Objects.Delete(ctx, key)
}

func TestAPurgeThatIsInterruptedAnywhereIsFinishedLater(t *testing.T) {
	t.Parallel()
	all := int64(1)
	for n := int64(1); n <= all; n++ {
		t.Run(fmt.Sprint("deletion ", n), func(t *testing.T) { all = testInterruptedPurge(t, n) })
	}
	if all < 5 {
		t.Errorf("only %d objects were deleted", all)
	}
}

// testInterruptedPurge makes the nth deletion of an object fail. It returns how many objects there
// are.
func testInterruptedPurge(t *testing.T, n int64) int64 {
	objects := &failing{}
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, c *servertest.Config) {
		objects.Objects, c.Objects = c.Objects, objects
	})
	kept, u := w.newReadyVideo(), w.newReadyVideo()
	others := append(w.keys("u/"+kept.upload()+"/"), w.keys("v/"+kept.video+"/")...)
	all := len(w.keys("")) - len(others)
	w.trash(u)
	w.Clock.Move(31 * day)
	objects.left.Store(n)
	if _, err := w.TidyUp(t.Context()); err == nil {
		t.Fatal("a deletion failed and nobody heard of it")
	}
	w.want(w.do("GET", "/v/"+u.link, nil), 404)
	if left := len(w.keys("")) - len(others); left != all-int(n)+1 {
		t.Errorf("%d of %d objects are left", left, all)
	}
	w.Clock.Move(10 * time.Minute) // the lease of the interrupted purge has ended
	w.tidy()
	w.wantGone(u, u.upload())
	if got := w.keys(""); !slices.Equal(got, others) {
		t.Errorf("objects of the other video: %v, want %v", got, others)
	}
	return int64(all)
}

func TestTwoWorkersTidyUpAtOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	kept := w.newReadyVideo()
	before := w.keys("")
	for range 3 {
		w.trash(w.newReadyVideo())
	}
	w.Clock.Move(31 * day)
	purged := make(chan int)
	for range 4 {
		go func() {
			done, err := w.TidyUp(t.Context())
			if err != nil {
				t.Error(err)
			}
			purged <- done["purged"]
		}()
	}
	sum := 0
	for range 4 {
		sum += <-purged
	}
	if sum != 3 {
		t.Errorf("%d videos were purged, want each of three once", sum)
	}
	if got := w.keys(""); !slices.Equal(got, before) {
		t.Errorf("left are %v, want those of %s: %v", got, kept.video, before)
	}
}

func TestWhoWorksOnAPurgedVideoIsStopped(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ctx := t.Context()
	u := w.newVideo()
	job := w.Queue.Take()[0]
	task := must(w.Stages.Claim(ctx, job.Stage, "test"))(t)
	running := w.createUpload(10)
	for _, v := range []uploaded{u, running} {
		w.trash(v)
		w.want(w.do("DELETE", "/api/v1/videos/"+v.video+"/forever", nil, w.asOwner()), 204)
	}
	w.tidy()

	late, _, err := w.Stages.PutDerived(ctx, task, "mp4", strings.NewReader("made too late"))
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"beat":      w.Stages.Beat(ctx, task.Stage),
		"progress":  w.Stages.Progress(ctx, task, 0.5),
		"finish":    w.Stages.Finish(ctx, task, stages.Outcome{}),
		"fail":      w.Stages.Fail(ctx, task, errors.New("no source")),
		"hand back": w.Stages.HandBack(ctx, task),
	} {
		if storage.KindOf(err) != storage.Fenced {
			t.Errorf("%s of a stage whose video is gone: %v, want fenced", what, err)
		}
	}
	if _, err := w.Stages.Claim(ctx, job.Stage, "another"); storage.KindOf(err) != storage.NotFound {
		t.Errorf("the stage can still be claimed: %v", err)
	}
	if r := w.patch(running, 0, "0123456789"); r.status != 401 && r.status != 404 {
		t.Errorf("the upload goes on: %d", r.status)
	}
	w.wantGone(running, running.upload())

	if left := w.keys("v/" + u.video + "/"); !slices.Equal(left, []string{late}) {
		t.Fatalf("left is %v, want what came too late", left)
	}
	w.Clock.Move(25 * time.Hour)
	w.tidy()
	w.wantGone(u, u.upload())
	if len(w.tidy()) != 0 {
		t.Error("there is still something to do")
	}
}

func TestARecordingIsPurgedWithAllItsChunks(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newRecording()
	for n := range 5 {
		w.want(w.putChunk(u, "screen", n, fmt.Sprint("chunk ", n)), 201)
	}
	if len(w.keys("u/"+u.upload()+"/")) != 5 {
		t.Fatalf("chunks lie elsewhere: %v", w.keys(""))
	}
	w.trash(u)
	w.want(w.do("DELETE", "/api/v1/videos/"+u.video+"/forever", nil, w.asOwner()), 204)
	w.want(w.putChunk(u, "screen", 5, "chunk 5"), 401) // its token belonged to the recording
	w.tidy()
	w.wantGone(u, u.upload())
}
