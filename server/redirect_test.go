package server_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

const mediaOrigin = "https://media.example.com"

// signing is a store of objects that signs addresses, or returns err.
type signing struct {
	storage.Objects
	err error
	ttl time.Duration
}

func (o *signing) SignURL(_ context.Context, key string, ttl time.Duration) (string, error) {
	o.ttl = ttl
	return mediaOrigin + "/" + key + "?signature=x", o.err
}

func TestMediaIsRedirectedWhereTheOperatorWantsIt(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, origin string
		life         time.Duration
		err          error
		status       int
		keep         string // cache time of the redirect
	}{
		{"by the setting", mediaOrigin, 0, nil, http.StatusFound, "private, max-age=30"},
		{
			"for as long as the operator wants",
			mediaOrigin,
			11 * time.Second,
			nil,
			http.StatusFound,
			"private, max-age=5",
		},
		{"not without the setting", "", 0, nil, http.StatusOK, ""},
		{
			"not where the storage cannot sign",
			mediaOrigin,
			0,
			storage.E(storage.Invalid, "no addresses", nil),
			http.StatusOK,
			"",
		},
		{
			"nothing is served when signing breaks",
			mediaOrigin,
			0,
			storage.E(storage.Unavailable, "away", nil),
			http.StatusServiceUnavailable,
			"",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := &signing{err: tc.err}
			w := newFixture(t, func(c *server.Config, _ *server.Deps, lc *servertest.Config) {
				c.MediaOrigin, c.MediaLife = tc.origin, tc.life
				store.Objects = lc.Objects
				lc.Objects = store
			})
			source, poster := w.mediaOf(w.newReadyVideo())
			for _, address := range []string{source, poster} {
				r := w.do("GET", address, nil, "Range: bytes=0-5")
				if status := tc.status; r.status != status &&
					!(status == http.StatusOK && r.status == http.StatusPartialContent) {
					t.Fatalf("%s answers %d, want %d", address, r.status, status)
				}
				if tc.status != http.StatusFound {
					continue
				}
				wantHeaders(t, r, map[string]string{"Cache-Control": tc.keep, "Set-Cookie": ""})
				life := cmp.Or(tc.life, time.Minute)
				if to := r.header.Get("Location"); !strings.HasPrefix(to, mediaOrigin+"/v/") || len(r.body) > 0 ||
					store.ttl != life {
					t.Errorf(
						"it leads to %q for %s with the body %q, want a signed address for %s and no body",
						to,
						store.ttl,
						r.body,
						life,
					)
				}
				// the address is signed for GET only
				w.want(w.do("HEAD", address, nil), http.StatusOK)
			}
			for _, name := range []string{"1080p.m3u8", "storyboard.vtt", "peaks.json"} {
				own := source[:strings.LastIndexByte(source, '/')+1] + name
				w.want(w.do("GET", own, nil), http.StatusOK)
			}
		})
	}
}

func TestRedirectsNeedTheSameRights(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, lc *servertest.Config) {
		c.MediaOrigin = mediaOrigin
		lc.Objects = &signing{Objects: lc.Objects}
	})
	source, _ := w.mediaOf(w.newReadyVideo())
	parts := strings.Split(source, "/")
	parts[2] += "x"
	w.want(w.do("GET", strings.Join(parts, "/"), nil), http.StatusNotFound)
}

func TestPagesMayLoadFromWhereTheyAreSent(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"", mediaOrigin} {
		w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.MediaOrigin = origin })
		u := w.newReadyVideo()
		policy := w.want(w.do("GET", "/v/"+u.link, nil), 200).header.Get("Content-Security-Policy")
		named := 0
		for _, directive := range strings.Split(policy, "; ") {
			if strings.Contains(directive, mediaOrigin) {
				named++
				if what, _, _ := strings.Cut(
					directive,
					" ",
				); what != "img-src" && what != "media-src" &&
					what != "connect-src" {
					t.Errorf("the policy opens more than it has to: %s", directive)
				}
			}
		}
		if want := map[string]int{"": 0, mediaOrigin: 3}[origin]; named != want {
			t.Errorf("%d directives name %s, want %d:\n%s", named, mediaOrigin, want, policy)
		}
	}
}

// commonCounter is a Counter that several servers share. It can fail.
type commonCounter struct {
	mu   sync.Mutex
	left map[string]int
	err  error
}

func (c *commonCounter) Allow(_ context.Context, key string, most int, _ time.Duration) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false, c.err
	}
	if _, seen := c.left[key]; !seen {
		c.left[key] = most
	}
	c.left[key]--
	return c.left[key] >= 0, nil
}

func TestLogInsAreCountedOverAllServers(t *testing.T) {
	t.Parallel()
	tries := func(t *testing.T, count *commonCounter, servers int) (refusedAfter int) {
		t.Helper()
		var fixtures []*fixture
		for range servers {
			fixtures = append(
				fixtures,
				newFixture(
					t,
					func(c *server.Config, d *server.Deps, _ *servertest.Config) {
						c.LogInsPerMinute, d.Counter = 5, count
					},
				),
			)
		}
		for n := range 20 {
			w := fixtures[n%servers]
			r := w.do(
				"POST",
				"/api/v1/session",
				map[string]string{"email": servertest.OwnerEmail, "password": "wrong password"},
			)
			if r.status == http.StatusTooManyRequests {
				return n
			}
		}
		return 20
	}
	if n := tries(t, &commonCounter{left: map[string]int{}}, 2); n != 5 {
		t.Errorf("two servers took %d tries together, want 5", n)
	}
	if n := tries(t, &commonCounter{err: errors.New("away")}, 1); n != 5 {
		t.Errorf("without the shared count a server took %d tries, want 5: never open", n)
	}
}

func TestRedirectsAreInTheDocument(t *testing.T) {
	t.Parallel()
	document, err := server.OpenAPI("test")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Headers map[string]any }
		}
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Paths["/m/{grant}/{generation}/{name}"]["get"].Responses["302"].Headers["Location"]; !ok {
		t.Error("the document says nothing of 302 and its Location")
	}
}
