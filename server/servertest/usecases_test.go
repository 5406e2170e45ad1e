package servertest_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/comments"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/server/uploads"
	"meanwhile/storage"
	"meanwhile/storage/storagetest"
	"meanwhile/worker/stages"
)

// fixture is servertest's fixture with a clock that only the test moves.
type fixture struct{ *servertest.Fixture }

func newFixture(t testing.TB, changes ...func(*servertest.Config)) *fixture {
	t.Helper()
	h := &fixture{servertest.New(t, changes...)}
	h.Clock.Freeze()
	return h
}

// uploaded is a video whose upload is complete. Its state is processing, and one stage is due.
func (h *fixture) uploaded(t testing.TB, body string) uploads.Ticket {
	t.Helper()
	ticket, err := h.Uploads.Create(
		t.Context(),
		h.Owner,
		uploads.NewUpload{Filename: "update.mp4", LengthBytes: int64(len(body))},
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Uploads.Write(t.Context(), h.Owner, ticket.Upload.ID, 0, strings.NewReader(body), nil); err != nil {
		t.Fatal(err)
	}
	return ticket
}

func (h *fixture) state(t testing.TB, id storage.VideoID) storage.VideoSummary {
	t.Helper()
	v, err := h.Videos.ByID(t.Context(), h.Owner, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// claim claims the stage of a step that was sent.
func (h *fixture) claim(t testing.TB, step storage.Step) stages.Task {
	t.Helper()
	for _, j := range h.Queue.Take() {
		task, err := h.Stages.Claim(t.Context(), j.Stage, "w1")
		if err == nil && task.Stage.Step == step {
			return task
		}
	}
	t.Fatalf("no stage %q was sent", step)
	return stages.Task{}
}

func wantKind(t testing.TB, err error, want storage.Kind) {
	t.Helper()
	if err == nil || storage.KindOf(err) != want {
		t.Errorf("error = %v, want kind %s", err, want)
	}
}

func TestSetUpHappensOnce(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	_, err := h.SignIn.SetUp(
		t.Context(),
		h.SignIn.SetUpToken(),
		"Other",
		signin.Account{Email: "eve@example.com", Password: "a long password"},
		signin.Entry{},
	)
	wantKind(t, err, storage.NotFound)
	if h.Owner.RoleName() != "owner" {
		t.Errorf("the first account is %s, want owner", h.Owner.RoleName())
	}
	_, err = h.SignIn.SignUp(
		t.Context(),
		signin.Account{Email: "eve@example.com", Password: "a long password"},
		signin.Entry{},
	)
	wantKind(t, err, storage.Forbidden)
}

func TestLogInLinkWorksOnce(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	_, secret, err := h.SignIn.AddUser(t.Context(), signin.Account{Email: "bo@example.com", Role: storage.RoleMember})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.SignIn.CheckLoginLink(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if _, err := h.SignIn.LogInByLink(t.Context(), secret, "another password", signin.Entry{}); err != nil {
		t.Fatal(err)
	}
	_, err = h.SignIn.LogInByLink(t.Context(), secret, "", signin.Entry{})
	wantKind(t, err, storage.NotFound)
	if a := h.LogIn(t, "BO@example.com", "another password"); a.RoleName() != "member" {
		t.Errorf("role = %s, want member", a.RoleName())
	}
	_, err = h.SignIn.LogIn(t.Context(), "bo@example.com", "wrong", signin.Entry{})
	wantKind(t, err, storage.Unauthenticated)
}

func TestSessionsAndKeysEnd(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	cookie, err := h.SignIn.LogIn(t.Context(), servertest.OwnerEmail, servertest.OwnerPassword, signin.Entry{})
	if err != nil {
		t.Fatal(err)
	}
	expires := h.Clock.Now().Add(time.Hour)
	key, err := h.SignIn.AddAPIKey(
		t.Context(),
		servertest.OwnerEmail,
		"ci",
		[]storage.Scope{storage.ScopeRead},
		&expires,
	)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Core.ByKey(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Uploads.Create(t.Context(), a, uploads.NewUpload{LengthBytes: 1})
	wantKind(t, err, storage.Forbidden)
	h.Clock.Move(2 * time.Hour)
	_, err = h.Core.ByKey(t.Context(), key)
	wantKind(t, err, storage.Unauthenticated)
	h.Clock.Move(access.SessionFor)
	_, err = h.Core.BySession(t.Context(), cookie)
	wantKind(t, err, storage.Unauthenticated)
}

// noKeys is a store whose API keys are gone.
type noKeys struct{ storage.Store }

func (noKeys) APIKeyByHash(context.Context, string) (storage.APIKey, storage.Identity, error) {
	return storage.APIKey{}, storage.Identity{}, storage.E(storage.NotFound, "not there", nil)
}

func TestKeysThatGoAreRefusedWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	expires := h.Clock.Now().Add(time.Second)
	short, err := h.SignIn.AddAPIKey(
		t.Context(),
		servertest.OwnerEmail,
		"short",
		[]storage.Scope{storage.ScopeRead},
		&expires,
	)
	if err != nil {
		t.Fatal(err)
	}
	long, err := h.SignIn.AddAPIKey(t.Context(), servertest.OwnerEmail, "long", []storage.Scope{storage.ScopeRead}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{short, long} {
		if _, err := h.Core.ByKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	h.Core.Store = noKeys{h.Core.Store}
	h.Clock.Move(time.Second)
	_, err = h.Core.ByKey(t.Context(), short)
	wantKind(t, err, storage.Unauthenticated) // its own end counts, even from the cache
	h.Clock.Move(time.Second)
	_, err = h.Core.ByKey(t.Context(), long)
	wantKind(t, err, storage.Unauthenticated)
	_, err = h.Core.ByKey(t.Context(), "mw_unknown")
	wantKind(t, err, storage.Unauthenticated)
}

// brokenBody returns some bytes and then a network error.
type brokenBody struct{ r io.Reader }

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestUploadKeepsWhatArrivedAndGoesOn(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket, err := h.Uploads.Create(
		t.Context(),
		h.Owner,
		uploads.NewUpload{Filename: `C:\clips\demo.mov`, LengthBytes: 10},
	)
	if err != nil {
		t.Fatal(err)
	}
	if ticket.Video.Title != "demo" {
		t.Errorf("title = %q, want the file's name without its ending", ticket.Video.Title)
	}
	id := ticket.Upload.ID
	at, err := h.Uploads.Write(t.Context(), h.Owner, id, 0, brokenBody{strings.NewReader("0123")}, nil)
	wantKind(t, err, storage.Invalid)
	if at != 4 {
		t.Fatalf("offset after a broken request = %d, want 4: what arrived is kept", at)
	}
	at, err = h.Uploads.Write(t.Context(), h.Owner, id, 2, strings.NewReader("xx"), nil)
	wantKind(t, err, storage.Conflict)
	if at != 4 {
		t.Fatalf("offset in a mismatch = %d, want the right one, 4", at)
	}
	_, err = h.Uploads.Write(t.Context(), h.Owner, id, 4, strings.NewReader("456789abc"), nil)
	wantKind(t, err, storage.TooLarge)
	u, err := h.Uploads.ByID(t.Context(), h.Owner, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Uploads.Write(
		t.Context(),
		h.Owner,
		id,
		u.OffsetBytes,
		strings.NewReader("456789"[u.OffsetBytes-4:]),
		nil,
	); err != nil {
		t.Fatal(err)
	}
	if v := h.state(t, ticket.Video.ID); v.State != storage.StateProcessing {
		t.Errorf("state = %s, want processing", v.State)
	}
	src, err := h.Videos.OpenOriginal(t.Context(), h.Owner, ticket.Video.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Seek(3, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(src)
	if err != nil || string(b) != "3456789" {
		t.Errorf("original from byte 3 = %q, %v; want 3456789", b, err)
	}
	if jobs := h.Queue.Take(); len(jobs) != 1 || jobs[0].Queue != storage.QueueInstant {
		t.Errorf("jobs = %+v, want one of the instant queue", jobs)
	}
}

func TestNewerRequestTakesOver(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{Filename: "a.mp4", LengthBytes: 8})
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	old := make(chan error, 1)
	go func() {
		_, err := h.Uploads.Write(context.Background(), h.Owner, ticket.Upload.ID, 0, r, nil)
		old <- err
	}()
	if _, err := w.Write([]byte("old")); err != nil { // returns when the old request has read it
		t.Fatal(err)
	}
	if _, err := h.Uploads.Write(
		t.Context(),
		h.Owner,
		ticket.Upload.ID,
		0,
		strings.NewReader("newbytes"),
		nil,
	); err != nil {
		t.Fatal(err)
	}
	w.CloseWithError(io.ErrUnexpectedEOF)
	wantKind(t, <-old, storage.Conflict)
	src, err := h.Videos.OpenOriginal(t.Context(), h.Owner, ticket.Video.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if b, err := io.ReadAll(src); err != nil || string(b) != "newbytes" {
		t.Errorf("original = %q, %v; want the newer request's bytes alone", b, err)
	}
}

// TestOvertakenRequestCanWriteNothing lets the newer request hold the upload before it has written
// a byte. So only the holder counter can refuse the older one, not the offset.
func TestOvertakenRequestCanWriteNothing(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{Filename: "a.mp4", LengthBytes: 8})
	if err != nil {
		t.Fatal(err)
	}
	write := func() (*io.PipeWriter, chan error) {
		r, w := io.Pipe()
		done := make(chan error, 1)
		go func() {
			_, err := h.Uploads.Write(context.Background(), h.Owner, ticket.Upload.ID, 0, r, nil)
			done <- err
		}()
		return w, done
	}
	older, oldDone := write()
	// returns when the request holds the upload and has read this text
	if _, err := older.Write([]byte("old")); err != nil {
		t.Fatal(err)
	}
	newer, newDone := write()
	if _, err := newer.Write([]byte("newb")); err != nil {
		t.Fatal(err)
	}
	older.CloseWithError(io.ErrUnexpectedEOF)
	wantKind(t, <-oldDone, storage.Conflict)
	if _, err := newer.Write([]byte("ytes")); err != nil {
		t.Fatal(err)
	}
	newer.Close()
	if err := <-newDone; err != nil {
		t.Fatalf("the newer request was disturbed: %v", err)
	}
	src, err := h.Videos.OpenOriginal(t.Context(), h.Owner, ticket.Video.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if b, err := io.ReadAll(src); err != nil || string(b) != "newbytes" {
		t.Errorf("original = %q, %v; want the newer request's bytes alone", b, err)
	}
}

func TestFullDiskRefusesNewUploadsFirst(t *testing.T) {
	t.Parallel()
	used := 0.5
	h := newFixture(t, func(c *servertest.Config) { c.DiskUsed = func() float64 { return used } })
	ticket, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{LengthBytes: 6})
	if err != nil {
		t.Fatal(err)
	}
	used = 0.91
	_, err = h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{LengthBytes: 6})
	wantKind(t, err, storage.Full)
	if _, err := h.Uploads.Write(t.Context(), h.Owner, ticket.Upload.ID, 0, strings.NewReader("abc"), nil); err != nil {
		t.Fatalf("a running upload was refused at 91 %%: %v", err)
	}
	used = 0.98
	_, err = h.Uploads.Write(t.Context(), h.Owner, ticket.Upload.ID, 3, strings.NewReader("def"), nil)
	wantKind(t, err, storage.Full)
	used = 0.5
	if _, err := h.Uploads.Write(t.Context(), h.Owner, ticket.Upload.ID, 3, strings.NewReader("def"), nil); err != nil {
		t.Errorf("the upload did not go on when there was room again: %v", err)
	}
}

// finishWith takes a video through its stages without ffmpeg. The test is about the stages, not the
// pictures.
func (h *fixture) finishWith(t testing.TB, probe storage.Probe) {
	t.Helper()
	if err := h.Stages.FinishInspect(t.Context(), h.claim(t, storage.StepInspect), probe); err != nil {
		t.Fatal(err)
	}
}

func (h *fixture) asset(t testing.TB, task stages.Task, a storage.Asset) error {
	t.Helper()
	var err error
	if a.Key, a.SizeBytes, err = h.Stages.PutDerived(t.Context(), task, "mp4", strings.NewReader(a.Name)); err != nil {
		t.Fatal(err)
	}
	return h.Stages.Finish(t.Context(), task, stages.Outcome{Assets: []storage.Asset{a}})
}

func TestReadyMeansPlaysEverywhere(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	h.finishWith(t, storagetest.ScreenProbe(func(p *storage.Probe) { p.Audio.Codec = "opus" }))
	jobs := h.Queue.Take()
	if len(jobs) != 1 || jobs[0].Queue != storage.QueueInstant {
		t.Fatalf("jobs = %+v, want the copy alone: the rest waits for it", jobs)
	}
	want := storage.StateProcessing
	var ran []string
	for i := 0; i < len(jobs); i++ {
		j := jobs[i]
		task, err := h.Stages.Claim(t.Context(), j.Stage, "w1")
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[storage.Step]storage.Asset{
			storage.StepCopy:   {Kind: storage.AssetCopy, Name: "copy.mp4", MediaType: task.Plan.Copy.MediaType},
			storage.StepPoster: {Kind: storage.AssetPoster, Name: "poster.jpg", MediaType: "image/jpeg"},
			storage.StepListen: {Kind: storage.AssetPeaks, Name: "peaks.json", MediaType: "application/json"},
			storage.StepEncode: {
				Kind:       storage.AssetRendition,
				Name:       "1080p.mp4",
				MediaType:  "video/mp4",
				Everywhere: true,
			},

			storage.StepPreview: {Kind: storage.AssetPreview, Name: "preview.mp4", MediaType: "video/mp4"},
		}
		if err := h.asset(t, task, kinds[task.Stage.Step]); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, h.Queue.Take()...)
		w, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.Sources) != 1 {
			t.Errorf("after stage %d a guest has %d sources, want 1", i, len(w.Sources))
		}
		ran = append(ran, string(task.Stage.Step))
		if task.Stage.Step == storage.StepEncode {
			want = storage.StateReady
		}
		if w.Video.State != want {
			t.Errorf("after %s the state is %s, want %s", task.Stage.Step, w.Video.State, want)
		}
	}
	if got := strings.Join(ran, " "); got != "copy poster listen encode" {
		t.Errorf("the steps were %s", got)
	}
	w, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	if w.Sources[0].Name != "1080p.mp4" || w.Poster == nil || w.Video.Progress != 1 {
		t.Errorf(
			"sources %v, poster %v, progress %v; want the rendition, a poster and 1",
			w.Sources,
			w.Poster,
			w.Video.Progress,
		)
	}
}

func TestZombieWorkerChangesNothing(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	zombie := h.claim(t, storage.StepInspect)
	if _, err := h.Stages.Claim(t.Context(), zombie.Stage.ID, "w2"); storage.KindOf(err) != storage.Conflict {
		t.Fatalf("a held stage was claimed again: %v", err)
	}
	if _, err := h.Stages.FreeLeases(t.Context(), "w1"); err != nil {
		t.Fatal(err)
	}
	heir, err := h.Stages.Claim(t.Context(), zombie.Stage.ID, "w2")
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, h.Stages.FinishInspect(t.Context(), zombie, storagetest.ScreenProbe(nil)), storage.Fenced)
	wantKind(t, h.Stages.Progress(t.Context(), zombie, 0.5), storage.Fenced)
	wantKind(t, h.Stages.Fail(t.Context(), zombie, storage.E(storage.Unprocessable, "no", nil)), storage.Fenced)
	if v := h.state(t, ticket.Video.ID); v.State != storage.StateProcessing || v.Duration != 0 {
		t.Errorf("the zombie changed the video: %+v", v.Video)
	}
	if err := h.Stages.FinishInspect(t.Context(), heir, storagetest.ScreenProbe(nil)); err != nil {
		t.Errorf("the heir could not finish: %v", err)
	}
}

func TestThreeCrashesAreQuarantined(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	stage := h.claim(t, storage.StepInspect).Stage.ID
	for range 2 {
		if _, err := h.Stages.FreeLeases(t.Context(), "w1"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Stages.Claim(t.Context(), stage, "w1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Stages.FreeLeases(t.Context(), "w1"); err != nil {
		t.Fatal(err)
	}
	_, err := h.Stages.Claim(t.Context(), stage, "w1")
	wantKind(t, err, storage.Conflict)
	v := h.state(t, ticket.Video.ID)
	if v.State != storage.StateFailed || !strings.Contains(v.Failure, "original is kept") {
		t.Errorf("state %s, %q; want failed with the original kept", v.State, v.Failure)
	}
	if err := h.Videos.Reprocess(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	if v := h.state(t, ticket.Video.ID); v.State != storage.StateProcessing || v.Generation != 2 {
		t.Errorf("after the retry: %s, generation %d; want processing, 2", v.State, v.Generation)
	}
}

func TestReprocessNeverTakesAVideoOffline(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	h.finishWith(t, storagetest.ScreenProbe(nil))
	if err := h.asset(
		t,
		h.claim(t, storage.StepCopy),
		storage.Asset{Kind: storage.AssetCopy, Name: "copy.mp4", MediaType: "video/mp4", Everywhere: true},
	); err != nil {
		t.Fatal(err)
	}
	if err := h.Videos.Reprocess(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	task := h.claim(t, storage.StepInspect)
	if err := h.Stages.Fail(
		t.Context(),
		task,
		storage.E(storage.Unprocessable, "This time it did not work.", nil),
	); err != nil {
		t.Fatal(err)
	}
	v := h.state(t, ticket.Video.ID)
	const want = "This time it did not work. The original is kept. What plays now stays as it is."
	if v.State != storage.StateReady || v.Warning != want {
		t.Errorf("state %s, warning %q; want ready with the warning", v.State, v.Warning)
	}
	w, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil || len(w.Sources) != 1 || w.Sources[0].Generation != 1 {
		t.Errorf("sources = %+v, %v; want the first generation's", w.Sources, err)
	}
}

// TestSecondGenerationWaitsUntilItIsAsGood makes a copy that only some browsers play, for a video
// that already plays everywhere.
func TestSecondGenerationWaitsUntilItIsAsGood(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	h.finishWith(t, storagetest.ScreenProbe(nil))
	if err := h.asset(
		t,
		h.claim(t, storage.StepCopy),
		storage.Asset{Kind: storage.AssetCopy, Name: "copy.mp4", MediaType: "video/mp4", Everywhere: true},
	); err != nil {
		t.Fatal(err)
	}
	if err := h.Videos.Reprocess(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	h.finishWith(t, storagetest.ScreenProbe(func(p *storage.Probe) { p.Audio.Codec = "opus" }))
	if err := h.asset(
		t,
		h.claim(t, storage.StepCopy),
		storage.Asset{Kind: storage.AssetCopy, Name: "copy.mp4", MediaType: "video/mp4"},
	); err != nil {
		t.Fatal(err)
	}
	w, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Sources) != 1 || w.Sources[0].Generation != 1 || w.Video.State != storage.StateReady {
		t.Errorf(
			"sources %+v, state %s; want the first generation's until the second plays everywhere",
			w.Sources,
			w.Video.State,
		)
	}
	_, err = h.Core.MediaByGrant(t.Context(), w.Grant, 2, "copy.mp4")
	wantKind(t, err, storage.NotFound)
}

func TestOutboxSurvivesALostQueue(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	h.Queue.Fail(storage.E(storage.Unavailable, "away", nil))
	h.uploaded(t, "bytes")
	h.Queue.Fail(nil)
	if n, err := h.Stages.Reconcile(t.Context(), true); err != nil || n != 1 {
		t.Fatalf("reconcile at start sent %d, %v; want 1", n, err)
	}
	if n, err := h.Stages.Reconcile(t.Context(), false); err != nil || n != 0 {
		t.Errorf("reconcile right after sent %d, %v; want none: it is on its way", n, err)
	}
	if jobs := h.Queue.Take(); len(jobs) != 1 || jobs[0].Send != 2 {
		t.Errorf("jobs = %+v, want the second sending", jobs)
	}
}

func TestCopyThatFailsIsEncodedInstead(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	h.finishWith(t, storagetest.ScreenProbe(nil))
	task := h.claim(t, storage.StepCopy)
	if err := h.Stages.Fail(t.Context(), task, storage.E(storage.Unprocessable, "bad", nil)); err != nil {
		t.Fatal(err)
	}
	listen := h.claim(t, storage.StepListen)
	if err := h.Stages.Finish(
		t.Context(),
		listen,
		stages.Outcome{Loudness: &storage.Loudness{LUFS: -16, PeakDBFS: -3}},
	); err != nil {
		t.Fatal(err)
	}
	encode := h.claim(t, storage.StepEncode)
	if encode.Plan.Ladder.Rungs[0].Copy || !encode.Plan.Ladder.Rungs[0].Progressive ||
		encode.Probe.Audio.Loudness == nil {
		t.Errorf(
			"the ladder is %+v of %+v; want everything encoded, and the loudness known",
			encode.Plan.Ladder,
			encode.Probe.Audio,
		)
	}
	if err := h.asset(
		t,
		encode,
		storage.Asset{Kind: storage.AssetRendition, Name: "1080p.mp4", MediaType: "video/mp4", Everywhere: true},
	); err != nil {
		t.Fatal(err)
	}
	if v := h.state(t, ticket.Video.ID); v.State != storage.StateReady || v.Warning != "" {
		t.Errorf("state %s, warning %q; want ready without one", v.State, v.Warning)
	}
}

func TestGrantsEndWithTheRules(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	h.finishWith(t, storagetest.ScreenProbe(nil))
	if err := h.asset(
		t,
		h.claim(t, storage.StepCopy),
		storage.Asset{Kind: storage.AssetCopy, Name: "copy.mp4", MediaType: "video/mp4", Everywhere: true},
	); err != nil {
		t.Fatal(err)
	}
	w, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Core.MediaByGrant(t.Context(), w.Grant, 1, "copy.mp4"); err != nil {
		t.Fatal(err)
	}
	_, err = h.Core.MediaByGrant(t.Context(), w.Grant, 1, "other.mp4")
	wantKind(t, err, storage.NotFound)
	_, err = h.Core.MediaByGrant(t.Context(), "x"+w.Grant, 1, "copy.mp4")
	wantKind(t, err, storage.NotFound)

	now := h.Clock.Now()
	ended := w.Link
	ended.RevokedAt = &now
	if err := h.Core.Store.UpdateLink(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(6 * time.Second)
	_, err = h.Core.MediaByGrant(t.Context(), w.Grant, 1, "copy.mp4")
	wantKind(t, err, storage.Forbidden)
	_, err = h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	wantKind(t, err, storage.NotFound)
}

// TestChangedRuleEndsOldGrants changes a rule of a link that stays open. Players fetch the link
// again and get the new rule.
func TestChangedRuleEndsOldGrants(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	h.finishWith(t, storagetest.ScreenProbe(nil))
	if err := h.asset(
		t,
		h.claim(t, storage.StepCopy),
		storage.Asset{Kind: storage.AssetCopy, Name: "copy.mp4", Everywhere: true},
	); err != nil {
		t.Fatal(err)
	}
	before, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	changed := before.Link
	changed.AllowDownload = false
	if err := h.Core.Store.UpdateLink(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	_, err = h.Core.MediaByGrant(t.Context(), before.Grant, 1, "copy.mp4")
	wantKind(t, err, storage.Forbidden)
	after, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil || after.Download {
		t.Fatalf("download %v, %v; want the link open without it", after.Download, err)
	}
	if _, err := h.Core.MediaByGrant(t.Context(), after.Grant, 1, "copy.mp4"); err != nil {
		t.Errorf("the new grant: %v", err)
	}
}

func TestGrantsExpire(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	h.finishWith(t, storagetest.ScreenProbe(nil))
	if err := h.asset(
		t,
		h.claim(t, storage.StepCopy),
		storage.Asset{Kind: storage.AssetCopy, Name: "copy.mp4", Everywhere: true},
	); err != nil {
		t.Fatal(err)
	}
	w, err := h.Watch.Watch(t.Context(), access.Actor{}, ticket.Link.Token)
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(14 * time.Hour)
	_, err = h.Core.MediaByGrant(t.Context(), w.Grant, 1, "copy.mp4")
	wantKind(t, err, storage.Forbidden)
}

func TestTrashHidesFromEveryoneAndUndoes(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	guest := access.Actor{}
	wantKind(t, h.Videos.Trash(t.Context(), guest, ticket.Video.ID), storage.NotFound)
	if err := h.Videos.Trash(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	_, err := h.Watch.Watch(t.Context(), guest, ticket.Link.Token)
	wantKind(t, err, storage.NotFound)
	_, err = h.Comments.Add(t.Context(), guest, ticket.Link.Token, comments.NewComment{Body: "hi", Name: "Guest"})
	wantKind(t, err, storage.NotFound)
	if err := h.Videos.Restore(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Watch.Watch(t.Context(), guest, ticket.Link.Token); err != nil {
		t.Errorf("after the undo: %v", err)
	}
}

func TestGuestsKeepTheirOwnWords(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	token := h.uploaded(t, "bytes").Link.Token
	guest := access.Actor{}
	_, err := h.Comments.Add(t.Context(), guest, token, comments.NewComment{Body: "no name"})
	wantKind(t, err, storage.Invalid)
	c, err := h.Comments.Add(
		t.Context(),
		guest,
		token,
		comments.NewComment{Body: " Does this\r\n\r\n\r\nwork? ", Name: "Client", At: 22 * time.Second},
	)
	if err != nil {
		t.Fatal(err)
	}
	if c.Body != "Does this\n\nwork?" || !c.Guest() || c.AuthorName != "Client" {
		t.Errorf("comment = %+v, want clean text by a guest", c.Comment)
	}
	text := "Changed."
	_, err = h.Comments.Edit(t.Context(), guest, token, c.ID, "wrong", comments.Change{Body: &text})
	wantKind(t, err, storage.Forbidden)
	_, err = h.Comments.Edit(t.Context(), h.Owner, token, c.ID, "", comments.Change{Body: &text})
	wantKind(t, err, storage.Forbidden)
	edited, err := h.Comments.Edit(t.Context(), guest, token, c.ID, c.EditToken, comments.Change{Body: &text})
	if err != nil || edited.Body != text || edited.EditedAt == nil || edited.At != 22*time.Second {
		t.Fatalf("edit = %+v, %v", edited.Comment, err)
	}
	reply, err := h.Comments.Add(t.Context(), h.Owner, token, comments.NewComment{Body: "It does.", Parent: c.ID})
	if err != nil {
		t.Fatal(err)
	}
	nested, err := h.Comments.Add(
		t.Context(),
		guest,
		token,
		comments.NewComment{Body: "Thanks.", Name: "Client", Parent: reply.ID},
	)
	if err != nil || nested.Parent != c.ID {
		t.Errorf("a reply to a reply has parent %q, %v; want the thread %q", nested.Parent, err, c.ID)
	}
	if err := h.Comments.Delete(t.Context(), h.Owner, token, c.ID, ""); err != nil {
		t.Fatal(err)
	}
	all, err := h.Comments.List(t.Context(), guest, token, storage.CommentQuery{})
	if err != nil || len(all.Items) != 0 || all.Count != 0 {
		t.Errorf(
			"after the owner's delete %d comments are left (count %d), %v; want none",
			len(all.Items),
			all.Count,
			err,
		)
	}
	changes, err := h.Comments.Since(t.Context(), guest, token, nested.Seq)
	if err != nil || len(changes.Items) != 3 {
		t.Fatalf("changes since = %d, %v; want the three that went", len(changes.Items), err)
	}
	for _, c := range changes.Items {
		if c.DeletedAt == nil || c.Body != "" {
			t.Errorf("a deleted comment still has %q", c.Body)
		}
	}
}

func TestThreadsAtOnePositionStandByAge(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	token := h.uploaded(t, "bytes").Link.Token
	var want []storage.CommentID
	for range 20 {
		h.Clock.Move(time.Millisecond)
		c, err := h.Comments.Add(
			t.Context(),
			h.Owner,
			token,
			comments.NewComment{Body: "at the same place", At: 5 * time.Second},
		)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, c.ID)
	}
	all, err := h.Comments.List(t.Context(), h.Owner, token, storage.CommentQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var got []storage.CommentID
	for _, c := range all.Items {
		got = append(got, c.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("order = %v, want the order in which they were written: %v", got, want)
	}
}

func TestUploadTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{LengthBytes: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Uploads.Write(t.Context(), h.Owner, ticket.Upload.ID, 0, strings.NewReader("ab"), nil); err != nil {
		t.Fatal(err)
	}
	if got := h.state(t, ticket.Video.ID).Done(); got != 0.25 {
		t.Errorf("done = %v, want a quarter", got)
	}
}

func TestStrangersSeeNothing(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.uploaded(t, "bytes")
	if _, _, err := h.SignIn.AddUser(
		t.Context(),
		signin.Account{Email: "mo@example.com", Password: "a long password", Role: storage.RoleMember},
	); err != nil {
		t.Fatal(err)
	}
	member := h.LogIn(t, "mo@example.com", "a long password")
	for name, a := range map[string]access.Actor{"guest": {}, "another member": member} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Videos.ByID(t.Context(), a, ticket.Video.ID)
			wantKind(t, err, storage.NotFound)
			_, err = h.Videos.OpenOriginal(t.Context(), a, ticket.Video.ID)
			wantKind(t, err, storage.NotFound)
			wantKind(
				t,
				h.Videos.Change(t.Context(), a, ticket.Video.ID, storage.VideoChange{Title: new("mine")}),
				storage.NotFound,
			)
			_, err = h.Uploads.ByID(t.Context(), a, ticket.Upload.ID)
			wantKind(t, err, storage.NotFound)
		})
	}
	_, err := h.Watch.Watch(t.Context(), access.Actor{}, "unknown")
	wantKind(t, err, storage.NotFound)
}

func TestUploadTokenOpensOnlyItsUpload(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{LengthBytes: 3})
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{LengthBytes: 3})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Core.ByUploadToken(t.Context(), other.Upload.ID, ticket.Token)
	wantKind(t, err, storage.Unauthenticated)
	a, err := h.Core.ByUploadToken(t.Context(), ticket.Upload.ID, ticket.Token)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Uploads.Write(t.Context(), a, ticket.Upload.ID, 0, strings.NewReader("abc"), nil); err != nil {
		t.Error(err)
	}
	_, err = h.Videos.ByID(t.Context(), a, ticket.Video.ID)
	wantKind(t, err, storage.NotFound)
	h.Clock.Move(storage.UploadKeep + time.Hour)
	_, err = h.Uploads.ByID(t.Context(), h.Owner, other.Upload.ID)
	wantKind(t, err, storage.Gone)
}
