package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

// OpenObjects returns an empty object store, and cleans up with t.Cleanup.
type OpenObjects func(t testing.TB) storage.Objects

// TestObjects tests every promise of storage.Objects.
func TestObjects(t *testing.T, open OpenObjects) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, o storage.Objects)
	}{
		{"an object is read as it was written", testObject},
		{"an object is never overwritten", testPutTwice},
		{"of many who put one key one wins, whole", testPutRace},
		{"a reader that fails leaves nothing", testPutFails},
		{"a caller that leaves leaves nothing", testPutCancelled},
		{"a file is stored from where it stands", testPutFile},
		{"an object of many megabytes is read as it was written, and jumped about in", testBigObject},
		{"a missing object is not found, and deleting it is no error", testMissingObject},
		{"a deleted object is gone, and its key free again", testDelete},
		{"ranges give their bytes", testRanges},
		{"bad keys are refused by every method", testBadKeys},
		{"odd keys are taken", testOddKeys},
		{"a list goes by key and prefix", testList},
		{"a list stops when its reader does", testListStops},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// noise returns n bytes without repetition, the same in every run.
func noise(n int) []byte {
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte{1})
	if _, err := source.Read(b); err != nil {
		panic(err) // ChaCha8 has no error
	}
	return b
}

func mustPut(t testing.TB, o storage.Objects, key string, content []byte) {
	t.Helper()
	n, err := o.Put(t.Context(), key, bytes.NewReader(content))
	must(t, err)
	if n != int64(len(content)) {
		t.Errorf("Put(%s) = %d bytes, want %d", key, n, len(content))
	}
}

func mustRead(t testing.TB, o storage.Objects, key string, r storage.Range) []byte {
	t.Helper()
	body := mustGet(o.Open(t.Context(), key, r))(t)
	content := mustGet(io.ReadAll(body))(t)
	must(t, body.Close())
	return content
}

func mustKeys(t testing.TB, o storage.Objects, prefix string) []string {
	t.Helper()
	keys := []string{}
	for info, err := range o.List(t.Context(), prefix) {
		must(t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

// wantNothing fails if anything is visible under key.
func wantNothing(t testing.TB, o storage.Objects, key string) {
	t.Helper()
	_, err := o.Stat(t.Context(), key)
	wantKind(t, "Stat", err, storage.NotFound)
	body, err := o.Open(t.Context(), key, storage.Range{})
	wantKind(t, "Open", err, storage.NotFound)
	if err == nil {
		must(t, body.Close())
	}
	if keys := mustKeys(t, o, ""); slices.Contains(keys, key) {
		t.Errorf("List() has %q", key)
	}
}

func testObject(t *testing.T, o storage.Objects) {
	for key, content := range map[string][]byte{"v/one/g1/1080p.mp4": noise(3<<20 + 17), "v/one/g1/empty": {}} {
		before := time.Now().Add(-time.Minute)
		mustPut(t, o, key, content)
		if got := mustRead(t, o, key, storage.Range{}); !bytes.Equal(got, content) {
			t.Errorf("%s: read %d bytes, which are not the %d written", key, len(got), len(content))
		}
		info := mustGet(o.Stat(t.Context(), key))(t)
		if info.Key != key || info.SizeBytes != int64(len(content)) || info.ModifiedAt.Before(before) {
			t.Errorf("Stat(%s) = %+v", key, info)
		}
	}
}

func testPutTwice(t *testing.T, o storage.Objects) {
	mustPut(t, o, "a/b", []byte("first"))
	_, err := o.Put(t.Context(), "a/b", strings.NewReader("second"))
	wantKind(t, "Put again", err, storage.Conflict)
	if got := mustRead(t, o, "a/b", storage.Range{}); string(got) != "first" {
		t.Errorf("read %q, want the first content", got)
	}
}

func testPutRace(t *testing.T, o storage.Objects) {
	contents := make([][]byte, 6)
	for i := range contents {
		contents[i] = bytes.Repeat([]byte{byte('a' + i)}, 200_000)
	}
	winner := make([]bool, len(contents))
	errs := together(len(contents), func(i int) error {
		_, err := o.Put(t.Context(), "new/folder/key", bytes.NewReader(contents[i]))
		winner[i] = err == nil
		return err
	})
	wantOneWinner(t, errs, storage.Conflict)
	if i := slices.Index(
		winner,
		true,
	); i >= 0 &&
		!bytes.Equal(mustRead(t, o, "new/folder/key", storage.Range{}), contents[i]) {
		t.Error("what is read is not what the winner wrote")
	}
}

func testPutFails(t *testing.T, o storage.Objects) {
	reason := storage.E(storage.Mismatch, "The checksum does not match.", nil)
	_, err := o.Put(t.Context(), "x/y", io.MultiReader(bytes.NewReader(noise(100_000)), iotest.ErrReader(reason)))
	if !errors.Is(err, reason) {
		t.Errorf("Put() = %v, want the reader's own error", err)
	}
	wantKind(t, "Put", err, storage.Mismatch)
	wantNothing(t, o, "x/y")
	mustPut(t, o, "x/y", []byte("second try"))
}

func testPutCancelled(t *testing.T, o storage.Objects) {
	ctx, cancel := context.WithCancel(t.Context())
	body := io.MultiReader(bytes.NewReader(noise(100_000)), readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "more"), nil // and so on without an end
	}))
	if _, err := o.Put(ctx, "x/y", body); !errors.Is(err, context.Canceled) {
		t.Errorf("Put() = %v, want context.Canceled", err)
	}
	wantNothing(t, o, "x/y")
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func testPutFile(t *testing.T, o storage.Objects) {
	path := filepath.Join(t.TempDir(), "file")
	for _, start := range []int64{0, 4, 10} {
		must(t, os.WriteFile(path, []byte("0123456789"), 0o600))
		f := mustGet(os.Open(path))(t)
		mustGet(f.Seek(start, io.SeekStart))(t)
		key := fmt.Sprintf("from/%d", start)
		if n := mustGet(o.Put(t.Context(), key, f))(t); n != 10-start {
			t.Errorf("Put() from %d = %d bytes, want %d", start, n, 10-start)
		}
		must(t, errors.Join(f.Close(), os.Remove(path)))
		if got := mustRead(t, o, key, storage.Range{}); string(got) != "0123456789"[start:] {
			t.Errorf("read %q, want the file from %d", got, start)
		}
	}
}

func testBigObject(t *testing.T, o storage.Objects) {
	content := noise(17<<20 + 17)
	mustPut(t, o, "big", content)
	if got := mustRead(t, o, "big", storage.Range{}); !bytes.Equal(got, content) {
		t.Errorf("read %d bytes, which are not the %d written", len(got), len(content))
	}
	if info := mustGet(o.Stat(t.Context(), "big"))(t); info.SizeBytes != int64(len(content)) {
		t.Errorf("Stat() = %d bytes, want %d", info.SizeBytes, len(content))
	}
	body := mustGet(o.Open(t.Context(), "big", storage.Range{}))(t)
	defer body.Close()
	seeker, ok := body.(io.Seeker)
	if !ok {
		return // it may be one, but need not
	}
	for _, jump := range []struct {
		offset, want int64
		whence       int
	}{
		{16 << 20, 16 << 20, io.SeekStart},
		{-(9 << 20), 7<<20 + 10, io.SeekCurrent},
		{-5, int64(len(content)) - 5, io.SeekEnd},
		{0, 0, io.SeekStart},
		{5, int64(len(content)) + 5, io.SeekEnd},
	} {
		if at := mustGet(seeker.Seek(jump.offset, jump.whence))(t); at != jump.want {
			t.Errorf("Seek(%d, %d) = %d, want %d", jump.offset, jump.whence, at, jump.want)
		}
		got := mustGet(io.ReadAll(io.LimitReader(body, 10)))(t)
		rest := content[min(jump.want, int64(len(content))):]
		if !bytes.Equal(got, rest[:min(10, len(rest))]) {
			t.Errorf("read %d bytes at %d, which are not those that are there", len(got), jump.want)
		}
	}
	if _, err := seeker.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek() before the first byte succeeded")
	}
}

func testMissingObject(t *testing.T, o storage.Objects) {
	mustPut(t, o, "a/file", []byte("x"))
	for _, key := range []string{"none", "a/none", "a", "a/file/below"} {
		wantNothing(t, o, key)
		must(t, o.Delete(t.Context(), key))
	}
	if diff := cmp.Diff([]string{"a/file"}, mustKeys(t, o, "")); diff != "" {
		t.Errorf("List() (-want +got):\n%s", diff)
	}
}

func testDelete(t *testing.T, o storage.Objects) {
	mustPut(t, o, "a/b/c", []byte("x"))
	reading := mustGet(o.Open(t.Context(), "a/b/c", storage.Range{}))(t)
	defer reading.Close()
	must(t, o.Delete(t.Context(), "a/b/c"))
	must(t, o.Delete(t.Context(), "a/b/c"))
	wantNothing(t, o, "a/b/c")
	mustPut(t, o, "a/b/c", []byte("again"))
	if got := mustRead(t, o, "a/b/c", storage.Range{}); string(got) != "again" {
		t.Errorf("read %q, want what was put last", got)
	}
}

func testRanges(t *testing.T, o storage.Objects) {
	content := noise(1000)
	mustPut(t, o, "r", content)
	for _, tc := range []struct {
		r    storage.Range
		want []byte
	}{
		{storage.Range{Start: 0, Length: 1}, content[:1]},
		{storage.Range{Start: 0, Length: 1000}, content},
		{storage.Range{Start: 10, Length: 20}, content[10:30]},
		{storage.Range{Start: 999, Length: 1}, content[999:]},
		{storage.Range{Start: 990}, content[990:]},
		{storage.Range{Start: 990, Length: 500}, content[990:]},
		{storage.Range{Start: 990, Length: math.MaxInt64}, content[990:]},
		{storage.Range{Start: 1000}, nil},
		{storage.Range{Start: 1000, Length: 1}, nil},
	} {
		if got := mustRead(t, o, "r", tc.r); !bytes.Equal(got, tc.want) {
			t.Errorf("%+v gave %d bytes, want the %d from %d", tc.r, len(got), len(tc.want), tc.r.Start)
		}
	}
	for _, r := range []storage.Range{{Start: 1001}, {Start: 5000, Length: 1}, {Start: -1}, {Start: 0, Length: -1}} {
		_, err := o.Open(t.Context(), "r", r)
		wantKind(t, fmt.Sprintf("%+v", r), err, storage.Invalid)
	}
	_, err := o.Open(t.Context(), "none", storage.Range{Start: 1})
	wantKind(t, "a range of nothing", err, storage.NotFound)
}

func testBadKeys(t *testing.T, o storage.Objects) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..",
		"A", "a b", "a\x00b", "a\nb", "ä", `a\b`, "a?b", "a%2fb", "+unfinished/a",
		strings.Repeat("k", 256), strings.Repeat("a/", 512) + "b", // longer than a name in a folder; than a key of S3
	} {
		t.Run(fmt.Sprintf("%q", key), func(t *testing.T) {
			_, err := o.Put(t.Context(), key, strings.NewReader("x"))
			wantKind(t, "Put", err, storage.Invalid)
			_, err = o.Open(t.Context(), key, storage.Range{})
			wantKind(t, "Open", err, storage.Invalid)
			_, err = o.Stat(t.Context(), key)
			wantKind(t, "Stat", err, storage.Invalid)
			wantKind(t, "Delete", o.Delete(t.Context(), key), storage.Invalid)
		})
	}
}

func testOddKeys(t *testing.T, o storage.Objects) {
	for _, key := range []string{"a", "...", ".a", "a.", "-", "_", "a/.b", "a/b..c", "0", strings.Repeat("a/", 20) +
		"b", strings.Repeat("k", 200)} {
		mustPut(t, o, key+".x", []byte(key))
		if got := mustRead(t, o, key+".x", storage.Range{}); string(got) != key {
			t.Errorf("%q: read %q", key, got)
		}
	}
}

func testList(t *testing.T, o storage.Objects) {
	all := []string{
		"a-b",
		"a.c",
		"a/b-c",
		"a/b/c",
		"a/c",
		"a0",
		"b/x",
		"v/one/g1/copy.mp4",
		"v/one/g10/copy.mp4",
		"v/one/g2/copy.mp4",
		"v/two/g1/copy.mp4",
	}
	for i := range all {
		mustPut(t, o, all[(i*7)%len(all)], []byte("x"))
	}
	for _, prefix := range []string{
		"", "a", "a/", "a/b", "a/b/", "a-", "v/one/g1", "v/one/g1/", "v/one/g1/copy.mp4", "v/one", "zzz", "zzz/y",
		"a-b/c",
	} {
		want := []string{}
		for _, key := range all {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, mustKeys(t, o, prefix)); diff != "" {
			t.Errorf("List(%q) (-want +got):\n%s", prefix, diff)
		}
	}
	for info, err := range o.List(t.Context(), "b/") {
		must(t, err)
		if info.SizeBytes != 1 || info.ModifiedAt.IsZero() {
			t.Errorf("List() = %+v, want size and time", info)
		}
	}
}

func testListStops(t *testing.T, o storage.Objects) {
	for i := range 5 {
		mustPut(t, o, fmt.Sprintf("f%d/x", i), []byte("x"))
	}
	seen := 0
	for _, err := range o.List(t.Context(), "") {
		must(t, err)
		if seen++; seen == 2 {
			break
		}
	}
	if seen != 2 {
		t.Errorf("saw %d, want 2", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var failures int
	for _, err := range o.List(ctx, "") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("List() after its caller left: %v, want context.Canceled", err)
		}
		failures++
	}
	if failures != 1 {
		t.Errorf("%d errors, want 1", failures)
	}
}
