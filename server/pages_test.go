package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

const attack = `</script><img src=x onerror="alert(1)">'"&<!--`

func TestNothingThatPeopleWriteBecomesMarkup(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": "T" + attack}, w.asOwner()), 200)
	w.want(
		w.do(
			"POST",
			"/api/v1/shares/"+u.link+"/comments",
			object{"at_ms": 0, "body": "B" + attack, "name": "N" + attack},
		),
		201,
	)
	page := string(w.want(w.do("GET", "/v/"+u.link, nil), 200).body)
	for _, broken := range []string{"<img src=x", "onerror=\"alert", "T</script>", "B</script>", "N</script>", "<!--"} {
		if strings.Contains(page, broken) {
			t.Errorf("the page holds %q:\n%s", broken, page)
		}
	}
	frame := string(w.want(w.do("GET", "/embed/"+u.link, nil), 200).body)
	for _, broken := range []string{"<img src=x", "onerror=\"alert", "T</script>", "<!--"} {
		if strings.Contains(frame, broken) {
			t.Errorf("the embedded player holds %q:\n%s", broken, frame)
		}
	}
	in := w.want(w.do("POST", "/login", formOf("email", attack, "password", "x", "next", "/"+attack), formType), 401)
	if strings.Contains(string(in.body), "<img src=x") {
		t.Errorf("the form holds %s", in.body)
	}
}

func TestPagesCarryAPolicyWithTheirNonce(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI)
	u := w.newReadyVideo()
	first := w.want(w.do("GET", "/v/"+u.link, nil), 200)
	m := regexp.MustCompile(`script-src 'self' 'nonce-([\w-]{20,})'`).
		FindStringSubmatch(first.header.Get("Content-Security-Policy"))
	if m == nil || !strings.Contains(string(first.body), `nonce="`+m[1]+`"`) {
		t.Fatalf("policy %q", first.header.Get("Content-Security-Policy"))
	}
	second := w.want(w.do("GET", "/v/"+u.link, nil), 200)
	if strings.Contains(second.header.Get("Content-Security-Policy"), m[1]) {
		t.Error("a nonce comes twice")
	}
	for _, want := range []string{
		`data-run="/assets/watch-1.js"`,
		"/assets/shared-1.js",
		"/assets/controls-1.js",
		"<style>base csswatch css</style>",
		">{first()}</script>",
		`<script nonce="` + m[1] + `">{preload()}</script>`,
	} {
		if strings.Count(string(first.body), want) != 1 {
			t.Errorf("the page holds %s %d times", want, strings.Count(string(first.body), want))
		}
	}
	if at := strings.Index(
		string(first.body),
		"{preload()}",
	); at > strings.Index(string(first.body), "<style>") ||
		at < strings.Index(string(first.body), "<source") {
		t.Error("the video is not asked for before anything is drawn")
	}
	if strings.Contains(string(first.body), "<link rel=\"stylesheet\"") ||
		strings.Contains(string(first.body), "<script type=\"module\"") {
		t.Errorf("something competes with the video's first bytes:\n%s", first.body)
	}
	owners := string(w.want(w.do("GET", "/v/"+u.link, nil, w.asOwner()), 200).body)
	if !strings.Contains(owners, `data-run="/assets/recover-1.js /assets/watch-1.js"`) ||
		!strings.Contains(owners, `data-later="/assets/recover-1.css"`) {
		t.Errorf("the owner's page does not go on with recordings:\n%s", owners)
	}
	wantHeaders(
		t,
		first,
		map[string]string{
			"X-Robots-Tag":    "noindex",
			"Referrer-Policy": "no-referrer",
			"Cache-Control":   "private, no-store",
		},
	)
}

func withUI(_ *server.Config, d *server.Deps, _ *servertest.Config) {
	d.UI = fstest.MapFS{
		"manifest.json": {Data: []byte(`{
			"src/ui/base.css": {"file": "base-1.css"},
			"src/watch/watch.css": {"file": "watch-1.css"},
			"src/watch/preload-video.ts": {"file": "preload-1.js"},
			"src/watch/first.ts": {"file": "first-1.js"},
			"src/player/controls.ts": {"file": "controls-1.js"},
			"src/record/recover.ts": {"file": "recover-1.js", "css": ["recover-1.css"]},
			"_shared.js": {"file": "shared-1.js"},
			"src/watch/main.ts": {"file": "watch-1.js", "imports": ["_shared.js"]},
			"src/watch/embed.ts": {"file": "embed-1.js"}
		}`)},
		"watch-1.js": {
			Data: []byte("plain"),
		},
		"watch-1.js.br": {Data: []byte("brotli")},
		"watch-1.js.gz": {Data: []byte("gzip")},
		"base-1.css": {
			Data: []byte("base css\n"),
		},
		"watch-1.css":  {Data: []byte("watch css")},
		"first-1.js":   {Data: []byte("{first()}")},
		"preload-1.js": {Data: []byte("{preload()}")},
		".keep":        {Data: []byte("")},
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI)
	tests := []struct{ name, accept, body, encoding string }{
		{"nothing said", "identity", "plain", ""},
		{"brotli", "gzip, deflate, br", "brotli", "br"},
		{"gzip", "gzip", "gzip", "gzip"},
		{"brotli refused", "br;q=0, gzip;q=0.5", "gzip", "gzip"},
	}
	for _, tc := range tests {
		r := w.want(w.do("GET", "/assets/watch-1.js", nil, "Accept-Encoding: "+tc.accept), 200)
		if string(r.body) != tc.body {
			t.Errorf("%s: %q", tc.name, r.body)
		}
		wantHeaders(t, r, map[string]string{
			"Content-Encoding": tc.encoding,
			"Content-Type":     "text/javascript; charset=utf-8",
			"Vary":             "Accept-Encoding",
			"Cache-Control":    "public, max-age=31536000, immutable",
			"Set-Cookie":       "",
		})
	}
	for _, path := range []string{
		"/assets/none.js", "/assets/.keep", "/assets/", "/assets/%2e%2e/server.go", "/assets//watch-1.js",
	} {
		if r := w.do("GET", path, nil); r.status != 404 || strings.Contains(r.header.Get("Cache-Control"), "public") {
			t.Errorf("GET %s: %d, %s", path, r.status, r.header.Get("Cache-Control"))
		}
	}
}

func TestPagesArePacked(t *testing.T) {
	t.Parallel()
	for _, set := range []change{withUI, func(*server.Config, *server.Deps, *servertest.Config) {}} {
		pagesArePacked(t, newFixture(t, set))
	}
}

func pagesArePacked(t *testing.T, w *fixture) {
	t.Helper()
	u := w.newReadyVideo()
	r := w.want(w.do("GET", "/v/"+u.link, nil, "Accept-Encoding: gzip"), 200)
	if r.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("encoding %q", r.header.Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	plain := w.want(w.do("GET", "/v/"+u.link, nil, "Accept-Encoding: identity"), 200).body
	nonces := regexp.MustCompile(`nonce="[\w-]+"`)
	if b := must(io.ReadAll(z))(t); !bytes.Equal(nonces.ReplaceAll(b, nil), nonces.ReplaceAll(plain, nil)) {
		t.Errorf("packed page %s\nplain page %s", b, plain)
	}
}

func TestPagesOfEveryState(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.createUpload(10)
	for _, who := range [][]string{nil, {w.asOwner()}} {
		page := string(w.want(w.do("GET", "/v/"+u.link, nil, who...), 200).body)
		if strings.Contains(page, "<video") || !strings.Contains(page, "Demo") {
			t.Errorf("a video that is uploading: %s", page)
		}
	}
	ready := w.newReadyVideo()
	guest := string(w.want(w.do("GET", "/v/"+ready.link, nil), 200).body)
	for _, want := range []string{`property="og:title" content="Demo"`, w.url +
		"/v/" + ready.link + "/poster.jpg", "<video", `"video_id"`} {
		if got := strings.Contains(guest, want); got != (want != `"video_id"`) {
			t.Errorf("a guest's page: %q %v", want, got)
		}
	}
	owner := string(w.want(w.do("GET", "/v/"+ready.link, nil, w.asOwner()), 200).body)
	if !strings.Contains(owner, `"video_id":"`+ready.video) || !strings.Contains(owner, `"user":{"name":"Ada"}`) {
		t.Error("the owner's page does not know its owner")
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var missing error
	w := newFixture(t, func(_ *server.Config, d *server.Deps, _ *servertest.Config) {
		d.Ready = func(context.Context) map[string]error { return map[string]error{"database": missing, "redis": nil} }
	})
	w.want(w.do("GET", "/healthz", nil), 200)
	w.want(w.do("GET", "/readyz", nil), 200)
	missing = errors.New("connection refused at 10.0.0.1")
	r := w.want(w.do("GET", "/readyz", nil), 503)
	if string(r.body) != `{"status":"unavailable","missing":["database"]}`+"\n" {
		t.Errorf("readyz says %s", r.body)
	}
	w.want(w.do("GET", "/healthz", nil), 200)
}

// panicking is a bus that panics, against its promise.
type panicking struct{ *servertest.Bus }

func (panicking) Subscribe(context.Context, string) (<-chan string, error) { panic("secret detail") }

func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	w := newFixture(
		t,
		func(_ *server.Config, _ *server.Deps, lc *servertest.Config) { lc.Bus = panicking{&servertest.Bus{}} },
	)
	r := w.want(w.do("GET", "/api/v1/events", nil, w.asOwner()), 500)
	if r.text(t, "request_id") == "" || strings.Contains(string(r.body), "secret") ||
		!strings.Contains(w.Log.String(), "secret detail") {
		t.Errorf("answer %s", r.body)
	}
}

// away is a store whose reads all fail.
type away struct{ storage.Store }

func (away) VideoByToken(context.Context, string) (storage.Video, storage.Link, error) {
	return storage.Video{}, storage.Link{}, storage.E(
		storage.Unavailable,
		"The database does not answer. Try again in a moment.",
		errors.New("dial tcp 10.0.0.1"),
	)
}

func TestADatabaseThatIsAwayIsSaidSo(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) { lc.Store = away{lc.Store} })
	page := w.want(w.do("GET", "/v/x", nil), 503)
	api := w.want(w.do("GET", "/api/v1/shares/x", nil), 503)
	for _, r := range []reply{page, api} {
		if r.header.Get("Retry-After") == "" || strings.Contains(string(r.body), "10.0.0.1") ||
			!strings.Contains(string(r.body), "does not answer") {
			t.Errorf("answer %v %s", r.header, r.body)
		}
	}
	if !strings.Contains(string(page.body), page.header.Get("X-Request-Id")) {
		t.Error("the page does not tell the number of the request")
	}
}

func TestPagesThatArePackedAtOnceDoNotMix(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	uploads := []uploaded{w.newReadyVideo(), w.newReadyVideo()}
	for i, u := range uploads {
		w.want(
			w.do(
				"PATCH",
				"/api/v1/videos/"+u.video,
				object{"title": strings.Repeat(string(rune('A'+i)), 40+i)},
				w.asOwner(),
			),
			200,
		)
	}
	var group sync.WaitGroup
	for n := range 64 {
		group.Go(func() {
			i := n % 2
			req := w.request("GET", "/v/"+uploads[i].link, nil, "Accept-Encoding: gzip")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			z, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Error(err)
				return
			}
			page, err := io.ReadAll(z)
			mine, other := strings.Repeat(string(rune('A'+i)), 40+i), strings.Repeat(string(rune('B'-i)), 40)
			if err != nil || !strings.Contains(string(page), "<title>"+mine) || strings.Contains(string(page), other) ||
				!strings.HasSuffix(strings.TrimSpace(string(page)), "</html>") {
				t.Errorf("page %d came mixed or broken: %v, %d bytes", n, err, len(page))
			}
		})
	}
	group.Wait()
}
