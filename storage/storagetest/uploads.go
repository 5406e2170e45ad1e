package storagetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

func newUpload(id storage.VideoID, d time.Duration) storage.Upload {
	return storage.Upload{
		ID:          storage.UploadID(storage.NewRandomID()),
		VideoID:     id,
		TokenHash:   "hash of a token",
		Filename:    "../clip ☃.mp4",
		LengthBytes: -1,
		CreatedAt:   noon.Add(d),
		ExpiresAt:   noon.Add(d + storage.UploadKeep),
	}
}

// part returns part n. Each part has 100 bytes.
func part(n int) storage.Part {
	return storage.Part{
		Track:       storage.FileTrack,
		N:           n,
		OffsetBytes: int64(n) * 100,
		SizeBytes:   100,
		SHA256:      "sum",
		Key:         "u/" + storage.NewRandomID(),
	}
}

func mustUpload(t testing.TB, s storage.Store) storage.Upload {
	t.Helper()
	u := newUpload(mustVideo(t, s).ID, 0)
	must(t, s.CreateUpload(t.Context(), u))
	return u
}

var uploadTests = []storeTest{
	{"an upload is read as it was written", func(t *testing.T, s storage.Store) {
		want := mustUpload(t, s)
		if diff := cmp.Diff(want, mustGet(s.UploadByID(t.Context(), want.ID))(t)); diff != "" {
			t.Errorf("UploadByID() (-want +got):\n%s", diff)
		}
		newer := newUpload(want.VideoID, time.Second)
		must(t, s.CreateUpload(t.Context(), newer))
		if diff := cmp.Diff(newer, mustGet(s.UploadByVideo(t.Context(), want.VideoID))(t)); diff != "" {
			t.Errorf("UploadByVideo() (-want +got):\n%s", diff)
		}
	}},
	{"an upload goes on beyond 4 GiB", func(t *testing.T, s storage.Store) {
		u := mustGet(s.TakeUpload(t.Context(), mustUpload(t, s).ID))(t)
		const large = 5 << 30
		var whole []storage.Part
		for n := range 2 {
			p := part(n)
			p.OffsetBytes, p.SizeBytes = int64(n)*large, large
			must(t, s.AppendParts(t.Context(), u.ID, u.Holder, []storage.Part{p}, u.ExpiresAt))
			whole = append(whole, p)
		}
		if got := mustGet(s.UploadByID(t.Context(), u.ID))(t); got.OffsetBytes != 2*large {
			t.Errorf("OffsetBytes = %d, want %d", got.OffsetBytes, int64(2*large))
		}
		if diff := cmp.Diff(whole, mustGet(s.Parts(t.Context(), u.ID, storage.FileTrack))(t)); diff != "" {
			t.Errorf("Parts() (-want +got):\n%s", diff)
		}
	}},
	{"a missing upload is not found", func(t *testing.T, s storage.Store) {
		_, err := s.UploadByID(t.Context(), "none")
		wantKind(t, "UploadByID", err, storage.NotFound)
		_, err = s.UploadByVideo(t.Context(), "none")
		wantKind(t, "UploadByVideo", err, storage.NotFound)
		_, err = s.TakeUpload(t.Context(), "none")
		wantKind(t, "TakeUpload", err, storage.NotFound)
		wantKind(
			t,
			"AppendParts",
			s.AppendParts(t.Context(), "none", 1, []storage.Part{part(0)}, noon),
			storage.NotFound,
		)
	}},
	{"parts follow one another", testAppendParts},
	{"who takes an upload over fences who held it", testTakeUpload},
	{"an upload is being written until who took it leaves it", testLeaveUpload},
	{"of many who append at one offset one wins", testAppendRace},
	{"a deferred length is fixed once", func(t *testing.T, s storage.Store) {
		u := mustUpload(t, s)
		must(t, s.SetUploadLength(t.Context(), u.ID, 300))
		must(t, s.SetUploadLength(t.Context(), u.ID, 300))
		wantKind(t, "another length", s.SetUploadLength(t.Context(), u.ID, 301), storage.Conflict)
		if got := mustGet(s.UploadByID(t.Context(), u.ID))(t); got.LengthBytes != 300 {
			t.Errorf("LengthBytes = %d, want 300", got.LengthBytes)
		}
	}},
	{"an upload ends once", testEndUpload},
}

func testAppendParts(t *testing.T, s storage.Store) {
	ctx := t.Context()
	u := mustGet(s.TakeUpload(ctx, mustUpload(t, s).ID))(t)
	parts := []storage.Part{part(0), part(1), part(2)}
	must(t, s.AppendParts(ctx, u.ID, u.Holder, parts[:2], noon.Add(time.Hour)))
	must(t, s.AppendParts(ctx, u.ID, u.Holder, parts[2:], noon.Add(2*time.Hour)))
	if diff := cmp.Diff(parts, mustGet(s.Parts(ctx, u.ID, storage.FileTrack))(t)); diff != "" {
		t.Errorf("Parts() (-want +got):\n%s", diff)
	}
	if other := mustGet(s.Parts(ctx, u.ID, "camera"))(t); len(other) != 0 {
		t.Errorf("Parts() of another track = %v, want none", other)
	}
	got := mustGet(s.UploadByID(ctx, u.ID))(t)
	u.OffsetBytes, u.ExpiresAt = 300, noon.Add(2*time.Hour)
	if diff := cmp.Diff(u, got); diff != "" {
		t.Errorf("UploadByID() (-want +got):\n%s", diff)
	}

	for _, n := range []int{2, 4} {
		wantKind(
			t,
			fmt.Sprintf("part %d at offset 300", n),
			s.AppendParts(ctx, u.ID, u.Holder, []storage.Part{part(n)}, noon),
			storage.Conflict,
		)
	}
	gap := []storage.Part{part(3), part(5)}
	if err := s.AppendParts(ctx, u.ID, u.Holder, gap, noon); err == nil {
		t.Error("parts with a gap between them were taken")
	}
	// The second part's key is taken, so the first part may not stay either.
	twice := part(4)
	twice.Key = parts[0].Key
	wantKind(
		t,
		"a key that is taken",
		s.AppendParts(ctx, u.ID, u.Holder, []storage.Part{part(3), twice}, noon),
		storage.Conflict,
	)
	if diff := cmp.Diff(u, mustGet(s.UploadByID(ctx, u.ID))(t)); diff != "" {
		t.Errorf("UploadByID() after refusals (-want +got):\n%s", diff)
	}
	if n := len(mustGet(s.Parts(ctx, u.ID, storage.FileTrack))(t)); n != 3 {
		t.Errorf("%d parts after refusals, want 3", n)
	}
}

func testTakeUpload(t *testing.T, s storage.Store) {
	ctx := t.Context()
	id := mustUpload(t, s).ID
	first := mustGet(s.TakeUpload(ctx, id))(t)
	second := mustGet(s.TakeUpload(ctx, id))(t)
	if second.Holder <= first.Holder {
		t.Fatalf("holders %d, then %d, want it raised", first.Holder, second.Holder)
	}
	wantKind(
		t,
		"the first holder",
		s.AppendParts(ctx, id, first.Holder, []storage.Part{part(0)}, noon),
		storage.Fenced,
	)
	must(t, s.AppendParts(ctx, id, second.Holder, []storage.Part{part(0)}, noon))
	wantKind(
		t,
		"the first holder at the right offset",
		s.AppendParts(ctx, id, first.Holder, []storage.Part{part(1)}, noon),
		storage.Fenced,
	)

	holders := make([]int64, 8)
	errs := together(len(holders), func(i int) error {
		u, err := s.TakeUpload(ctx, id)
		holders[i] = u.Holder
		return err
	})
	must(t, errors.Join(errs...))
	accepted := 0
	for _, holder := range holders {
		err := s.AppendParts(ctx, id, holder, []storage.Part{part(1)}, noon)
		if err == nil {
			accepted++
			continue
		}
		wantKind(t, "a holder that was overtaken", err, storage.Fenced)
	}
	if accepted != 1 {
		t.Errorf("%d holders appended, want 1", accepted)
	}
}

func testLeaveUpload(t *testing.T, s storage.Store) {
	ctx := t.Context()
	id := mustUpload(t, s).ID
	wantWriter := func(after string, want int64) {
		t.Helper()
		if got := mustGet(s.UploadByID(ctx, id))(t).Writer; got != want {
			t.Errorf("after %s the writer is %d, want %d", after, got, want)
		}
	}
	wantWriter("creation", 0)
	first := mustGet(s.TakeUpload(ctx, id))(t)
	wantWriter("the first take", first.Holder)
	second := mustGet(s.TakeUpload(ctx, id))(t)
	must(t, s.LeaveUpload(ctx, id, first.Holder))
	wantWriter("the leave of who was overtaken", second.Holder)
	must(t, s.AppendParts(ctx, id, second.Holder, []storage.Part{part(0)}, noon))
	must(t, s.LeaveUpload(ctx, id, second.Holder))
	wantWriter("the leave of who holds it", 0)
}

func testAppendRace(t *testing.T, s storage.Store) {
	ctx := t.Context()
	u := mustGet(s.TakeUpload(ctx, mustUpload(t, s).ID))(t)
	wantOneWinner(t, together(8, func(int) error {
		return s.AppendParts(ctx, u.ID, u.Holder, []storage.Part{part(0), part(1)}, noon)
	}), storage.Conflict)
	if got := mustGet(s.UploadByID(ctx, u.ID))(t); got.OffsetBytes != 200 {
		t.Errorf("OffsetBytes = %d, want 200", got.OffsetBytes)
	}
	if n := len(mustGet(s.Parts(ctx, u.ID, storage.FileTrack))(t)); n != 2 {
		t.Errorf("%d parts, want 2", n)
	}
}

func testEndUpload(t *testing.T, s storage.Store) {
	ctx := t.Context()
	sealed := mustGet(s.TakeUpload(ctx, mustUpload(t, s).ID))(t)
	wantOneWinner(
		t,
		together(4, func(int) error { return s.SealUpload(ctx, sealed.ID, noon.Add(time.Second)) }),
		storage.Conflict,
	)
	wantKind(t, "appending to a sealed upload",
		s.AppendParts(ctx, sealed.ID, sealed.Holder, []storage.Part{part(0)}, noon), storage.Conflict)
	if diff := cmp.Diff(after(time.Second), mustGet(s.UploadByID(ctx, sealed.ID))(t).SealedAt); diff != "" {
		t.Errorf("SealedAt (-want +got):\n%s", diff)
	}

	given := newUpload(sealed.VideoID, 0)
	must(t, s.CreateUpload(ctx, given))
	given = mustGet(s.TakeUpload(ctx, given.ID))(t)
	must(t, s.AppendParts(ctx, given.ID, given.Holder, []storage.Part{part(0)}, noon))
	must(t, s.TerminateUpload(ctx, given.ID, noon.Add(time.Second)))
	wantKind(t, "sealing a terminated upload", s.SealUpload(ctx, given.ID, noon), storage.Conflict)
	wantKind(t, "appending to a terminated upload",
		s.AppendParts(ctx, given.ID, given.Holder, []storage.Part{part(1)}, noon), storage.Conflict)
	if n := len(mustGet(s.Parts(ctx, given.ID, storage.FileTrack))(t)); n != 1 {
		t.Errorf("%d parts of a terminated upload, want 1", n)
	}
}
