package main_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// direct is a client that does not follow redirects.
var direct = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (p *program) fetch(address string, header ...string) (*http.Response, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := direct.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res, string(b)
}

// TestMediaIsRedirectedToTheStorage takes a video through all steps and fetches it as a player
// does, from the real storage.
func TestMediaIsRedirectedToTheStorage(t *testing.T) {
	t.Parallel()
	s := mustServices(t)
	p := newProgram(t, append(s.env(), "MEANWHILE_MEDIA_DELIVERY=redirect")...)
	key := p.owner()
	p.start()
	id := p.push(clip(t, "small.mp4", 4, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac"))
	v := p.waitState(key, id, time.Minute, "ready")
	var link struct {
		Playback struct {
			Tracks []struct{ Sources []struct{ URL string } }
			Poster string
		}
	}
	p.until(time.Minute, "a poster", func() bool {
		p.get("", "/api/v1/shares/"+v.LinkToken, &link)
		return link.Playback.Poster != ""
	})

	origin := ""
	for address, mediaType := range map[string]string{
		link.Playback.Tracks[0].Sources[0].URL: "video/mp4",
		link.Playback.Poster:                   "image/jpeg",
	} {
		res, _ := p.fetch(p.base + address)
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil || res.StatusCode != http.StatusFound || to.Host == "" {
			t.Fatalf("%s answers %s, want a redirect", mediaType, res.Status)
		}
		origin = to.Scheme + "://" + to.Host
		piece, bytes := p.fetch(to.String(), "Range", "bytes=0-99", "Origin", p.base)
		if piece.StatusCode != http.StatusPartialContent || len(bytes) != 100 ||
			!strings.HasPrefix(piece.Header.Get("Content-Type"), mediaType) {
			t.Errorf(
				"%s at the storage: %s, %d bytes of %s",
				mediaType,
				piece.Status,
				len(bytes),
				piece.Header.Get("Content-Type"),
			)
		}
	}
	page, _ := p.fetch(p.base + "/v/" + v.LinkToken)
	if policy := page.Header.Get("Content-Security-Policy"); strings.Count(policy, origin) != 3 {
		t.Errorf("the page's policy does not name %s where it has to: %s", origin, policy)
	}
}

// TestDoctorLooksAtTheMediaAddress checks the media address as a browser does.
func TestDoctorLooksAtTheMediaAddress(t *testing.T) {
	t.Parallel()
	s := mustServices(t)
	u, err := url.Parse(s.objects)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	target, err := url.Parse(query.Get("endpoint"))
	if err != nil {
		t.Fatal(err)
	}
	closed := httptest.NewServer(passTo(target, func(r *http.Response) error {
		for name := range r.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				r.Header.Del(name)
			}
		}
		return nil
	}))
	defer closed.Close()
	whole := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		passTo(target, nil).ServeHTTP(w, r)
	}))
	defer whole.Close()

	for _, tc := range []struct {
		name, public, base, delivery string
		result, says                 string // a part of the detail or of the remedy
	}{
		{
			"one that browsers may use",
			target.String(),
			"http://localhost:8080",
			"redirect",
			"ok",
			"serves ranges to pages of http://localhost:8080",
		},
		{"one that is not used", closed.URL, "http://localhost:8080", "proxy", "ok", "comes from the server"},
		{
			"one without CORS", closed.URL, "http://localhost:8080", "redirect", "fail",
			"CORS rules allow GET with the header Range from http://localhost:8080",
		},
		{
			"one that knows no ranges", whole.URL, "http://localhost:8080", "redirect", "fail",
			"answers a request for a range with 200",
		},
		{"one that is not there", "http://127.0.0.1:1", "http://localhost:8080", "redirect", "fail", "public_endpoint"},
		{
			"a plain one under a secure page",
			target.String(),
			"https://updates.example.com",
			"redirect",
			"fail",
			"https:// address",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			query.Set("public_endpoint", tc.public)
			u.RawQuery = query.Encode()
			p := newProgram(
				t,
				append(
					s.env(),
					"MEANWHILE_OBJECTS_URL="+u.String(),
					"MEANWHILE_MEDIA_DELIVERY="+tc.delivery,
					"MEANWHILE_BASE_URL="+tc.base,
				)...)
			by, _ := p.doctor()
			got := by["media address"]
			if got.Result != tc.result || !strings.Contains(got.Detail+got.Mend, tc.says) ||
				(got.Result == "fail") == (got.Mend == "") {
				t.Errorf("doctor says %+v, want %s with %q", got, tc.result, tc.says)
			}
			if strings.Contains(got.Detail+got.Mend, "X-Amz-Signature") {
				t.Errorf("the report holds a signed address: %+v", got)
			}
		})
	}

	p := newProgram(t, "MEANWHILE_MEDIA_DELIVERY=redirect")
	if by, _ := p.doctor(); by["media address"].Result != "warn" ||
		!strings.Contains(by["media address"].Mend, "MEANWHILE_MEDIA_DELIVERY=proxy") {
		t.Errorf("with a folder doctor says %+v, want a warning with the mend", by["media address"])
	}
}
