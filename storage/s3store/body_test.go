package s3store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"meanwhile/storage"
	"meanwhile/storage/s3store"
)

func TestPutOfEverySize(t *testing.T) {
	t.Parallel()
	content := append(big(t), make([]byte, s3store.PartBytes)...)
	const part = s3store.PartBytes
	for _, size := range []int{0, 1, part - 1, part, part + 1, 2 * part, 3*part + 1} {
		for way, body := range ways {
			o := mustOpen(t, newAddress(t).String())
			n, err := o.Put(t.Context(), key, body(t, content[:size]))
			if n != int64(size) || err != nil {
				t.Errorf("Put() of %d bytes as %s = %d, %v", size, way, n, err)
				continue
			}
			if got := mustRead(t, o, key, storage.Range{}); !bytes.Equal(got, content[:size]) {
				t.Errorf("%d bytes as %s: read %d, which are not those written", size, way, len(got))
			}
		}
	}
}

func TestPutWithChecksums(t *testing.T) {
	t.Parallel()
	address := newAddress(t)
	query := address.Query()
	query.Set("checksum", "when_supported")
	address.RawQuery = query.Encode()
	// S3 must also be told of the checksums when an upload begins. The test's server does not ask
	// for that.
	named := ""
	o, _, _ := newFaultyAt(
		t,
		address,
		patience,
		fault{isCreate, 1, func(w http.ResponseWriter, r *http.Request, server http.Handler) {
			named = r.Header.Get("X-Amz-Checksum-Algorithm")
			server.ServeHTTP(w, r)
		}},
	)
	for name, body := range map[string][]byte{"small": small(), "big": big(t)} {
		if _, err := o.Put(t.Context(), name, bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, o, name, storage.Range{}); !bytes.Equal(got, body) {
			t.Errorf("%s: read %d bytes, which are not the %d written", name, len(got), len(body))
		}
	}
	if named != "CRC32" {
		t.Errorf("the upload began with the checksum %q, want CRC32", named)
	}
}

func TestPutOfExactlyOnePartNeedsNoUpload(t *testing.T) {
	t.Parallel()
	o, _, _ := newFaulty(t, fault{isCreate, -1, says(http.StatusServiceUnavailable, "SlowDown")})
	for way, body := range ways {
		if n, err := o.Put(
			t.Context(),
			strings.ReplaceAll(way, " ", "-"),
			body(t, make([]byte, s3store.PartBytes)),
		); n != s3store.PartBytes ||
			err != nil {
			t.Errorf("Put() as %s = %d, %v", way, n, err)
		}
	}
}

func TestPutOfADeviceHasNoEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// not before the upload has begun: if its begin got no answer, only a sweep knows of it
	faulty, direct, _ := newFaulty(t, fault{isPart, 1, first(cancel)})
	device, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if n, err := faulty.Put(ctx, key, device); !errors.Is(err, context.Canceled) {
		t.Errorf("Put() = %d, %v, want that it goes on until its caller leaves", n, err)
	}
	wantNothing(t, direct)
}

func TestPutOfAFileBeginsWhereTheFileStands(t *testing.T) {
	t.Parallel()
	o := mustOpen(t, newAddress(t).String())
	f := mustFile(t, []byte("0123456789"))
	if _, err := f.Seek(4, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if n, err := o.Put(t.Context(), key, f); n != 6 || err != nil {
		t.Errorf("Put() = %d, %v, want 6", n, err)
	}
	if got := mustRead(t, o, key, storage.Range{}); string(got) != "456789" {
		t.Errorf("read %q, want what follows the place of the file", got)
	}
}

func TestPutOfAPipe(t *testing.T) {
	t.Parallel()
	o := mustOpen(t, newAddress(t).String())
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("through a pipe"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := o.Put(t.Context(), key, r); n != 14 || err != nil {
		t.Errorf("Put() = %d, %v, want 14", n, err)
	}
}

func TestPutOfABodyThatBreaks(t *testing.T) {
	t.Parallel()
	for _, reason := range []error{errors.New("torn"), io.ErrUnexpectedEOF} {
		for name, content := range map[string][]byte{"early": small(), "in a later part": big(t)} {
			t.Run(name, func(t *testing.T) {
				o := mustOpen(t, newAddress(t).String())
				_, err := o.Put(t.Context(), key, io.MultiReader(bytes.NewReader(content), iotest.ErrReader(reason)))
				if !errors.Is(err, reason) {
					t.Errorf("Put() = %v, want the body's own error", err)
				}
				wantNothing(t, o)
			})
		}
	}
}

func TestPartSizes(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, tc := range []struct{ size, want int64 }{
		{8*mib + 1, 8 * mib},
		{80_000 * mib, 8 * mib},
		{80_000*mib + 1, 9 * mib},
		{5 << 40, 525 * mib},
	} {
		got := s3store.PartSize(tc.size)
		if got != tc.want || (tc.size+got-1)/got > 10_000 {
			t.Errorf("PartSize(%d) = %d, want %d", tc.size, got, tc.want)
		}
	}
}

// TestRangesOverHTTP reads as the server does for a player.
func TestRangesOverHTTP(t *testing.T) {
	t.Parallel()
	o := mustOpen(t, newAddress(t).String())
	content := big(t)
	if _, err := o.Put(t.Context(), key, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		header     string
		status     int
		start, end int
	}{
		{"", http.StatusOK, 0, len(content)},
		{"bytes=0-", http.StatusPartialContent, 0, len(content)},
		{"bytes=0-0", http.StatusPartialContent, 0, 1},
		{"bytes=100-4099", http.StatusPartialContent, 100, 4100},
		{"bytes=8388600-8388620", http.StatusPartialContent, 8388600, 8388621},
		{"bytes=-5", http.StatusPartialContent, len(content) - 5, len(content)},
		{"bytes=16000000-99999999", http.StatusPartialContent, 16000000, len(content)},
		{"bytes=99999999-", http.StatusRequestedRangeNotSatisfiable, 0, 0},
	} {
		t.Run(tc.header, func(t *testing.T) {
			body, err := o.Open(t.Context(), key, storage.Range{})
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			seeker, ok := body.(io.ReadSeeker)
			if !ok {
				t.Fatalf("Open() gave a %T, want an io.ReadSeeker", body)
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Range", tc.header)
			http.ServeContent(w, r, "copy.mp4", time.Time{}, seeker)
			if w.Code != tc.status {
				t.Fatalf("%d, want %d", w.Code, tc.status)
			}
			if tc.status < 300 && !bytes.Equal(w.Body.Bytes(), content[tc.start:tc.end]) {
				t.Errorf("%d bytes, want the %d from %d", w.Body.Len(), tc.end-tc.start, tc.start)
			}
		})
	}
}

func TestSweepAbortsOnlyWhatIsOld(t *testing.T) {
	t.Parallel()
	stuck, direct, _ := newFaulty(
		t,
		fault{isPart, -1, says(http.StatusServiceUnavailable, "SlowDown")},
		fault{
			func(r *http.Request) bool { return r.Method == http.MethodDelete },
			-1,
			says(http.StatusServiceUnavailable, "SlowDown"),
		},
	)
	other := mustOpen(t, newAddress(t).String())
	for _, key := range []string{"a/one", "a/two"} {
		if _, err := stuck.Put(t.Context(), key, bytes.NewReader(big(t))); err == nil {
			t.Fatal("Put() succeeded without parts")
		}
	}
	if _, err := direct.Put(t.Context(), "kept", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		what      string
		store     *s3store.Store
		olderThan time.Duration
		want      int
	}{
		{"young uploads", direct, time.Hour, 0},
		{"another folder of the bucket", other, -time.Hour, 0},
		{"old uploads", direct, -time.Hour, 2},
		{"nothing more", direct, -time.Hour, 0},
	} {
		if n, err := tc.store.Sweep(t.Context(), tc.olderThan); n != tc.want || err != nil {
			t.Errorf("Sweep() of %s = %d, %v, want %d", tc.what, n, err, tc.want)
		}
	}
	if got := mustRead(t, direct, "kept", storage.Range{}); string(got) != "x" {
		t.Errorf("read %q, want what is finished to stay", got)
	}
}
