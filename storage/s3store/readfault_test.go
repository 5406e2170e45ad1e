package s3store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"meanwhile/storage"
	"meanwhile/storage/s3store"
)

func TestReadThroughFaults(t *testing.T) {
	t.Parallel()
	content := small()
	for _, tc := range []struct {
		name   string
		fault  fault
		failed bool // Unavailable
	}{
		{"a busy server is asked again", fault{anything, 3, says(http.StatusServiceUnavailable, "SlowDown")}, false},
		{"a server that stays busy", fault{isGet, -1, says(http.StatusServiceUnavailable, "SlowDown")}, true},
		{"a cut answer is read on", fault{isGet, 3, cutAnswer(false)}, false},
		{"every answer is cut, and each brings some", fault{isGet, -1, cutAnswer(false)}, false},
		{"an answer that stands still is read on", fault{isGet, 2, cutAnswer(true)}, false},
		{"a silent server is asked again", fault{isGet, 1, mute}, false},
		{"a server that stays silent", fault{isGet, -1, mute}, true},
	} {
		for _, r := range []storage.Range{{}, {Start: 7}, {Start: 100, Length: 40_000}} {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				faulty, direct, proxy := newQuick(t, tc.fault)
				if _, err := direct.Put(t.Context(), key, bytes.NewReader(content)); err != nil {
					t.Fatal(err)
				}
				var got []byte
				body, err := faulty.Open(t.Context(), key, r)
				if err == nil {
					defer body.Close()
					got, err = io.ReadAll(body)
				}
				if proxy.happened() == 0 {
					t.Fatal("the fault did not happen")
				}
				if tc.failed {
					if storage.KindOf(err) != storage.Unavailable {
						t.Errorf("%+v: %v, want the kind unavailable", r, err)
					}
					return
				}
				if want := cut(content, r); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%+v gave %d bytes, %v, want %d", r, len(got), err, len(want))
				}
			})
		}
	}
}

func cut(content []byte, r storage.Range) []byte {
	content = content[r.Start:]
	if r.Length > 0 {
		content = content[:r.Length]
	}
	return content
}

func TestReadNeverMixesTwoObjects(t *testing.T) {
	t.Parallel()
	var faulty, direct *s3store.Store
	replace := func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		defer func() {
			if err := direct.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
			if _, err := direct.Put(t.Context(), key, bytes.NewReader(bytes.ToUpper(small()))); err != nil {
				t.Error(err)
			}
		}()
		cutAnswer(false)(w, r, server)
	}
	faulty, direct, _ = newFaulty(t, fault{isGet, 1, replace})
	if _, err := direct.Put(t.Context(), key, bytes.NewReader(small())); err != nil {
		t.Fatal(err)
	}
	body, err := faulty.Open(t.Context(), key, storage.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); storage.KindOf(err) != storage.Conflict {
		t.Errorf("read %d bytes, %v, want the kind conflict", len(got), err)
	}
}

func TestListThroughFaults(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"a busy server is asked again":      {isGet, 3, says(http.StatusServiceUnavailable, "SlowDown")},
		"a cut answer is asked for again":   {isGet, 3, cutAnswer(false)},
		"an answer that stands still, too":  {isGet, 1, cutAnswer(true)},
		"a server that stays busy is away":  {isGet, -1, says(http.StatusServiceUnavailable, "SlowDown")},
		"an answer that is always cut, too": {isGet, -1, cutAnswer(false)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faulty, direct, proxy := newQuick(t, f)
			for i := range 10 {
				if _, err := direct.Put(
					t.Context(),
					fmt.Sprintf("some/key/%d", i),
					strings.NewReader("x"),
				); err != nil {
					t.Fatal(err)
				}
			}
			var errs error
			keys := 0
			for _, err := range faulty.List(t.Context(), "some/") {
				if err != nil {
					errs = errors.Join(errs, err)
					continue
				}
				keys++
			}
			if proxy.happened() == 0 {
				t.Fatal("the fault did not happen")
			}
			if f.times < 0 {
				if keys != 0 || storage.KindOf(errs) != storage.Unavailable {
					t.Errorf("%d keys, %v, want the kind unavailable", keys, errs)
				}
				return
			}
			if keys != 10 || errs != nil {
				t.Errorf("%d keys, %v, want 10", keys, errs)
			}
		})
	}
}
