package server_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"meanwhile"

	"meanwhile/server"
)

// FuzzSafeNext asks where a form may lead: to a path of this site, whatever a browser makes of it.
func FuzzSafeNext(f *testing.F) {
	for _, next := range []string{
		"/", "/v/x?t=1#c", "//evil.example", `/\evil.example`, "/\t/evil.example", "https://evil.example", "javascript:alert(1)", "/%2f/evil.example", "/..//evil.example", "/.//evil.example", "/\n/evil", "\\\\evil", " //evil.example",
		"///evil", "/;//evil", "/?next=//evil", "/\u2028/evil", "/@evil.example", "http:/evil", "http:evil", "/x\r\nSet-Cookie: a=b", "%2f%2fevil", "",
	} {
		f.Add(next)
	}
	base := &url.URL{Scheme: "https", Host: "video.example.org", Path: "/login"}
	f.Fuzz(func(t *testing.T, next string) {
		to := server.SafeNext(next)
		// A browser drops tabs and line breaks, and reads a backslash as a slash (WHATWG URL, 4.4).
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.Trim(to, " \x00\x01\x02\x1f"))
		u, err := base.Parse(seen)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Fatalf("%q leads to %q", next, to)
		}
		if strings.ContainsAny(to, "\r\n") {
			t.Fatalf("%q breaks the header: %q", next, to)
		}
	})
}

var tags = regexp.MustCompile(`<[^>]*>`)

// FuzzCommentHTML makes a page's markup of a comment: nothing but text, links to http and https, and positions.
func FuzzCommentHTML(f *testing.F) {
	for _, body := range []string{
		"hello", "see https://example.com/a?b=c&d at 1:23 and 1:02:03", `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `https://example.com/"onmouseover="alert(1)`, "https://example.com/'><svg/onload=alert(1)>",
		"javascript:alert(1)", "https://javascript:alert(1)", "http://[::1]/)", "\u202ehttps://example.com", "https://e\u0000xample.com", "9:99 99:59 1:2:3:4 0:00.5", "https://", "https://https://x", strings.Repeat("1:00 ", 500), "\xff\xfe",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		html := string(server.CommentHTML(body))
		for _, tag := range tags.FindAllString(html, -1) {
			link := regexp.MustCompile(`^<a href="(?i:https?)://[^"<>]*" rel="nofollow noopener ugc" target="_blank">$`).MatchString(tag)
			if !link && !regexp.MustCompile(`^<a class="time" href="\?t=\d+">$`).MatchString(tag) && tag != "</a>" {
				t.Fatalf("%q became %q", body, tag)
			}
		}
		if rest := tags.ReplaceAllString(html, ""); strings.ContainsAny(rest, `<>"`) {
			t.Fatalf("%q leaves %q", body, rest)
		}
	})
}

// FuzzHeaders reads what clients say in headers of uploads and in a query.
func FuzzHeaders(f *testing.F) {
	sum := sha256.Sum256([]byte("x"))
	f.Add("filename ZGVtby5tcDQ=,title RGVtbw==", digest("x")[len("Content-Digest: "):], "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "5", "br;q=0.5, gzip", "1m30s")
	f.Add("filename", "sha-512=:YQ==:, sha-256=:"+fmt.Sprintf("%x", sum)+":", "sha256", "-1", "gzip;q=", "1:02:03")
	f.Add("a YQ==,a YQ==", "sha-256=::", "md5 ====", "9223372036854775808", "*", "99999999999h")
	f.Add(" , ,\xff \x00", "sha-256=:"+strings.Repeat("A", 43)+"=", " ", "1e3", "gzip; q=1e400", "\u0663")
	f.Fuzz(func(t *testing.T, metadata, digest, checksum, length, accept, at string) {
		h := http.Header{"Upload-Metadata": {metadata}, "Upload-Checksum": {checksum}, "Upload-Length": {length}, "Content-Digest": {digest}}
		if n, err := server.NewUploadOf(h); err == nil && n.LengthBytes < 0 {
			t.Fatalf("a length of %d", n.LengthBytes)
		}
		if err := server.ChecksumOf(h); err == nil && checksum != "" && !strings.Contains(checksum, " ") {
			t.Fatalf("%q is a checksum", checksum)
		}
		if _, err := server.ContentDigest(h); err == nil && !strings.Contains(digest, "sha-256=:") {
			t.Fatalf("%q has a digest", digest)
		}
		_ = server.Accepts(accept, "gzip")
		if s := server.StartSeconds(at); s < 0 || s > 1e9 {
			t.Fatalf("%q is %d seconds", at, s)
		}
		if d := server.Attachment(metadata, "video"); strings.ContainsAny(d, "\r\n\x00") || strings.Count(d, `"`) != 2 || !utf8.ValidString(d) {
			t.Fatalf("%q is sent as %q", metadata, d)
		}
		_ = server.Loopback(at)
	})
}

// FuzzCursors reads places in lists, which clients send back.
func FuzzCursors(f *testing.F) {
	for _, cursor := range []string{"", "bnVsbA", "e30", "eyJJRCI6IngifQ", "W10", "Int9Ig", "=", "..", strings.Repeat("W", 4000), "eyJUaHJlYWRBdCI6MWUzMDB9", "eyJDcmVhdGVkQXQiOiIwMDAwLTAxLTAxVDAwOjAwOjAwWiJ9"} {
		f.Add(cursor)
	}
	w := newWorld(f)
	u := w.newReadyVideo()
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, path := range []string{"/api/v1/videos?cursor=", "/api/v1/shares/" + u.share + "/comments?cursor="} {
			r := httptest.NewRequest("GET", path+url.QueryEscape(cursor), nil)
			r.Header.Set("Authorization", "Bearer "+w.key)
			out := httptest.NewRecorder()
			w.handler.ServeHTTP(out, r)
			if out.Code != 200 && out.Code != 400 && out.Code != 422 {
				t.Fatalf("%q: %d %s", cursor, out.Code, out.Body)
			}
		}
	})
}

// FuzzGrants forges addresses of media: nothing but what the Library has signed opens anything.
func FuzzGrants(f *testing.F) {
	w := newWorld(f)
	u := w.newReadyVideo()
	source, _ := w.mediaOf(u)
	good := strings.Split(source, "/")
	for _, grant := range []string{good[2], good[2] + "x", good[2][1:], strings.Replace(good[2], ".", "..", 1), "..", ".", "a.1.2.b", "a.-1.99999999999999999999.", strings.ToUpper(good[2]), ""} {
		f.Add(grant, good[3], good[4], "bytes=0-1")
		f.Add(grant, "g0", "screen.m3u8", "bytes=-1,0-")
	}
	f.Add(good[2], "g99999999999999999999", "..", "bytes=9223372036854775807-")
	f.Add(good[2], "g-1", "\x00", "bytes=-9223372036854775808")
	f.Fuzz(func(t *testing.T, grant, generation, name, ranges string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = &url.URL{Path: "/m/" + grant + "/" + generation + "/" + name}
		r.Header.Set("Range", ranges)
		out := httptest.NewRecorder()
		w.handler.ServeHTTP(out, r)
		opened := out.Code == 200 || out.Code == 206 || out.Code == 416
		if out.Code >= 500 || opened && grant != good[2] {
			t.Fatalf("%s: %d %s", r.URL.Path, out.Code, out.Body)
		}
		if out.Code == 206 && (out.Body.Len() > len(movieBytes) && !bytes.Contains(out.Body.Bytes(), []byte("EXT")) || strings.HasPrefix(out.Header().Get("Content-Type"), "multipart")) {
			t.Fatalf("%q of %s: %d bytes as %s", ranges, r.URL.Path, out.Body.Len(), out.Header().Get("Content-Type"))
		}
	})
}

// FuzzBodies sends JSON to what takes it: whatever it is, it is taken or refused, and a layout that is taken can be drawn.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{"title":"x"}`, `{"layout":{"bubbles":[{"at_ms":0,"x":0.1,"y":0.8,"size":0.28,"visible":true}]}}`, `{"layout":{"bubbles":[]}}`, `{"layout":{"bubbles":[{"at_ms":0,"x":1e308,"y":-1,"size":1e-9,"visible":true}]}}`, `{"layout":null}`,
		`{"layout":{"bubbles":[{"at_ms":9223372036854775808}]}}`, `{"at_ms":0,"body":"hi","name":"x"}`, `{"at_ms":-1,"until_ms":9223372036854775807,"body":"hi"}`, `{"body":"\u0000\ud800\u202e"}`, `[]`, `null`, `{`, `{"title":{"title":1}}`,
		`{"state":"paused","pauses":[{"from":"0000-01-01T00:00:00Z"}],"camera_offset_ms":-9223372036854775808}`, `{"tracks":{"screen":{"chunks":9223372036854775807,"bytes":9223372036854775807}}}`, strings.Repeat("[", 10_000), "{\"title\":\"" + strings.Repeat("a", 5000) + "\"}",
	} {
		f.Add([]byte(body))
	}
	w := newWorld(f, func(c *server.Config, _ *server.Deps, _ *meanwhile.Config) { c.LogInsPerMinute = 1 << 30 })
	ready, recording := w.newReadyVideo(), w.newRecording()
	targets := [][2]string{
		{"PATCH", "/api/v1/videos/" + ready.video}, {"POST", "/api/v1/shares/" + ready.share + "/comments"}, {"POST", recording.location + "/heartbeat"}, {"POST", recording.location + "/complete"},
		{"POST", "/api/v1/session"}, {"POST", "/api/v1/videos"},
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, target := range targets {
			r := httptest.NewRequest(target[0], target[1], bytes.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+w.key)
			r.Header.Set("Content-Type", "application/json")
			out := httptest.NewRecorder()
			w.handler.ServeHTTP(out, r)
			if out.Code >= 500 {
				t.Fatalf("%s %s of %q: %d %s", target[0], target[1], body, out.Code, out.Body)
			}
		}
		r := httptest.NewRequest("GET", "/v/"+ready.share, nil)
		out := httptest.NewRecorder()
		if w.handler.ServeHTTP(out, r); out.Code != 200 {
			t.Fatalf("after %q the page is %d", body, out.Code)
		}
	})
}
