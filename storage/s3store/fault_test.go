package s3store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/s3store"
)

// big is three parts without repetition.
func big(t testing.TB) []byte {
	t.Helper()
	b := make([]byte, 2*s3store.PartBytes+12_345)
	source := rand.NewChaCha8([32]byte{2})
	if _, err := source.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

const key = "v/one/g1/copy.mp4"

// ways are the forms in which a body can arrive.
var ways = map[string]func(t testing.TB, content []byte) io.Reader{
	"a stream": func(_ testing.TB, content []byte) io.Reader { return io.MultiReader(bytes.NewReader(content)) },
	"a file":   func(t testing.TB, content []byte) io.Reader { return mustFile(t, content) },
}

func mustFile(t testing.TB, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func mustRead(t testing.TB, o storage.Objects, key string, r storage.Range) []byte {
	t.Helper()
	body, err := o.Open(t.Context(), key, r)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// wantNothing fails if anything is visible under key, or costs storage.
func wantNothing(t testing.TB, s *s3store.Store) {
	t.Helper()
	if _, err := s.Stat(t.Context(), key); storage.KindOf(err) != storage.NotFound {
		t.Errorf("Stat() = %v after a failed Put, want the kind not-found", err)
	}
	wantNoUploads(t, s)
}

func wantNoUploads(t testing.TB, s *s3store.Store) {
	t.Helper()
	if n, err := s.Sweep(t.Context(), -time.Hour); n != 0 || err != nil {
		t.Errorf("Sweep() = %d, %v: there are uploads left", n, err)
	}
}

func TestPutThroughFaults(t *testing.T) {
	t.Parallel()
	unavailable := says(http.StatusServiceUnavailable, "SlowDown")
	for _, tc := range []struct {
		name   string
		fault  fault
		body   []byte
		failed bool // the Put is Unavailable; otherwise it succeeds
	}{
		{"a busy server is asked again", fault{anything, 3, unavailable}, small(), false},
		{"a busy server is asked again for each part", fault{isPart, 4, unavailable}, big(t), false},
		{"a server that stays busy ends a small object", fault{isPutObject, -1, unavailable}, small(), true},
		{"a server that stays busy ends a big object", fault{isPart, -1, unavailable}, big(t), true},
		{"a server that is busy at the end is asked again", fault{isComplete, 2, unavailable}, big(t), false},
		{
			"an error inside a 200 is no success, and is tried again",
			fault{isComplete, 2, says(http.StatusOK, "InternalError")},
			big(t),
			false,
		},
		{
			"a 200 that never holds anything but an error ends in one",
			fault{isComplete, -1, says(http.StatusOK, "InternalError")},
			big(t),
			true,
		},
		{"the lost answer to the last request is looked up", fault{isComplete, 1, loseAnswer}, big(t), false},
		{"all answers to the last request may be lost", fault{isComplete, -1, loseAnswer}, big(t), false},
		{
			"an upload that is gone ends in an error",
			fault{isComplete, -1, says(http.StatusNotFound, "NoSuchUpload")},
			big(t),
			true,
		},
		{
			"the lost answer to a small object is no conflict with itself",
			fault{isPutObject, 1, loseAnswer},
			small(),
			false,
		},
		{"all answers to a small object may be lost", fault{isPutObject, -1, loseAnswer}, small(), false},
		{"a part that is cut is sent again", fault{isPart, 2, cutRequest}, big(t), false},
		{"a small object that is cut is sent again", fault{isPutObject, 2, cutRequest}, small(), false},
		{"parts that are always cut end in an error", fault{isPart, -1, cutRequest}, big(t), true},
		{"a part that nobody answers is sent again", fault{isPart, 1, mute}, big(t), false},
		{"a server that has gone silent ends in an error", fault{isPart, -1, mute}, big(t), true},
		{"a silent end is tried again", fault{isComplete, 1, mute}, big(t), false},
		{"a look that nobody answers is repeated", fault{isHead, 1, mute}, small(), false},
	} {
		for way, body := range ways {
			t.Run(tc.name+", "+way, func(t *testing.T) {
				t.Parallel()
				faulty, direct, proxy := newQuick(t, tc.fault)
				n, err := faulty.Put(t.Context(), key, body(t, tc.body))
				if proxy.happened() == 0 {
					t.Fatal("the fault did not happen")
				}
				if tc.failed {
					if n != 0 || storage.KindOf(err) != storage.Unavailable {
						t.Errorf("Put() = %d, %v, want the kind unavailable", n, err)
					}
					wantNothing(t, direct)
					return
				}
				if n != int64(len(tc.body)) || err != nil {
					t.Fatalf("Put() = %d, %v, want %d bytes", n, err, len(tc.body))
				}
				if got := mustRead(t, direct, key, storage.Range{}); !bytes.Equal(got, tc.body) {
					t.Errorf("read %d bytes, which are not the %d written", len(got), len(tc.body))
				}
				wantNoUploads(t, direct)
			})
		}
	}
}

func TestPutLosesAgainstAnother(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before func(*http.Request) bool
		body   []byte
	}{
		"a small object": {isPutObject, small()},
		"a big object":   {isComplete, big(t)},
	} {
		t.Run(name, func(t *testing.T) {
			others := bytes.ToUpper(tc.body) // of the same size
			var faulty, direct *s3store.Store
			faulty, direct, _ = newFaulty(t, fault{tc.before, 1, first(func() {
				if _, err := direct.Put(t.Context(), key, bytes.NewReader(others)); err != nil {
					t.Error(err)
				}
			})})
			_, err := faulty.Put(t.Context(), key, bytes.NewReader(tc.body))
			if storage.KindOf(err) != storage.Conflict {
				t.Errorf("Put() = %v, want the kind conflict", err)
			}
			if got := mustRead(t, direct, key, storage.Range{}); !bytes.Equal(got, others) {
				t.Errorf("read %d bytes, want what the other wrote", len(got))
			}
			wantNoUploads(t, direct)
		})
	}
}

func TestServerWithoutConditions(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{"a small object": small(), "a big object": big(t)} {
		t.Run(name, func(t *testing.T) {
			faulty, direct, proxy := newFaulty(
				t,
				fault{isConditional, -1, says(http.StatusNotImplemented, "NotImplemented")},
			)
			if _, err := faulty.Put(t.Context(), key, bytes.NewReader(body)); err != nil {
				t.Fatal(err)
			}
			if got := mustRead(t, direct, key, storage.Range{}); !bytes.Equal(got, body) {
				t.Errorf("read %d bytes, which are not the %d written", len(got), len(body))
			}
			if _, err := faulty.Put(
				t.Context(),
				key,
				bytes.NewReader(body),
			); storage.KindOf(err) != storage.Conflict {
				t.Errorf("Put() again = %v, want the kind conflict", err)
			}
			if _, err := faulty.Put(
				t.Context(),
				"another",
				bytes.NewReader(body),
			); err != nil ||
				proxy.happened() != 1 {
				t.Errorf(
					"Put() of another = %v, and the server had to refuse %d conditions, want 1",
					err,
					proxy.happened(),
				)
			}
		})
	}
}

func TestFullServer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"a full disk":  says(http.StatusInsufficientStorage, "InsufficientStorage"),
		"a full quota": says(http.StatusForbidden, "QuotaExceeded"),
	} {
		t.Run(name, func(t *testing.T) {
			faulty, direct, _ := newFaulty(t, fault{isPart, -1, answer})
			if _, err := faulty.Put(
				t.Context(),
				key,
				bytes.NewReader(big(t)),
			); storage.KindOf(err) != storage.Full {
				t.Errorf("Put() = %v, want the kind full", err)
			}
			wantNothing(t, direct)
		})
	}
}

func TestPutOfAFileThatShrinks(t *testing.T) {
	t.Parallel()
	body := mustFile(t, big(t))
	faulty, direct, _ := newFaulty(t, fault{isCreate, 1, first(func() {
		if err := os.Truncate(body.Name(), s3store.PartBytes+1); err != nil {
			t.Error(err)
		}
	})})
	_, err := faulty.Put(t.Context(), key, body)
	if err == nil || storage.KindOf(err) != storage.Internal {
		t.Errorf("Put() = %v, want the file's own error", err)
	}
	wantNothing(t, direct)
}

func TestServerWithoutMetadata(t *testing.T) {
	t.Parallel()
	forget := fault{isHead, -1, changed(func(h http.Header) { h.Del("X-Amz-Meta-Put-Id") })}
	for name, tc := range map[string]struct {
		lost   func(*http.Request) bool
		body   []byte
		stored bool
	}{
		"a big object is known by its size":          {isComplete, big(t), true},
		"a small object is taken for an earlier one": {isPutObject, small(), false},
	} {
		t.Run(name, func(t *testing.T) {
			faulty, _, _ := newFaulty(t, forget, fault{tc.lost, 1, loseAnswer})
			_, err := faulty.Put(t.Context(), key, bytes.NewReader(tc.body))
			if stored := err == nil; stored != tc.stored || (!stored && storage.KindOf(err) != storage.Conflict) {
				t.Errorf("Put() = %v, want it stored: %t, else a conflict", err, tc.stored)
			}
		})
	}
}

func TestServersWordIsCompared(t *testing.T) {
	t.Parallel()
	body := big(t)
	var direct *s3store.Store
	replace := func() {
		if err := direct.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
		if _, err := direct.Put(t.Context(), key, strings.NewReader("another's")); err != nil {
			t.Error(err)
		}
	}
	for _, tc := range []struct {
		name  string
		fault fault
		want  storage.Kind
		gone  bool // nothing is visible afterwards
	}{
		{"complete, but nothing there", fault{isComplete, -1, saysComplete}, storage.Unavailable, true},
		{
			"complete, but shorter",
			fault{but(1, isHead), 1, changed(func(h http.Header) { h.Set("Content-Length", "100") })},
			storage.Unavailable,
			true,
		},
		{"complete, but somebody else's", fault{isComplete, 1, then(replace)}, storage.Conflict, false},
		{
			"complete, and then no answer to the look",
			fault{but(1, isHead), -1, says(http.StatusServiceUnavailable, "SlowDown")},
			storage.Internal,
			false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var faulty *s3store.Store
			faulty, direct, _ = newFaulty(t, tc.fault)
			_, err := faulty.Put(t.Context(), key, bytes.NewReader(body))
			if storage.KindOf(err) != tc.want || (err == nil) != (tc.want == storage.Internal) {
				t.Errorf("Put() = %v, want the kind %s", err, tc.want)
			}
			_, err = direct.Stat(t.Context(), key)
			if gone := storage.KindOf(err) == storage.NotFound; gone != tc.gone {
				t.Errorf("Stat() = %v afterwards", err)
			}
		})
	}
}

func TestPutWhoseCallerLeaves(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		to     func(*http.Request) bool
		body   []byte
		stored bool
	}{
		{"among the parts", isPart, big(t), false},
		{"after the last word, which counts", isComplete, big(t), true},
		{"after a small object was stored, which counts", isPutObject, small(), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			faulty, direct, _ := newFaulty(
				t,
				fault{tc.to, 1, func(_ http.ResponseWriter, r *http.Request, server http.Handler) {
					server.ServeHTTP(httptest.NewRecorder(), r)
					cancel()
					<-r.Context().Done()
					panic(http.ErrAbortHandler)
				}},
			)
			_, err := faulty.Put(ctx, key, bytes.NewReader(tc.body))
			if tc.stored {
				if err != nil {
					t.Errorf("Put() = %v of what is stored", err)
				}
				if got := mustRead(t, direct, key, storage.Range{}); !bytes.Equal(got, tc.body) {
					t.Errorf("read %d bytes, which are not the %d written", len(got), len(tc.body))
				}
				return
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Put() = %v, want context.Canceled", err)
			}
			wantNothing(t, direct)
		})
	}
}
