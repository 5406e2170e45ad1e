package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// mediaOf returns the addresses of the first source and of the poster.
func (w *fixture) mediaOf(u uploaded) (source, poster string) {
	w.t.Helper()
	var s struct {
		Playback struct {
			Tracks []struct{ Sources []struct{ URL string } }
			Poster string
		}
	}
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200).decode(w.t, &s)
	return s.Playback.Tracks[0].Sources[0].URL, s.Playback.Poster
}

// unseekable is a store of objects like S3: its readers cannot seek.
type unseekable struct{ storage.Objects }

func (o unseekable) Open(ctx context.Context, key string, r storage.Range) (io.ReadCloser, error) {
	f, err := o.Objects.Open(ctx, key, r)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{f, f}, nil
}

func TestMediaRanges(t *testing.T) {
	t.Parallel()
	stores := map[string]change{
		"files": func(*server.Config, *server.Deps, *servertest.Config) {},
		"streams": func(_ *server.Config, _ *server.Deps, lc *servertest.Config) {
			lc.Objects = unseekable{lc.Objects}
		},
	}
	size := len(movieBytes)
	tests := []struct {
		name, rangeHeader string
		status            int
		body              string
	}{
		{"the whole", "", 200, movieBytes},
		{"from the start", "bytes=0-5", 206, movieBytes[:6]},
		{"from the middle", "bytes=7-10", 206, movieBytes[7:11]},
		{"to the end", "bytes=7-", 206, movieBytes[7:]},
		{"the last", "bytes=-4", 206, movieBytes[size-4:]},
		{"several count as none", "bytes=0-1,3-4", 200, movieBytes},
		{"beyond the end", "bytes=1000-", 416, ""},
		{"nonsense counts as none or is refused", "bytes=x", 416, ""},
	}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			w := newFixture(t, store)
			source, _ := w.mediaOf(w.newReadyVideo())
			for _, tc := range tests {
				var headers []string
				if tc.rangeHeader != "" {
					headers = append(headers, "Range: "+tc.rangeHeader)
				}
				r := w.do("GET", source, nil, headers...)
				if r.status != tc.status || (tc.body != "" && string(r.body) != tc.body) {
					t.Errorf("%s: %d %q, want %d %q", tc.name, r.status, r.body, tc.status, tc.body)
				}
			}
			head := w.want(w.do("HEAD", source, nil), 200)
			wantHeaders(t, head, map[string]string{
				"Content-Length":               "37",
				"Accept-Ranges":                "bytes",
				"Content-Type":                 movieType,
				"Cache-Control":                "private, max-age=43200, immutable",
				"Cross-Origin-Resource-Policy": "same-origin",
				"X-Content-Type-Options":       "nosniff",
				"Set-Cookie":                   "",
			})
			w.want(w.do("GET", source, nil, "If-None-Match: "+head.header.Get("ETag")), 304)
			w.want(w.do("GET", source, nil, "If-Range: "+head.header.Get("ETag"), "Range: bytes=0-1"), 206)
			w.want(w.do("GET", source, nil, `If-Range: "other"`, "Range: bytes=0-1"), 200)
		})
	}
}

func TestListsArePacked(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	p := w.playbackOf(w.newReadyVideo().link)
	list := p.Tracks[0].HLS
	packed := w.want(w.do("GET", list, nil, "Accept-Encoding: gzip"), 200)
	plain := w.want(w.do("GET", list, nil, "Accept-Encoding: identity"), 200)
	wantHeaders(
		t,
		packed,
		map[string]string{"Content-Encoding": "gzip", "Content-Type": playlistType, "Vary": "Accept-Encoding"},
	)
	wantHeaders(t, plain, map[string]string{"Content-Encoding": "", "Vary": "Accept-Encoding"})
	z, err := gzip.NewReader(bytes.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(must(io.ReadAll(z))(t)); got != bodyOf(".m3u8") || string(plain.body) != got {
		t.Errorf("packed %q, plain %q", got, plain.body)
	}
	if len(packed.body) > len(plain.body)/5 || packed.header.Get("ETag") == plain.header.Get("ETag") {
		t.Errorf(
			"%d of %d bytes, tags %s and %s",
			len(packed.body),
			len(plain.body),
			packed.header.Get("ETag"),
			plain.header.Get("ETag"),
		)
	}
	w.want(w.do("GET", list, nil, "Accept-Encoding: gzip", "If-None-Match: "+packed.header.Get("ETag")), 304)
	part := w.want(w.do("GET", list, nil, "Accept-Encoding: gzip", "Range: bytes=0-6"), 206)
	if string(part.body) != "#EXTM3U" || part.header.Get("Content-Encoding") != "" {
		t.Errorf("a part is %q", part.body)
	}
	movie := w.want(w.do("GET", p.Tracks[0].Sources[0].URL, nil, "Accept-Encoding: gzip"), 200)
	wantHeaders(t, movie, map[string]string{"Content-Encoding": "", "Vary": ""})
}

func TestMediaByGrantOnly(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	source, _ := w.mediaOf(u)
	parts := strings.Split(source, "/") // "", m, grant, generation, name
	tests := []struct {
		name, path string
		status     int
	}{
		{"another name", strings.Replace(source, parts[4], "other.mp4", 1), 404},
		{"another generation", strings.Replace(source, "/g1/", "/g2/", 1), 404},
		{"no generation", strings.Replace(source, "/g1/", "/1/", 1), 404},
		{"a generation that is no number", strings.Replace(source, "/g1/", "/gx/", 1), 404},
		{"a forged grant", "/m/" + "x" + parts[2] + "/g1/" + parts[4], 404},
		{"no grant", "/m/none/g1/" + parts[4], 404},
		{"a way up", "/m/" + parts[2] + "/g1/..%2f..%2fsecret", 404},
	}
	for _, tc := range tests {
		if r := w.do("GET", tc.path, nil); r.status != tc.status {
			t.Errorf("%s: %d, want %d", tc.name, r.status, tc.status)
		}
	}
	w.want(w.do("GET", source, nil), 200)
	w.Clock.Move(14 * time.Hour)
	w.want(w.do("GET", source, nil), 403)
	source, _ = w.mediaOf(u)
	w.want(w.do("GET", source, nil), 200)
	w.want(w.do("DELETE", "/api/v1/videos/"+u.video, nil, w.asOwner()), 204)
	w.want(w.do("GET", source, nil), 403)
	if strings.Contains(w.Log.String(), parts[2]) || strings.Contains(w.Log.String(), u.link) {
		t.Error("the log holds a grant or a link token")
	}
}

func TestDownloadsPostersAndOriginals(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": `Straße "№ 1" / ..\ fin`}, w.asOwner()), 200)
	download := w.want(w.do("GET", "/v/"+u.link+"/download", nil, "Range: bytes=0-5"), 206)
	wantHeaders(t, download, map[string]string{
		"Content-Disposition": `attachment; filename="Stra_e -_ 1- - ..- fin.mp4"; filename*=UTF-8''Stra%C3%9Fe%20-%E2%84%96%201-%20-%20..-%20fin.mp4`,
		"Cache-Control":       "private, no-cache",
		"Content-Range":       "bytes 0-5/37",
	})
	for _, path := range []string{"/v/" + u.link + "/poster.jpg", "/api/v1/videos/" + u.video + "/poster"} {
		r := w.want(w.do("GET", path, nil, w.asOwner()), 200)
		if string(r.body) != imageBytes || r.header.Get("Content-Type") != "image/jpeg" ||
			r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %q %v", path, r.body, r.header)
		}
		w.want(w.do("GET", path, nil, w.asOwner(), "If-None-Match: "+r.header.Get("ETag")), 304)
	}
	original := w.want(w.do("GET", "/api/v1/videos/"+u.video+"/original", nil, w.asOwner(), "Range: bytes=4-9"), 206)
	wantHeaders(
		t,
		original,
		map[string]string{
			"Content-Disposition": `attachment; filename="demo.mp4"; filename*=UTF-8''demo.mp4`,
			"Content-Type":        "application/octet-stream",
		},
	)
	if string(original.body) != "really" {
		t.Errorf("original is %q", original.body)
	}
	w.want(w.do("GET", "/api/v1/videos/"+u.video+"/original", nil), 401)
	w.want(
		w.do(
			"GET",
			"/api/v1/videos/"+u.video+"/original",
			nil,
			"Authorization: Bearer "+w.newUser("eve@example.org", "Eve"),
		),
		404,
	)
	waiting := w.newVideo()
	w.want(w.do("GET", "/v/"+waiting.link+"/poster.jpg", nil), 404)
	w.want(w.do("GET", "/v/"+waiting.link+"/download", nil), 404)
}

func TestFilenames(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"plain.mp4", `attachment; filename="plain.mp4"; filename*=UTF-8''plain.mp4`},
		{"", `attachment; filename="video"; filename*=UTF-8''video`},
		{"...", `attachment; filename="video"; filename*=UTF-8''video`},
		{
			"a\r\nSet-Cookie: x=1.mp4",
			`attachment; filename="aSet-Cookie- x=1.mp4"; filename*=UTF-8''aSet-Cookie-%20x%3D1.mp4`,
		},
		{"50% ; done.mp4", `attachment; filename="50_ _ done.mp4"; filename*=UTF-8''50%25%20%3B%20done.mp4`},
		{
			strings.Repeat("é", 200) + ".mp4",
			`attachment; filename="` + strings.Repeat(
				"_",
				75,
			) + `.mp4"; filename*=UTF-8''` + strings.Repeat(
				"%C3%A9",
				75,
			) + `.mp4`,
		},
	}
	for _, tc := range tests {
		if got := server.Attachment(tc.in, "video"); got != tc.want {
			t.Errorf("Attachment(%q)\n got %s\nwant %s", tc.in, got, tc.want)
		}
	}
}

// takesFiles is a writer like the one of net/http: it accepts a file by ReadFrom.
type takesFiles struct {
	http.ResponseWriter
	took io.Reader
}

func (w *takesFiles) Header() http.Header             { return http.Header{} }
func (w *takesFiles) WriteHeader(int)                 {}
func (w *takesFiles) Write([]byte) (int, error)       { return 0, io.ErrShortWrite }
func (w *takesFiles) SetReadDeadline(time.Time) error { return nil }
func (w *takesFiles) ReadFrom(r io.Reader) (int64, error) {
	w.took = r
	return 7, nil
}

func TestTheWriterPassesFilesThrough(t *testing.T) {
	t.Parallel()
	below := &takesFiles{}
	w := server.NewRecorder(below)
	src := io.LimitReader(strings.NewReader("a movie"), 7)
	n, err := w.(io.ReaderFrom).ReadFrom(src)
	if err != nil || n != 7 || below.took != src {
		t.Errorf("took %v, %d bytes, %v", below.took, n, err)
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now()); err != nil {
		t.Errorf("deadlines do not pass: %v", err)
	}
	if _, hidden := w.(interface{ CloseNotify() <-chan bool }); hidden {
		t.Error("the writer promises what the one below does not do")
	}
}
