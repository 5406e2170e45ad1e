package servertest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile/server/servertest"
	"meanwhile/server/uploads"
	"meanwhile/storage"
)

func (h *fixture) wantState(t testing.TB, id storage.VideoID, state storage.State, trashed bool) storage.VideoSummary {
	t.Helper()
	v := h.state(t, id)
	if v.State != state || (v.TrashedAt != nil) != trashed {
		t.Errorf("state %s, in the trash %v; want %s, %v", v.State, v.TrashedAt != nil, state, trashed)
	}
	return v
}

func (h *fixture) cancel(t testing.TB, ticket uploads.Ticket) {
	t.Helper()
	if err := h.Uploads.Cancel(t.Context(), h.Owner, ticket.Upload.ID); err != nil {
		t.Fatal(err)
	}
}

// TestRecordingWithoutAChunkGoesAwayAndComesBack is about a tab that died before its first chunk.
// Its device may have chunks that it could not send.
func TestRecordingWithoutAChunkGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]func(*fixture, uploads.Ticket) error{
		"by a chunk": func(h *fixture, u uploads.Ticket) error { return h.chunk(t, u, "screen", 0, "one ") },
		"by a heartbeat": func(h *fixture, u uploads.Ticket) error {
			_, err := h.Uploads.KeepAlive(t.Context(), h.Owner, u.Upload.ID, uploads.Heartbeat{State: "recording"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newFixture(t)
			ticket := h.recording(t)
			h.Clock.Move(14 * time.Minute)
			h.sealSilent(t)
			h.wantState(t, ticket.Video.ID, storage.StateRecording, false)
			h.Clock.Move(2 * time.Minute)
			if n := h.sealSilent(t); n != 1 {
				t.Errorf("%d recordings were ended, want 1", n)
			}
			if v := h.wantState(
				t,
				ticket.Video.ID,
				storage.StateFailed,
				true,
			); !strings.Contains(
				v.Failure,
				"Nothing was recorded",
			) {
				t.Errorf("its owner reads %q", v.Failure)
			}
			wantKind(t, h.Videos.Restore(t.Context(), h.Owner, ticket.Video.ID), storage.Conflict)
			if n := h.sealSilent(t); n != 0 {
				t.Error("it was ended twice")
			}
			h.Clock.Move(5 * 24 * time.Hour)
			if err := sign(h, ticket); err != nil {
				t.Fatal(err)
			}
			h.wantState(t, ticket.Video.ID, storage.StateRecording, false)
		})
	}
}

// TestWhatItsOwnerThrewAwayDoesNotComeBackByItself differs from the test above: here it was not
// the program that put the recording away.
func TestWhatItsOwnerThrewAwayDoesNotComeBackByItself(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.recording(t)
	if err := h.chunk(t, ticket, "screen", 0, "one "); err != nil {
		t.Fatal(err)
	}
	if err := h.Videos.Trash(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(20 * time.Minute)
	if err := h.chunk(t, ticket, "screen", 1, "two "); err != nil {
		t.Fatal(err)
	}
	h.wantState(t, ticket.Video.ID, storage.StateRecording, true)
	h.Clock.Move(16 * time.Minute)
	h.sealSilent(t)
	h.wantState(t, ticket.Video.ID, storage.StateProcessing, true)
}

// TestAnEmptyRecordingThatItsOwnerThrewAwayStaysAway is the like of both tests above.
func TestAnEmptyRecordingThatItsOwnerThrewAwayStaysAway(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.recording(t)
	if err := h.Videos.Trash(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(20 * time.Minute)
	h.sealSilent(t)
	h.wantState(t, ticket.Video.ID, storage.StateFailed, true)
	h.Clock.Move(time.Hour)
	if err := h.chunk(t, ticket, "screen", 0, "one "); err != nil {
		t.Fatal(err)
	}
	h.wantState(t, ticket.Video.ID, storage.StateRecording, true)
}

// lateStore does something after it has listed empty recordings.
type lateStore struct {
	storage.Store
	then *func()
}

func (s lateStore) EmptyRecordings(ctx context.Context, before time.Time, limit int) ([]storage.UploadID, error) {
	ids, err := s.Store.EmptyRecordings(ctx, before, limit)
	(*s.then)()
	return ids, err
}

// TestARecordingThatComesBackAtTheLastMomentIsNotPutAway has its first chunk arrive after it was
// found empty.
func TestARecordingThatComesBackAtTheLastMomentIsNotPutAway(t *testing.T) {
	t.Parallel()
	then := func() {}
	h := newFixture(t, func(c *servertest.Config) { c.Store = lateStore{c.Store, &then} })
	ticket := h.recording(t)
	h.Clock.Move(16 * time.Minute)
	then = func() {
		if err := h.chunk(t, ticket, "screen", 0, "one "); err != nil {
			t.Error(err)
		}
	}
	h.sealSilent(t)
	h.wantState(t, ticket.Video.ID, storage.StateRecording, false)
}

// TestThrownAwayTakeIsRestored throws a take away while it is recorded and brings it back: without
// its recorder, with it, and after it was sealed by silence.
func TestThrownAwayTakeIsRestored(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (*fixture, uploads.Ticket) {
		h := newFixture(t)
		ticket := h.recording(t)
		if err := h.chunk(t, ticket, "screen", 0, "one "); err != nil {
			t.Fatal(err)
		}
		return h, ticket
	}
	restore := func(t *testing.T, h *fixture, ticket uploads.Ticket) {
		t.Helper()
		if err := h.Videos.Restore(t.Context(), h.Owner, ticket.Video.ID); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("its recorder is gone", func(t *testing.T) {
		t.Parallel()
		h, ticket := begin(t)
		h.cancel(t, ticket)
		if v := h.wantState(
			t,
			ticket.Video.ID,
			storage.StateFailed,
			true,
		); !strings.Contains(
			v.Failure,
			"thrown away",
		) {
			t.Errorf("its owner reads %q", v.Failure)
		}
		wantKind(t, h.chunk(t, ticket, "screen", 1, "two "), storage.Gone)
		h.Clock.Move(time.Minute)
		restore(t, h, ticket)
		h.wantState(t, ticket.Video.ID, storage.StateRecording, false)
		h.Clock.Move(storage.ReopenedFor + time.Second)
		h.sealSilent(t)
		h.wantState(t, ticket.Video.ID, storage.StateProcessing, false)
		if got := h.source(t, ticket.Video.ID, "screen"); got != "one " {
			t.Errorf("the source is %q", got)
		}
	})
	t.Run("its recorder sends the rest", func(t *testing.T) {
		t.Parallel()
		h, ticket := begin(t)
		h.cancel(t, ticket)
		restore(t, h, ticket)
		if err := h.chunk(t, ticket, "screen", 1, "two "); err != nil {
			t.Fatal(err)
		}
		claims := map[string]uploads.Claim{"screen": {Chunks: 2, Bytes: 8}}
		if _, err := h.Uploads.Complete(t.Context(), h.Owner, ticket.Upload.ID, claims); err != nil {
			t.Fatal(err)
		}
		if v := h.wantState(t, ticket.Video.ID, storage.StateProcessing, false); v.Generation != 1 {
			t.Errorf("generation %d, want 1", v.Generation)
		}
	})
	t.Run("after it was sealed by silence", func(t *testing.T) {
		t.Parallel()
		h, ticket := begin(t)
		h.Clock.Move(16 * time.Minute)
		h.sealSilent(t)
		h.cancel(t, ticket)
		h.wantState(t, ticket.Video.ID, storage.StateProcessing, true)
		restore(t, h, ticket)
		h.wantState(t, ticket.Video.ID, storage.StateProcessing, false)
		if err := h.chunk(t, ticket, "screen", 1, "two "); err != nil {
			t.Errorf("a late chunk: %v", err)
		}
	})
}

// TestOnlyTheLastThrownAwayTakesAreKept is about somebody who starts over again and again.
func TestOnlyTheLastThrownAwayTakesAreKept(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	var takes []uploads.Ticket
	for range storage.KeptTakes + 2 {
		ticket := h.recording(t)
		if err := h.chunk(t, ticket, "screen", 0, "one "); err != nil {
			t.Fatal(err)
		}
		h.cancel(t, ticket)
		h.Clock.Move(time.Minute)
		takes = append(takes, ticket)
	}
	finished := h.recording(t)
	if err := h.Videos.Trash(t.Context(), h.Owner, finished.Video.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := h.Videos.DropSurplusTakes(t.Context()); n != 2 || err != nil {
		t.Errorf("DropSurplusTakes() = %d, %v; want 2", n, err)
	}
	for i, ticket := range append(takes, finished) {
		_, err := h.Core.Store.VideoByID(t.Context(), ticket.Video.ID)
		if gone := err != nil && storage.KindOf(err) == storage.NotFound; gone != (i < 2) {
			t.Errorf("take %d of %d: %v", i+1, len(takes), err)
		}
	}
}

// lockstep lets two callers look at an object only together.
type lockstep struct {
	storage.Objects
	both *sync.WaitGroup
}

func (l lockstep) Stat(ctx context.Context, key string) (storage.ObjectInfo, error) {
	l.both.Done()
	l.both.Wait()
	return l.Objects.Stat(ctx, key)
}

// TestTwoCompleteAtOnce has both compare the chunks before one of them seals the recording.
func TestTwoCompleteAtOnce(t *testing.T) {
	t.Parallel()
	var both sync.WaitGroup
	both.Add(2)
	h := newFixture(t, func(c *servertest.Config) { c.Objects = lockstep{c.Objects, &both} })
	ticket := h.recording(t)
	if err := h.chunk(t, ticket, "screen", 0, "one "); err != nil {
		t.Fatal(err)
	}
	claims := map[string]uploads.Claim{"screen": {Chunks: 1, Bytes: 4}}
	errs := make([]error, 2)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = h.Uploads.Complete(t.Context(), h.Owner, ticket.Upload.ID, claims) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if v := h.wantState(t, ticket.Video.ID, storage.StateProcessing, false); v.Generation != 1 {
		t.Errorf("generation %d, want 1", v.Generation)
	}
}

func TestUploadsThatStoppedEndTruly(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	file := func(body string) uploads.Ticket {
		t.Helper()
		ticket, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{Filename: "a.mp4", LengthBytes: 8})
		if err != nil {
			t.Fatal(err)
		}
		h.write(t, ticket, 0, body)
		return ticket
	}
	whole, half, empty := file("12345678"), file("1234"), file("")
	h.Clock.Move(storage.UploadKeep + time.Second)
	if n, err := h.Uploads.EndExpired(t.Context()); n != 2 || err != nil {
		t.Errorf("EndExpired() = %d, %v; want 2", n, err)
	}
	h.wantState(t, whole.Video.ID, storage.StateProcessing, false)
	if v := h.wantState(
		t,
		half.Video.ID,
		storage.StateFailed,
		false,
	); !strings.Contains(
		v.Failure,
		"stopped half-way",
	) {
		t.Errorf("its owner reads %q", v.Failure)
	}
	h.wantState(t, empty.Video.ID, storage.StateFailed, true)
	wantKind(t, h.Videos.Reprocess(t.Context(), h.Owner, half.Video.ID), storage.Conflict)
}

// TestCancelledUploadGoesOn brings the upload of a file back from the trash: its client may send
// the rest.
func TestCancelledUploadGoesOn(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket, err := h.Uploads.Create(t.Context(), h.Owner, uploads.NewUpload{Filename: "a.mp4", LengthBytes: 8})
	if err != nil {
		t.Fatal(err)
	}
	h.write(t, ticket, 0, "1234")
	h.cancel(t, ticket)
	h.wantState(t, ticket.Video.ID, storage.StateFailed, true)
	if err := h.Videos.Restore(t.Context(), h.Owner, ticket.Video.ID); err != nil {
		t.Fatal(err)
	}
	h.wantState(t, ticket.Video.ID, storage.StateUploading, false)
	h.write(t, ticket, 4, "5678")
	h.wantState(t, ticket.Video.ID, storage.StateProcessing, false)
}

func (h *fixture) write(t testing.TB, ticket uploads.Ticket, offset int64, body string) {
	t.Helper()
	if _, err := h.Uploads.Write(
		t.Context(),
		h.Owner,
		ticket.Upload.ID,
		offset,
		strings.NewReader(body),
		nil,
	); err != nil {
		t.Fatal(err)
	}
}
