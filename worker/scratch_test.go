package worker_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"meanwhile/server/servertest"
	"meanwhile/server/uploads"
	"meanwhile/storage"
	"meanwhile/worker"
)

// uploaded is a fixture with one complete upload, sent in the given pieces.
func uploaded(t testing.TB, pieces ...string) (*servertest.Fixture, storage.VideoID) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	lib := servertest.New(t)
	ticket, err := lib.Uploads.Create(
		t.Context(),
		lib.Owner,
		uploads.NewUpload{Filename: "a.mp4", LengthBytes: int64(len(strings.Join(pieces, "")))},
	)
	must(err)
	var offset int64
	for _, p := range pieces {
		offset, err = lib.Uploads.Write(t.Context(), lib.Owner, ticket.Upload.ID, offset, strings.NewReader(p), nil)
		must(err)
	}
	return lib, ticket.Video.ID
}

func TestScratchHoldsTheWholeSourceOnce(t *testing.T) {
	t.Parallel()
	pieces := []string{strings.Repeat("a", 70_000), "b", strings.Repeat("c", 200_000)}
	lib, id := uploaded(t, pieces...)
	s, err := worker.NewScratch(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	path, release, err := s.Source(t.Context(), lib.Source, id, 1, storage.ScreenTrack)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != strings.Join(pieces, "") {
		t.Errorf("the copy holds %d bytes (%v), want %d", len(got), err, len(strings.Join(pieces, "")))
	}
	again, releaseAgain, err := s.Source(t.Context(), lib.Source, id, 1, storage.ScreenTrack)
	if err != nil || again != path {
		t.Errorf("a second step got %s (%v), want the same file %s", again, err, path)
	}
	releaseAgain()
}

func TestSourceReadsFromAnyOffsetAcrossParts(t *testing.T) {
	t.Parallel()
	lib, id := uploaded(t, "one ", "two ", "three")
	src, err := lib.Source.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for _, tc := range []struct {
		from int64
		want string
	}{{0, "one two three"}, {2, "e two three"}, {8, "three"}, {13, ""}} {
		if _, err := src.Seek(tc.from, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if _, err := io.Copy(&got, src); err != nil || got.String() != tc.want {
			t.Errorf("from %d: %q (%v), want %q", tc.from, got.String(), err, tc.want)
		}
	}
}

func TestWhatIsSetAsideIsTakenOnce(t *testing.T) {
	t.Parallel()
	s, err := worker.NewScratch(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if s.TakeAside(t.Context(), "v1", out) {
		t.Error("something was taken before it was there")
	}
	for _, content := range []string{"before", "now"} {
		made := filepath.Join(t.TempDir(), "made")
		if err := os.WriteFile(made, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.SetAside("v1", made); err != nil {
			t.Fatal(err)
		}
	}
	if s.TakeAside(t.Context(), "v2", out) {
		t.Error("another video's file was taken")
	}
	if s.TakeAside(t.Context(), "v1", out+".webm") {
		t.Error("a file of another kind was taken")
	}
	if !s.TakeAside(t.Context(), "v1", out) {
		t.Fatal("what was set aside was not taken")
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != "now" {
		t.Errorf("took %q (%v)", got, err)
	}
	if s.TakeAside(t.Context(), "v1", out) {
		t.Error("it was taken twice")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestClosingScratchRemovesWhatWasSetAside(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "scratch")
	s, err := worker.NewScratch(dir)
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "made")
	if err := os.WriteFile(made, []byte("never taken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAside("v1", made); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); !os.IsNotExist(err) {
		t.Errorf("there is still %v (%v)", left, err)
	}
}
