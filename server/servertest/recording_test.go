package servertest_test

import (
	"crypto/sha256"
	"io"
	"strings"
	"testing"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/uploads"
	"meanwhile/storage"
)

func (h *fixture) recording(t testing.TB) uploads.Ticket {
	t.Helper()
	ticket, err := h.Uploads.CreateRecording(t.Context(), h.Owner, "Weekly")
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func (h *fixture) chunk(t testing.TB, ticket uploads.Ticket, track string, n int, body string) error {
	t.Helper()
	_, _, err := h.Uploads.PutChunk(
		t.Context(),
		h.Owner,
		ticket.Upload.ID,
		uploads.NewChunk{Track: track, N: n, MediaType: "video/mp4", Want: sha256.Sum256([]byte(body))},
		strings.NewReader(body),
	)
	return err
}

func (h *fixture) source(t testing.TB, id storage.VideoID, track string) string {
	t.Helper()
	src, err := h.Source.OpenTrack(t.Context(), id, track)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	b, err := io.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (h *fixture) sealSilent(t testing.TB) int {
	t.Helper()
	n, err := h.Uploads.SealSilent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSilentRecordingIsSealedAndGoesOn is about a browser that disappears and comes back days
// later.
func TestSilentRecordingIsSealedAndGoesOn(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.recording(t)
	for n, body := range []string{"one ", "two "} {
		if err := h.chunk(t, ticket, "screen", n, body); err != nil {
			t.Fatal(err)
		}
	}
	// the third is still on its way
	if err := h.chunk(t, ticket, "screen", 3, "four "); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(14 * time.Minute)
	if _, err := h.Uploads.KeepAlive(
		t.Context(),
		h.Owner,
		ticket.Upload.ID,
		uploads.Heartbeat{State: "paused"},
	); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(14 * time.Minute)
	if n := h.sealSilent(t); n != 0 {
		t.Fatalf("%d recordings were sealed while one beats on", n)
	}
	h.Clock.Move(2 * time.Minute)
	if n := h.sealSilent(t); n != 1 {
		t.Fatalf("%d recordings were sealed after 16 minutes of silence, want 1", n)
	}
	if n := h.sealSilent(t); n != 0 {
		t.Errorf("it was sealed twice")
	}
	if v := h.state(t, ticket.Video.ID); v.State != storage.StateProcessing || v.Generation != 1 {
		t.Errorf("state %s, generation %d; want processing, 1", v.State, v.Generation)
	}
	if got := h.source(t, ticket.Video.ID, "screen"); got != "one two " {
		t.Errorf("the source is %q, want what is contiguous", got)
	}

	h.Clock.Move(5 * 24 * time.Hour)
	if err := h.chunk(t, ticket, "screen", 2, "three "); err != nil {
		t.Fatalf("a late chunk: %v", err)
	}
	if _, err := h.Uploads.Complete(
		t.Context(),
		h.Owner,
		ticket.Upload.ID,
		map[string]uploads.Claim{"screen": {Chunks: 4, Bytes: 19}},
	); err != nil {
		t.Fatal(err)
	}
	if got := h.source(t, ticket.Video.ID, "screen"); got != "one two three four " {
		t.Errorf("the source is %q", got)
	}
	if v := h.state(t, ticket.Video.ID); v.Generation != 2 {
		t.Errorf("generation %d, want another pass", v.Generation)
	}
	wantKind(t, h.chunk(t, ticket, "screen", 4, "five"), storage.Conflict)
}

func TestLateChunksAreProcessedWithoutAnybodySayingSo(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket := h.recording(t)
	if err := h.chunk(t, ticket, "screen", 0, "one "); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(16 * time.Minute)
	h.sealSilent(t)
	if err := h.chunk(t, ticket, "screen", 1, "two "); err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(16 * time.Minute)
	if n := h.sealSilent(t); n != 1 {
		t.Fatalf("%d recordings were sealed again, want 1", n)
	}
	if v := h.state(t, ticket.Video.ID); v.Generation != 2 {
		t.Errorf("generation %d, want 2", v.Generation)
	}
}

func TestUploadTokenIsForOneUploadAndEnds(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	ticket, other := h.recording(t), h.recording(t)
	if a, err := h.Core.ByUploadToken(
		t.Context(),
		ticket.Upload.ID,
		ticket.Token,
	); err != nil || !a.Holds(ticket.Upload.ID) ||
		a.SignedIn() {
		t.Errorf("the token gives %+v, %v", a, err)
	}
	_, err := h.Core.ByUploadToken(t.Context(), other.Upload.ID, ticket.Token)
	wantKind(t, err, storage.Unauthenticated)
	_, err = h.Core.ByUploadToken(t.Context(), ticket.Upload.ID, ticket.Token+"x")
	wantKind(t, err, storage.Unauthenticated)

	h.Clock.Move(6 * 24 * time.Hour)
	fresh, err := h.Uploads.KeepAlive(t.Context(), h.Owner, ticket.Upload.ID, uploads.Heartbeat{State: "recording"})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Move(6 * 24 * time.Hour)
	if _, err := h.Uploads.RecordingState(
		t.Context(),
		mustActor(t, h, ticket.Upload.ID, fresh),
		ticket.Upload.ID,
	); err != nil {
		t.Errorf("six days after the last heartbeat: %v", err)
	}
	h.Clock.Move(2 * 24 * time.Hour)
	_, err = h.Uploads.RecordingState(t.Context(), mustActor(t, h, ticket.Upload.ID, fresh), ticket.Upload.ID)
	wantKind(t, err, storage.Gone)
}

func mustActor(t testing.TB, h *fixture, id storage.UploadID, token string) access.Actor {
	t.Helper()
	a, err := h.Core.ByUploadToken(t.Context(), id, token)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
