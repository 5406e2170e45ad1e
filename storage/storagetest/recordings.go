package storagetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

func mustRecording(t testing.TB, s storage.Store) storage.Recording {
	t.Helper()
	return mustRecordingOf(t, s, mustVideo(t, s).ID)
}

func mustRecordingOf(t testing.TB, s storage.Store, id storage.VideoID) storage.Recording {
	t.Helper()
	u := newUpload(id, 0)
	must(t, s.CreateUpload(t.Context(), u))
	r := storage.Recording{UploadID: u.ID, State: "recording", HeardAt: noon, Pauses: []storage.Pause{}}
	must(t, s.CreateRecording(t.Context(), r))
	return r
}

func chunk(track string, n int) storage.Chunk {
	return storage.Chunk{Track: track, N: n, SizeBytes: 100, SHA256: "sum", Key: "u/" + storage.NewRandomID()}
}

func mustAdd(t testing.TB, s storage.Store, id storage.UploadID, c storage.Chunk, at time.Duration) {
	t.Helper()
	_, created, err := s.AddChunk(t.Context(), id, c, "video/mp4", noon.Add(at), noon.Add(at+storage.UploadKeep))
	must(t, err)
	if !created {
		t.Fatalf("chunk %d of %s was there already", c.N, c.Track)
	}
}

var recordingTests = []storeTest{
	{"a recording is read as it was last heard of", func(t *testing.T, s storage.Store) {
		r := mustRecording(t, s)
		r.State, r.StartedAt, r.CameraOffsetMS, r.HeardAt = "paused", after(time.Second), -40, noon.Add(time.Minute)
		r.Pauses = []storage.Pause{
			{From: noon.Add(time.Second), To: after(2 * time.Second)},
			{From: noon.Add(time.Minute)},
		}
		must(t, s.HearRecording(t.Context(), r, noon.Add(time.Hour)))
		if diff := cmp.Diff(r, mustGet(s.RecordingByUpload(t.Context(), r.UploadID))(t)); diff != "" {
			t.Errorf("RecordingByUpload() (-want +got):\n%s", diff)
		}
		if u := mustGet(s.UploadByID(t.Context(), r.UploadID))(t); !u.ExpiresAt.Equal(noon.Add(time.Hour)) {
			t.Errorf("the upload expires at %s", u.ExpiresAt)
		}
		file := newUpload(mustGet(s.UploadByID(t.Context(), r.UploadID))(t).VideoID, time.Second)
		must(t, s.CreateUpload(t.Context(), file))
		_, err := s.RecordingByUpload(t.Context(), file.ID)
		wantKind(t, "the recording of a file", err, storage.NotFound)
	}},
	{"a request's name gives the video that it made, to its account, for as long as it is kept", testCreations},
	{"pieces of sound are listed in order, and one number is one piece", func(t *testing.T, s storage.Store) {
		r := mustRecording(t, s)
		piece := func(n int) storage.SoundPiece {
			return storage.SoundPiece{
				UploadID:       r.UploadID,
				Track:          "screen",
				N:              n,
				FirstFragment:  5 * n,
				Fragments:      5,
				FirstFrame:     469 * int64(n),
				Frames:         469,
				ResumeFragment: 4 + 5*n,
				ResumeSamples:  384_960,
				Key:            "v/sound",
				SizeBytes:      80_000,
			}
		}
		must(t, s.AddSound(t.Context(), piece(1)))
		must(t, s.AddSound(t.Context(), piece(0)))
		wantKind(t, "a second piece of that number", s.AddSound(t.Context(), piece(1)), storage.Conflict)
		if diff := cmp.Diff(
			[]storage.SoundPiece{piece(1)},
			mustGet(s.Sounds(t.Context(), r.UploadID, "screen", 1))(t),
		); diff != "" {
			t.Errorf("Sounds() from the second on (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(
			[]storage.SoundPiece{piece(0), piece(1)},
			mustGet(s.Sounds(t.Context(), r.UploadID, "screen", 0))(t),
		); diff != "" {
			t.Errorf("Sounds() (-want +got):\n%s", diff)
		}
	}},
	{"chunks come in any order and are listed in theirs", func(t *testing.T, s storage.Store) {
		r := mustRecording(t, s)
		first, third, camera := chunk("screen", 0), chunk("screen", 2), chunk("camera", 0)
		for i, c := range []storage.Chunk{third, camera, first} {
			mustAdd(t, s, r.UploadID, c, time.Duration(i)*time.Minute)
		}
		if diff := cmp.Diff(
			[]storage.Chunk{first, third},
			mustGet(s.Chunks(t.Context(), r.UploadID, "screen"))(t),
		); diff != "" {
			t.Errorf("Chunks() (-want +got):\n%s", diff)
		}
		if got := mustGet(s.RecordingByUpload(t.Context(), r.UploadID))(
			t,
		).HeardAt; !got.Equal(noon.Add(2 * time.Minute)) {
			t.Errorf("heard at %s", got)
		}
		if got := mustGet(s.Tracks(t.Context(), r.UploadID))(t); len(got) != 2 || got[0].Name != "camera" ||
			got[1].MediaType != "video/mp4" {
			t.Errorf("tracks are %+v", got)
		}
		if diff := cmp.Diff(third, mustGet(s.ChunkByNumber(t.Context(), r.UploadID, "screen", 2))(t)); diff != "" {
			t.Errorf("ChunkByNumber() (-want +got):\n%s", diff)
		}
		_, err := s.ChunkByNumber(t.Context(), r.UploadID, "screen", 1)
		wantKind(t, "the missing chunk", err, storage.NotFound)
	}},
	{"of two with one number the first stays", func(t *testing.T, s storage.Store) {
		r := mustRecording(t, s)
		var created atomic.Int32
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				_, made, err := s.AddChunk(t.Context(), r.UploadID, chunk("screen", 0), "", noon, noon.Add(time.Hour))
				if err != nil {
					t.Error(err)
				}
				if made {
					created.Add(1)
				}
			})
		}
		group.Wait()
		if got := created.Load(); got != 1 || len(mustGet(s.Chunks(t.Context(), r.UploadID, "screen"))(t)) != 1 {
			t.Errorf("%d of 8 were the first", got)
		}
	}},
	{"a completed recording takes no chunk, a recovered one does", func(t *testing.T, s storage.Store) {
		r := mustRecording(t, s)
		there := chunk("screen", 0)
		mustAdd(t, s, r.UploadID, there, 0)
		must(t, s.SealRecording(t.Context(), r.UploadID, noon, 1, true))
		mustAdd(t, s, r.UploadID, chunk("screen", 1), 0)
		must(t, s.SealRecording(t.Context(), r.UploadID, noon, 2, false))
		_, _, err := s.AddChunk(t.Context(), r.UploadID, chunk("screen", 2), "", noon, noon)
		wantKind(t, "a chunk after the end", err, storage.Conflict)
		if got, created, err := s.AddChunk(
			t.Context(),
			r.UploadID,
			chunk("screen", 0),
			"",
			noon,
			noon,
		); err != nil || created ||
			got != there {
			t.Errorf("the same number again: %+v, %v, %v; want what is there", got, created, err)
		}
		wantKind(t, "giving up what is complete", s.TerminateUpload(t.Context(), r.UploadID, noon), storage.Conflict)
		given := mustRecordingOf(t, s, mustGet(s.UploadByID(t.Context(), r.UploadID))(t).VideoID)
		must(t, s.SealRecording(t.Context(), given.UploadID, noon, 0, true)) // by silence: it may go on, or not
		must(t, s.TerminateUpload(t.Context(), given.UploadID, noon))
		wantKind(
			t,
			"sealing what was given up",
			s.SealRecording(t.Context(), given.UploadID, noon, 2, false),
			storage.Conflict,
		)
	}},
	{"silent recordings are those with something unsealed", func(t *testing.T, s storage.Store) {
		v := mustVideo(t, s).ID
		silent, fresh, sealed, gone := mustRecordingOf(
			t,
			s,
			v,
		), mustRecordingOf(
			t,
			s,
			v,
		), mustRecordingOf(
			t,
			s,
			v,
		), mustRecordingOf(
			t,
			s,
			v,
		)
		mustRecordingOf(t, s, v) // without a chunk
		for _, r := range []storage.Recording{silent, sealed, gone} {
			mustAdd(t, s, r.UploadID, chunk("screen", 0), 0)
		}
		mustAdd(t, s, fresh.UploadID, chunk("screen", 0), time.Hour)
		must(t, s.SealRecording(t.Context(), sealed.UploadID, noon, 1, true))
		must(t, s.TerminateUpload(t.Context(), gone.UploadID, noon))
		want := []storage.UploadID{silent.UploadID}
		if diff := cmp.Diff(want, mustGet(s.SilentRecordings(t.Context(), noon.Add(time.Minute), 10))(t)); diff != "" {
			t.Errorf("SilentRecordings() (-want +got):\n%s", diff)
		}
		mustAdd(t, s, sealed.UploadID, chunk("screen", 1), time.Second) // a late one
		if got := mustGet(s.SilentRecordings(t.Context(), noon.Add(time.Minute), 10))(t); len(got) != 2 {
			t.Errorf("%d are silent after a late chunk, want 2", len(got))
		}
	}},
	{"recordings without a chunk are those that never began", testEmptyRecordings},
	{"what was given up is open again", testReopenUpload},
	{"the last takes of a person are kept", testSurplusTakes},
	{"the last layout stays", func(t *testing.T, s storage.Store) {
		v := mustVideo(t, s)
		_, err := s.LayoutOf(t.Context(), v.ID)
		wantKind(t, "no layout", err, storage.NotFound)
		want := storage.DefaultLayout()
		must(t, s.SaveLayout(t.Context(), v.ID, want))
		want.Bubbles = append(want.Bubbles, storage.Bubble{AtMS: 5000, X: 0.9, Y: 0.1, Size: 0.5})
		must(t, s.SaveLayout(t.Context(), v.ID, want))
		if diff := cmp.Diff(want, mustGet(s.LayoutOf(t.Context(), v.ID))(t)); diff != "" {
			t.Errorf("LayoutOf() (-want +got):\n%s", diff)
		}
	}},
	{"an index grows from where it stands, once", func(t *testing.T, s storage.Store) {
		r := mustRecording(t, s)
		mustAdd(t, s, r.UploadID, chunk("screen", 0), 0)
		want := storage.Track{
			UploadID:     r.UploadID,
			Name:         "screen",
			MediaType:    "video/mp4",
			InitBytes:    1000,
			IndexedBytes: 6 << 30,
			Timing:       "[]",
			Fragments:    2,
			DurationMS:   4000,
			Width:        1920,
			Height:       1080,
			Codecs:       "avc1.640028, opus",
		}
		fragments := []storage.Fragment{
			{
				Offset:    1000,
				SizeBytes: 5 << 30,
				Duration:  2 * time.Second,
			},
			{
				Offset:    5<<30 + 1000,
				SizeBytes: 1 << 30,
				Start:     2 * time.Second,
				Duration:  2*time.Second - time.Microsecond,
			},
		}
		must(t, s.IndexTrack(t.Context(), 0, want, fragments))
		wantKind(t, "the same again", s.IndexTrack(t.Context(), 0, want, fragments), storage.Conflict)
		if diff := cmp.Diff([]storage.Track{want}, mustGet(s.Tracks(t.Context(), r.UploadID))(t)); diff != "" {
			t.Errorf("Tracks() (-want +got):\n%s", diff)
		}
		more := storage.Fragment{Offset: 6 << 30, SizeBytes: 10, Start: 4 * time.Second, Duration: time.Second}
		from := want.IndexedBytes
		want.IndexedBytes, want.Fragments = from+10, 3
		must(t, s.IndexTrack(t.Context(), from, want, []storage.Fragment{more}))
		if diff := cmp.Diff(
			append(fragments, more),
			mustGet(s.Fragments(t.Context(), r.UploadID, "screen", 0))(t),
		); diff != "" {
			t.Errorf("Fragments() (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(
			[]storage.Fragment{more},
			mustGet(s.Fragments(t.Context(), r.UploadID, "screen", 2))(t),
		); diff != "" {
			t.Errorf("Fragments() from the third (-want +got):\n%s", diff)
		}
	}},
	{"chunks are found by where their bytes lie, as far as there is no gap", testChunksAt},
}

func testChunksAt(t *testing.T, s storage.Store) {
	r := mustRecording(t, s)
	want := func(chunks int, bytes int64) {
		t.Helper()
		if n, b, err := s.TrackEnd(t.Context(), r.UploadID, "screen"); n != chunks || b != bytes || err != nil {
			t.Errorf("TrackEnd() = %d, %d, %v, want %d, %d", n, b, err, chunks, bytes)
		}
	}
	want(0, 0)
	sizes := []int64{10, 20, 30, 40, 50, 60}
	var parts []storage.Part
	var end int64
	for n, size := range sizes {
		c := chunk("screen", n)
		parts = append(
			parts,
			storage.Part{Track: "screen", N: n, OffsetBytes: end, SizeBytes: size, SHA256: c.SHA256, Key: c.Key},
		)
		end += size
	}
	add := func(n int) {
		t.Helper()
		mustAdd(
			t,
			s,
			r.UploadID,
			storage.Chunk{Track: "screen", N: n, SizeBytes: sizes[n], SHA256: parts[n].SHA256, Key: parts[n].Key},
			0,
		)
	}
	add(2)
	want(0, 0)
	add(0)
	want(1, 10)
	mustAdd(t, s, r.UploadID, chunk("camera", 0), 0)
	want(1, 10)
	add(3)
	add(5)
	add(1) // fills the first gap
	want(4, 100)
	for offset, from := range map[int64]int{0: 0, 9: 0, 10: 1, 59: 2, 60: 3, 99: 3} {
		got := mustGet(s.ChunksAt(t.Context(), r.UploadID, "screen", offset, 2))(t)
		if diff := cmp.Diff(parts[from:min(from+2, 4)], got); diff != "" {
			t.Errorf("ChunksAt(%d) (-want +got):\n%s", offset, diff)
		}
	}
	for _, beyond := range []int64{100, 1000} {
		if got := mustGet(s.ChunksAt(t.Context(), r.UploadID, "screen", beyond, 2))(t); len(got) != 0 {
			t.Errorf("ChunksAt(%d) = %v, want nothing behind the end", beyond, got)
		}
	}
	add(4)
	want(6, 210)
}

func testCreations(t *testing.T, s storage.Store) {
	ctx := t.Context()
	w := mustFixture(t, s)
	v, other, somebody := w.video("First", 0), w.video("Second", 0), newUser("bob@example.org", "Bob")
	must(
		t,
		errors.Join(
			s.CreateVideo(ctx, v),
			s.CreateVideo(ctx, other),
			s.CreateUser(ctx, somebody, w.member(somebody.ID)),
		),
	)
	first := storage.Creation{UserID: v.OwnerID, KeyHash: "hash", VideoID: v.ID, CreatedAt: noon}
	must(t, s.NameCreation(ctx, first, noon.Add(-time.Hour)))
	again := first
	again.VideoID = other.ID
	wantKind(t, "another request of that name", s.NameCreation(ctx, again, noon.Add(-time.Hour)), storage.Conflict)
	for _, tc := range []struct {
		name  string
		user  storage.UserID
		hash  string
		since time.Time
		want  storage.VideoID
	}{
		{"the name", v.OwnerID, "hash", noon, v.ID},
		{"another name", v.OwnerID, "other", noon, ""},
		{"the name of somebody else", somebody.ID, "hash", noon, ""},
		{"the name when it is too old", v.OwnerID, "hash", noon.Add(time.Millisecond), ""},
	} {
		got, err := s.CreationByKey(ctx, tc.user, tc.hash, tc.since)
		if tc.want == "" {
			wantKind(t, tc.name, err, storage.NotFound)
		} else if got != tc.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", tc.name, got, err, tc.want)
		}
	}
	again.CreatedAt = noon.Add(2 * time.Hour)
	must(t, s.NameCreation(ctx, again, noon.Add(time.Millisecond)))
	if got := mustGet(s.CreationByKey(ctx, v.OwnerID, "hash", noon))(t); got != other.ID {
		t.Errorf("a name that was forgotten gives %q, want what it names now", got)
	}
}
