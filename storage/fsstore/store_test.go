package fsstore_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/fsstore"
	"meanwhile/storage/storagetest"
)

func TestObjects(t *testing.T) {
	t.Parallel()
	storagetest.TestObjects(t, func(t testing.TB) storage.Objects { return mustNew(t, t.TempDir()) })
}

func mustNew(t testing.TB, dir string) *fsstore.Store {
	t.Helper()
	s, err := fsstore.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// files lists every file below dir, objects or not.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestNewMakesAPrivateFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "objects")
	mustNew(t, dir)
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("mode %o, want 700", got)
	}
	mustNew(t, dir) // a second start finds it
}

func TestWholeObjectIsAFile(t *testing.T) {
	t.Parallel()
	s := mustNew(t, t.TempDir())
	if _, err := s.Put(t.Context(), "a", strings.NewReader("0123456789")); err != nil {
		t.Fatal(err)
	}
	body, err := s.Open(t.Context(), "a", storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	f, ok := body.(*os.File)
	if !ok {
		t.Fatalf("Open() gave a %T, want *os.File, which sendfile needs", body)
	}
	if _, err := f.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(f)
	if err != nil || string(rest) != "789" {
		t.Errorf("read %q, %v after a seek, want 789", rest, err)
	}
}

func TestPutLeavesOneFileOrNone(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		body io.Reader
		want int
	}{
		{"a good body leaves the object", strings.NewReader("x"), 1},
		{
			"a failing body leaves nothing",
			io.MultiReader(strings.NewReader("x"), iotest.ErrReader(errors.New("torn"))),
			0,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			_, _ = mustNew(t, dir).Put(t.Context(), "a/b", tc.body)
			if got := files(t, dir); len(got) != tc.want {
				t.Errorf("left %v, want %d files", got, tc.want)
			}
		})
	}
}

//nolint:paralleltest // it bounds the size of files for the whole process
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := mustNew(t, dir)
	// A limit on the size of files makes the write fail as on a full disk, and needs no mount.
	limitFileSize(t, 64<<10)
	_, err := s.Put(t.Context(), "a", bytes.NewReader(make([]byte, 1<<20)))
	if storage.KindOf(err) != storage.Full {
		t.Errorf("Put() = %v, want the kind full", err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("left %v, want nothing", got)
	}
	if _, err := s.Put(t.Context(), "b", strings.NewReader("small")); err != nil {
		t.Errorf("Put() of what fits: %v", err)
	}
}

// limitFileSize bounds the files that this process may write until the test ends.
func limitFileSize(t testing.TB, bytes uint64) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
	})
}

func TestLinksOutOfTheFolderLeadNowhere(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	s := mustNew(t, dir)
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "out/secret", storage.Range{}); err == nil {
		t.Error("Open() went through a link out of the folder")
	}
	if _, err := s.Put(t.Context(), "out/new", strings.NewReader("x")); err == nil {
		t.Error("Put() went through a link out of the folder")
	}
	if got := files(t, outside); len(got) != 1 {
		t.Errorf("outside holds %v, want only the secret", got)
	}
}

func TestSweepRemovesOnlyWhatIsOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustNew(t, dir)
	if _, err := s.Put(t.Context(), "kept", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, "+unfinished")
	day := time.Now().Add(-24 * time.Hour)
	for name, at := range map[string]time.Time{"old": day, "new": time.Now()} {
		if err := os.WriteFile(filepath.Join(temp, name), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(temp, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "kept"), day, day); err != nil {
		t.Fatal(err)
	}
	n, err := s.Sweep(t.Context(), time.Hour)
	if n != 1 || err != nil {
		t.Errorf("Sweep() = %d, %v, want 1", n, err)
	}
	want := []string{filepath.Join(temp, "new"), filepath.Join(dir, "kept")}
	if got := files(t, dir); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("left %v, want %v", got, want)
	}
}

func TestSignURLIsNotAvailable(t *testing.T) {
	t.Parallel()
	_, err := mustNew(t, t.TempDir()).SignURL(t.Context(), "a", time.Minute)
	if storage.KindOf(err) != storage.Invalid || !strings.Contains(storage.MessageOf(err), "not available") {
		t.Errorf("SignURL() = %v, want that it is not available", err)
	}
}

func TestFinishedFileIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := mustNew(t, filepath.Join(dir, "objects"))
	source := filepath.Join(dir, "made")
	if err := os.WriteFile(source, []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name     string
		read     int64 // bytes read before Put
		swap     bool  // another file takes the name before Put
		want     string
		sameFile bool
	}{
		{name: "unread", want: "0123456789", sameFile: true},
		{name: "read from", read: 3, want: "3456789"},
		{name: "swapped", swap: true, want: "0123456789"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := os.Open(source)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.Seek(tc.read, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if tc.swap {
				if err := errors.Join(os.Remove(source), os.WriteFile(source, []byte("another"), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			key := "v/" + strings.ReplaceAll(tc.name, " ", "-")
			n, err := s.Put(t.Context(), key, f)
			if err != nil || n != int64(len(tc.want)) {
				t.Fatalf("Put() = %d, %v", n, err)
			}
			body, err := s.Open(t.Context(), key, storage.Range{})
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			if got, err := io.ReadAll(body); err != nil || string(got) != tc.want {
				t.Errorf("stored %q (%v), want %q", got, err, tc.want)
			}
			given, _ := f.Stat()
			stored, err := os.Stat(filepath.Join(dir, "objects", key))
			if err != nil {
				t.Fatal(err)
			}
			if os.SameFile(given, stored) != tc.sameFile {
				t.Errorf("the same file: %v, want %v", !tc.sameFile, tc.sameFile)
			}
			if stored.Mode().Perm() != 0o600 {
				t.Errorf("mode %o, want 600", stored.Mode().Perm())
			}
		})
	}
}
