package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

// blink is a lease that ends before anyone looks again.
const blink = 20 * time.Millisecond

func newStage(id storage.VideoID, generation int, step storage.Step) storage.Stage {
	return storage.Stage{
		ID:         storage.StageID(storage.NewRandomID()),
		VideoID:    id,
		Generation: generation,
		Step:       step,
		State:      storage.StageDue,
		CreatedAt:  noon,
	}
}

func mustStage(t testing.TB, s storage.Store) storage.Stage {
	t.Helper()
	st := newStage(mustVideo(t, s).ID, 1, storage.StepEncode)
	must(t, s.CreateStage(t.Context(), st))
	return st
}

var stageTests = []storeTest{
	{"a stage is read as it was written", testStage},
	{"of many who claim a stage one wins", testClaimRace},
	{"a lease that ran out passes on, and fences who had it", testLeaseRunsOut},
	{"a renewed lease does not run out", testHoldStage},
	{"a fenced transaction changes nothing", testFencedTransaction},
	{"an ended stage is nobody's", testEndStage},
	{"a stage given back is due after its wait", testRequeueStage},
	{"a renewed stage is due again as if it were new, and fences who had it", testRenewStage},
	{"a stage is woken when it has ended, and left alone while it runs", testWakeStage},
	{"due stages are sent, and sent again", testDueStages},
	{"the leases of one owner are freed", testFreeLeases},
	{"cancelling fences every unfinished stage of the video", testCancelStages},
}

func testStage(t *testing.T, s storage.Store) {
	ctx := t.Context()
	want := mustStage(t, s)
	if diff := cmp.Diff(want, mustGet(s.StageByID(ctx, want.ID))(t)); diff != "" {
		t.Errorf("StageByID() (-want +got):\n%s", diff)
	}
	later := newStage(want.VideoID, 1, storage.StepPoster)
	later.CreatedAt = noon.Add(time.Second)
	must(t, s.CreateStage(ctx, later))
	must(t, s.CreateStage(ctx, newStage(want.VideoID, 2, storage.StepPoster)))
	if diff := cmp.Diff([]storage.Stage{want, later}, mustGet(s.StagesByVideo(ctx, want.VideoID, 1))(t)); diff != "" {
		t.Errorf("StagesByVideo() (-want +got):\n%s", diff)
	}
	_, err := s.StageByID(ctx, "none")
	wantKind(t, "StageByID", err, storage.NotFound)
	_, err = s.ClaimStage(ctx, "none", "worker", time.Minute)
	wantKind(t, "ClaimStage", err, storage.NotFound)
}

func testClaimRace(t *testing.T, s storage.Store) {
	ctx := t.Context()
	want := mustStage(t, s)
	wantOneWinner(t, together(8, func(int) error {
		_, err := s.ClaimStage(ctx, want.ID, "worker", time.Minute)
		return err
	}), storage.Conflict)
	want.State, want.Attempt, want.Fence, want.Owner = storage.StageRunning, 1, 1, "worker"
	if diff := cmp.Diff(want, mustGet(s.StageByID(ctx, want.ID))(t)); diff != "" {
		t.Errorf("StageByID() (-want +got):\n%s", diff)
	}
}

// mustReclaim claims a stage as soon as the lease on it has run out.
func mustReclaim(t testing.TB, s storage.Store, id storage.StageID, owner string) storage.Stage {
	t.Helper()
	var st storage.Stage
	eventually(t, "the stage can be claimed", func() bool {
		var err error
		st, err = s.ClaimStage(t.Context(), id, owner, time.Minute)
		if err != nil {
			wantKind(t, "ClaimStage before its time", err, storage.Conflict)
		}
		return err == nil
	})
	return st
}

// wantFenced fails unless every write with that fence is refused.
func wantFenced(t testing.TB, s storage.Store, id storage.StageID, fence int64) {
	t.Helper()
	ctx := t.Context()
	before := mustGet(s.StageByID(ctx, id))(t)
	wantKind(t, "HoldStage", s.HoldStage(ctx, id, fence, time.Minute), storage.Fenced)
	wantKind(t, "SetStageProgress", s.SetStageProgress(ctx, id, fence, 0.9), storage.Fenced)
	wantKind(t, "EndStage", s.EndStage(ctx, id, fence, storage.StageDone, ""), storage.Fenced)
	wantKind(t, "RequeueStage", s.RequeueStage(ctx, id, fence, 0, true), storage.Fenced)
	if diff := cmp.Diff(before, mustGet(s.StageByID(ctx, id))(t)); diff != "" {
		t.Errorf("a fenced writer changed the stage (-before +after):\n%s", diff)
	}
}

func testLeaseRunsOut(t *testing.T, s storage.Store) {
	ctx := t.Context()
	id := mustStage(t, s).ID
	first := mustGet(s.ClaimStage(ctx, id, "first", blink))(t)
	second := mustReclaim(t, s, id, "second")
	if second.Fence <= first.Fence || second.Attempt != 2 || second.Owner != "second" {
		t.Errorf("claimed again as %+v, want a raised fence and the second attempt of the second worker", second)
	}
	wantFenced(t, s, id, first.Fence)
	must(t, s.SetStageProgress(ctx, id, second.Fence, 0.25))
	must(t, s.EndStage(ctx, id, second.Fence, storage.StageDone, ""))
}

func testHoldStage(t *testing.T, s storage.Store) {
	ctx := t.Context()
	st := mustGet(s.ClaimStage(ctx, mustStage(t, s).ID, "first", blink))(t)
	must(t, s.HoldStage(ctx, st.ID, st.Fence, time.Minute))
	// The first lease has ended once another one, as long and taken later, has ended.
	other := newStage(st.VideoID, 1, storage.StepPoster)
	must(t, s.CreateStage(ctx, other))
	mustGet(s.ClaimStage(ctx, other.ID, "first", blink))(t)
	mustReclaim(t, s, other.ID, "second")
	_, err := s.ClaimStage(ctx, st.ID, "second", time.Minute)
	wantKind(t, "ClaimStage of a held stage", err, storage.Conflict)
}

func testFencedTransaction(t *testing.T, s storage.Store) {
	ctx := t.Context()
	first := mustGet(s.ClaimStage(ctx, mustStage(t, s).ID, "first", blink))(t)
	mustReclaim(t, s, first.ID, "second")
	err := s.InTx(ctx, func(tx storage.Store) error {
		if err := tx.HoldStage(ctx, first.ID, first.Fence, time.Minute); err != nil {
			return err
		}
		return tx.CreateAsset(ctx, newAsset(first.VideoID, 1, "1080p.mp4"))
	})
	wantKind(t, "a late worker's transaction", err, storage.Fenced)
	if assets := mustGet(s.AssetsByVideo(ctx, first.VideoID, 1))(t); len(assets) != 0 {
		t.Errorf("a late worker left %v", assets)
	}
}

func testEndStage(t *testing.T, s storage.Store) {
	ctx := t.Context()
	st := mustGet(s.ClaimStage(ctx, mustStage(t, s).ID, "worker", time.Minute))(t)
	must(t, s.EndStage(ctx, st.ID, st.Fence, storage.StageFailed, "This file contains no video."))
	got := mustGet(s.StageByID(ctx, st.ID))(t)
	if got.State != storage.StageFailed || got.Message != "This file contains no video." || got.Owner != "" {
		t.Errorf("ended as %+v", got)
	}
	_, err := s.ClaimStage(ctx, st.ID, "worker", time.Minute)
	wantKind(t, "ClaimStage of an ended stage", err, storage.Conflict)
	wantFenced(t, s, st.ID, st.Fence)
	if due := mustGet(s.DueStages(ctx, 0, 10))(t); len(due) != 0 {
		t.Errorf("DueStages() = %v, want none", due)
	}
}

func testRequeueStage(t *testing.T, s storage.Store) {
	ctx := t.Context()
	id := mustStage(t, s).ID
	st := mustGet(s.ClaimStage(ctx, id, "worker", time.Minute))(t)
	must(t, s.RequeueStage(ctx, id, st.Fence, 0, true))
	if got := mustGet(s.StageByID(ctx, id))(t); got.State != storage.StageDue || got.Attempt != 0 || got.Owner != "" {
		t.Errorf("handed over as %+v, want it due with its attempt refunded", got)
	}
	wantFenced(t, s, id, st.Fence)

	st = mustGet(s.ClaimStage(ctx, id, "worker", time.Minute))(t)
	must(t, s.RequeueStage(ctx, id, st.Fence, time.Hour, false))
	if got := mustGet(s.StageByID(ctx, id))(t); got.Attempt != 1 {
		t.Errorf("Attempt = %d, want 1", got.Attempt)
	}
	_, err := s.ClaimStage(ctx, id, "worker", time.Minute)
	wantKind(t, "ClaimStage before it is due", err, storage.Conflict)
	if due := mustGet(s.DueStages(ctx, 0, 10))(t); len(due) != 0 {
		t.Errorf("DueStages() = %v, want none for an hour", due)
	}

	soon := newStage(st.VideoID, 1, storage.StepPoster)
	must(t, s.CreateStage(ctx, soon))
	st = mustGet(s.ClaimStage(ctx, soon.ID, "worker", time.Minute))(t)
	must(t, s.RequeueStage(ctx, soon.ID, st.Fence, blink, false))
	if got := mustReclaim(t, s, soon.ID, "worker"); got.Attempt != 2 {
		t.Errorf("Attempt = %d, want 2", got.Attempt)
	}
}

func dueIDs(t testing.TB, s storage.Store, resend time.Duration) []storage.StageID {
	t.Helper()
	var ids []storage.StageID
	for _, st := range mustGet(s.DueStages(t.Context(), resend, 10))(t) {
		ids = append(ids, st.ID)
	}
	return ids
}

func testDueStages(t *testing.T, s storage.Store) {
	ctx := t.Context()
	st := mustStage(t, s)
	want := []storage.StageID{st.ID}
	if diff := cmp.Diff(want, dueIDs(t, s, time.Hour)); diff != "" {
		t.Errorf("never sent (-want +got):\n%s", diff)
	}
	must(t, s.MarkStageSent(ctx, st.ID))
	if got := dueIDs(t, s, time.Hour); len(got) != 0 {
		t.Errorf("just sent: %v is due, want none", got)
	}
	eventually(t, "sent long ago", func() bool { return cmp.Equal(want, dueIDs(t, s, blink)) })
	must(t, s.MarkStageSent(ctx, st.ID))
	if got := mustGet(s.StageByID(ctx, st.ID))(t); got.Sends != 2 {
		t.Errorf("Sends = %d, want 2", got.Sends)
	}

	claimed := mustGet(s.ClaimStage(ctx, st.ID, "worker", time.Minute))(t)
	if got := dueIDs(t, s, 0); len(got) != 0 {
		t.Errorf("held: %v is due, want none", got)
	}
	must(t, s.HoldStage(ctx, st.ID, claimed.Fence, blink))
	eventually(t, "the lease ran out", func() bool { return cmp.Equal(want, dueIDs(t, s, time.Hour)) })

	// A requeued stage counts as never sent.
	claimed = mustReclaim(t, s, st.ID, "worker")
	must(t, s.RequeueStage(ctx, st.ID, claimed.Fence, 0, false))
	if diff := cmp.Diff(want, dueIDs(t, s, time.Hour)); diff != "" {
		t.Errorf("given back (-want +got):\n%s", diff)
	}
	must(t, s.CreateStage(ctx, newStage(st.VideoID, 1, storage.StepPoster)))
	if got := mustGet(s.DueStages(ctx, time.Hour, 1))(t); len(got) != 1 {
		t.Errorf("DueStages() with a limit of 1 gave %d", len(got))
	}
}

func testFreeLeases(t *testing.T, s storage.Store) {
	ctx := t.Context()
	mine := mustGet(s.ClaimStage(ctx, mustStage(t, s).ID, "host a", time.Hour))(t)
	theirs := newStage(mine.VideoID, 1, storage.StepPoster)
	must(t, s.CreateStage(ctx, theirs))
	mustGet(s.ClaimStage(ctx, theirs.ID, "host b", time.Hour))(t)
	must(t, s.MarkStageSent(ctx, mine.ID))

	if n := mustGet(s.FreeLeases(ctx, "host a"))(t); n != 1 {
		t.Errorf("FreeLeases() = %d, want 1", n)
	}
	if diff := cmp.Diff([]storage.StageID{mine.ID}, dueIDs(t, s, time.Hour)); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	wantFenced(t, s, mine.ID, mine.Fence)
	if again := mustGet(s.ClaimStage(ctx, mine.ID, "host a", time.Hour))(t); again.Attempt != 2 {
		t.Errorf("Attempt = %d, want 2", again.Attempt)
	}
	_, err := s.ClaimStage(ctx, theirs.ID, "host a", time.Hour)
	wantKind(t, "ClaimStage of another host's", err, storage.Conflict)
}

func testCancelStages(t *testing.T, s storage.Store) {
	ctx := t.Context()
	running := mustGet(s.ClaimStage(ctx, mustStage(t, s).ID, "worker", time.Hour))(t)
	due := newStage(running.VideoID, 1, storage.StepPoster)
	done := newStage(running.VideoID, 1, storage.StepInspect)
	must(t, errors.Join(s.CreateStage(ctx, due), s.CreateStage(ctx, done)))
	ended := mustGet(s.ClaimStage(ctx, done.ID, "worker", time.Hour))(t)
	must(t, s.EndStage(ctx, done.ID, ended.Fence, storage.StageDone, ""))

	live := newStage(running.VideoID, 0, storage.StepSound)
	must(t, s.CreateStage(ctx, live))
	must(t, s.CancelStages(ctx, running.VideoID))
	if st := mustGet(s.StageByID(ctx, live.ID))(t); st.State != storage.StageDue {
		t.Errorf("what looks at what arrives is %s, want due", st.State)
	}
	states := map[storage.StageID]storage.StageState{}
	for _, st := range mustGet(s.StagesByVideo(ctx, running.VideoID, 1))(t) {
		states[st.ID] = st.State
	}
	want := map[storage.StageID]storage.StageState{
		running.ID: storage.StageFailed, due.ID: storage.StageFailed, done.ID: storage.StageDone,
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	wantFenced(t, s, running.ID, running.Fence)
}

func testRenewStage(t *testing.T, s storage.Store) {
	ctx := t.Context()
	running := mustGet(s.ClaimStage(ctx, mustStage(t, s).ID, "worker", time.Hour))(t)
	renewed := mustGet(s.RenewStage(ctx, running.VideoID, 1, running.Step, time.Hour))(t)
	if renewed.ID != running.ID || renewed.State != storage.StageDue || renewed.Attempt != 0 ||
		renewed.Fence <= running.Fence {
		t.Errorf("renewed it is %+v", renewed)
	}
	wantFenced(t, s, running.ID, running.Fence)
	_, err := s.ClaimStage(ctx, running.ID, "worker", time.Hour)
	wantKind(t, "ClaimStage before its wait is over", err, storage.Conflict)

	mustGet(s.RenewStage(ctx, running.VideoID, 1, running.Step, 0))(t)
	again := mustGet(s.ClaimStage(ctx, running.ID, "worker", time.Hour))(t)
	must(t, s.EndStage(ctx, again.ID, again.Fence, storage.StageFailed, "It could not be done."))
	if once := mustGet(s.RenewStage(ctx, running.VideoID, 1, running.Step, 0))(t); once.Message != "" ||
		once.State != storage.StageDue {
		t.Errorf("a failed stage is renewed as %+v", once)
	}
	if due := mustGet(s.DueStages(ctx, time.Hour, 10))(t); len(due) != 1 || due[0].ID != running.ID {
		t.Errorf("due are %+v", due)
	}
	_, err = s.RenewStage(ctx, running.VideoID, 2, running.Step, 0)
	wantKind(t, "RenewStage of another generation", err, storage.NotFound)
}

func testWakeStage(t *testing.T, s storage.Store) {
	ctx := t.Context()
	st := newStage(mustVideo(t, s).ID, 0, storage.StepSound)
	wake := func() storage.Stage {
		again := st
		again.ID = storage.StageID(storage.NewRandomID())
		return mustGet(s.WakeStage(ctx, again))(t)
	}
	if first := mustGet(s.WakeStage(ctx, st))(t); cmp.Diff(st, first) != "" {
		t.Errorf("a new one is %+v, want %+v", first, st)
	}
	if due := wake(); due.ID != st.ID || due.State != storage.StageDue {
		t.Errorf("woken while it is due, it is %+v", due)
	}
	running := mustGet(s.ClaimStage(ctx, st.ID, "worker", time.Hour))(t)
	if woken := wake(); woken.State != storage.StageRunning || woken.Fence != running.Fence ||
		woken.Owner != "worker" {
		t.Errorf("woken while it runs, it is %+v", woken)
	}
	must(t, s.EndStage(ctx, st.ID, running.Fence, storage.StageFailed, "No."))
	if woken := wake(); woken.State != storage.StageDue || woken.Attempt != 0 || woken.Message != "" {
		t.Errorf("woken after its end, it is %+v", woken)
	}
	if again := mustGet(s.ClaimStage(ctx, st.ID, "worker", time.Hour))(t); again.Fence <= running.Fence {
		t.Errorf("claimed again, its fence is %d, not above %d", again.Fence, running.Fence)
	}
}
