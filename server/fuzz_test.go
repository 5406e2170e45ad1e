package server

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"meanwhile/storage"
)

// FuzzUploadMetadata: metadata is read completely, or refused.
func FuzzUploadMetadata(f *testing.F) {
	for _, seed := range []string{
		"", "filename ZGVtby5tcDQ=", "filename ZGVtby5tcDQ=,title RGVtbw==, private", "a,a", ",", "a ???", "a  YQ==",
		" YQ==", "a YQ", "filename Li4vLi4vZXRj", "a AA==", "a /w==",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		meta, err := metadataOf(header)
		if err != nil && storage.KindOf(err) != storage.Invalid {
			t.Errorf("%q: %v", header, err)
		}
		if _, empty := meta[""]; empty || len(meta) > strings.Count(header, ",")+1 {
			t.Errorf("%q gives %v", header, meta)
		}
		for _, name := range []string{meta["filename"], meta["title"]} {
			if value := attachment(
				name,
				"video.mp4",
			); strings.ContainsAny(value, "\r\n\x00") ||
				!utf8.ValidString(value) {
				t.Errorf("%q is offered as %q", name, value)
			}
		}
	})
}

// FuzzDigests: a digest has 32 bytes or is refused, and a checksum has the length of its kind.
func FuzzDigests(f *testing.F) {
	for _, seed := range []string{
		"",
		"sha-256=:" + strings.Repeat("A", 43) + "=:",
		"sha-512=:AA==:, sha-256=:" + strings.Repeat("A", 43) + "=:",
		"sha-256=:",
		"sha-256=::",
		"sha-256=:AA==",
		",,,",
		"sha-256=:%%%:",
		"sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha256 AA==", "md5 AA==", "sha1", "sha1 ", " ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if sum, err := contentDigest(
			http.Header{"Content-Digest": {header}},
		); err != nil &&
			(storage.KindOf(err) != storage.Invalid || sum != [32]byte{}) {
			t.Errorf("%q: %x, %v", header, sum, err)
		}
		if c, err := checksumOf(
			http.Header{"Upload-Checksum": {header}},
		); err == nil && c != nil &&
			len(c.Want) != c.Hash.Size() {
			t.Errorf("%q: %d bytes", header, len(c.Want))
		}
	})
}

// FuzzSafeNext: after a log-in, people stay on this site.
func FuzzSafeNext(f *testing.F) {
	for _, seed := range []string{
		"/", "/v/x?t=1#c", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example",
		"https://evil.example", "https:evil.example", "/\t/evil.example", "/%09/evil.example", "/..//evil.example",
		"/.//evil.example", "javascript:alert(1)", "/x\r\nSet-Cookie: a=b", "/\x00", "http:///evil.example",
		"/@evil.example", "?x", "", "/%", "/ü",
	} {
		f.Add(seed)
	}
	base, err := url.Parse("https://here.example/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		rec := httptest.NewRecorder()
		if err := redirect(
			rec,
			httptest.NewRequest(http.MethodPost, "https://here.example/login", nil),
			safeNext(next),
		); err != nil {
			t.Fatal(err)
		}
		to := rec.Header().Get("Location")
		// Browsers read a backslash as a slash, and drop tabs and line ends (WHATWG URL).
		seen := strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(to)
		u, err := base.Parse(seen)
		if err != nil || u.Host != "here.example" || u.Scheme != "https" || strings.HasPrefix(seen, "//") ||
			!strings.HasPrefix(seen, "/") {
			t.Errorf("%q leads to %q", next, to)
		}
	})
}

// FuzzCursor: a cursor is read or refused.
func FuzzCursor(f *testing.F) {
	good, err := cursorOf(&storage.VideoKey{ID: "x"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", good, good +
		"A", "e30", "bnVsbA", "W10", "MQ", "eyJJRCI6MX0", "!!!!", "eyJDcmVhdGVkQXQiOiIifQ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		key, err := readCursor[storage.VideoKey](cursor)
		if err != nil && (key != nil || storage.KindOf(err) != storage.Invalid) {
			t.Errorf("%q: %v, %v", cursor, key, err)
		}
		if err == nil && cursor != "" && key == nil {
			t.Errorf("%q is no place and no error", cursor)
		}
	})
}

var (
	ownTags = regexp.MustCompile(
		`<a href="(?i:https?)://[^"<>]*" rel="nofollow noopener ugc" target="_blank">|<a class="time" href="\?t=\d+">|</a>`,
	)
	anyURL = regexp.MustCompile(`(?i)href="([^"]*)"`)
)

// FuzzCommentHTML: a comment's text makes our own two kinds of link and no other HTML. All of its
// text stays.
func FuzzCommentHTML(f *testing.F) {
	for _, seed := range []string{
		attackText, "see https://example.org/a?b=c&d (at 1:23, 1:02:03).",
		"javascript:alert(1)", "HTTPS://EXAMPLE.ORG/\"onmouseover=\"alert(1)",
		"https://[::1]/", "http://a'><svg/onload=alert(1)>", "1:23:99:4", "\x00https://\x00",
		"\u202ehttps://a.example/\u2028x", "https://a.example/</a><script>",
		"{{.}} ${x} <%= x %>", "data:text/html,x https://data:text/html",
		"https://user:pass@evil.example", "&lt;script&gt;", "https://a.example/\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		markup := string(commentHTML(body))
		left := ownTags.ReplaceAllString(markup, "")
		if strings.ContainsAny(left, "<>\"") {
			t.Errorf("%q becomes %q", body, markup)
		}
		if got, want := html.UnescapeString(left), strings.ReplaceAll(body, "\x00", "\uFFFD"); got != want {
			t.Errorf("%q reads %q", want, got)
		}
		for _, m := range anyURL.FindAllStringSubmatch(markup, -1) {
			if address := strings.ToLower(
				m[1],
			); !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") &&
				!strings.HasPrefix(address, "?t=") {
				t.Errorf("%q links to %q", body, m[1])
			}
		}
	})
}

const attackText = `</script><img src=x onerror="alert(1)">'"&<!--`

// FuzzEmbed: an oEmbed address gives a token of this site or nothing. The response is one frame.
func FuzzEmbed(f *testing.F) {
	for _, seed := range []string{
		"https://here.example/v/abc", "https://here.example/embed/abc/",
		"http://HERE.example/v/abc?t=1", "https://here.example/v/a%2fb",
		"https://here.example.evil/v/abc", "https://here.example@evil.example/v/abc", "//here.example/v/abc",
		"https://here.example/v/../v/abc", "javascript://here.example/v/abc",
		" https://here.example/v/abc ", "https://here.example/v/\"onload=alert(1)",
		"", "https://here.example/v/", attackText,
	} {
		f.Add(seed)
	}
	s := newServer(Config{BaseURL: "https://here.example"}, Deps{})
	f.Fuzz(func(t *testing.T, link string) {
		if token, ok := s.tokenOf(&visit{}, link); ok && (token == "" || strings.ContainsAny(token, "/%<>\"' ")) {
			t.Errorf("%q names the token %q", link, token)
		}
		frame := frameHTML("https://here.example/embed/x", link, 16, 9)
		if strings.Count(frame, "<") != 2 || strings.Count(frame, ">") != 2 || strings.Count(frame, `"`) != 14 {
			t.Errorf("%q gives %s", link, frame)
		}
		if at := startSeconds(link); at < 0 {
			t.Errorf("%q begins at %d", link, at)
		}
	})
}

// FuzzRange: a range in a response is within the file, and there is only one.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{
		"", "bytes=0-1", "bytes=-5", "bytes=5-", "bytes=9-3", "bytes=0-0,2-2", "bytes=9223372036854775807-",
		"bytes=-9223372036854775808", "bytes=0-18446744073709551616", "bytes=,", "seconds=1-2", "bytes= 1 - 2",
		"bytes=1-2,",
	} {
		f.Add(seed)
	}
	const file = "0123456789abcdefghij"
	f.Fuzz(func(t *testing.T, asked string) {
		r := httptest.NewRequest(http.MethodGet, "/m/x", nil)
		r.Header.Set("Range", asked)
		rec := httptest.NewRecorder()
		_ = serveContent(rec, r, bytes.NewReader([]byte(file)))
		switch rec.Code {
		case http.StatusOK, http.StatusPartialContent:
			if !strings.Contains(file, rec.Body.String()) ||
				strings.HasPrefix(rec.Header().Get("Content-Type"), "multipart/") {
				t.Errorf("%q gives %q", asked, rec.Body.String())
			}
		case http.StatusRequestedRangeNotSatisfiable:
		default:
			t.Errorf("%q: %d", asked, rec.Code)
		}
	})
}

// FuzzProblem: an error's sentence may contain anything, the problem is still one JSON object.
func FuzzProblem(f *testing.F) {
	for _, seed := range []string{"", attackText, "\x00\xff", "\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		b, err := json.Marshal(
			newServer(
				Config{},
				Deps{},
			).problem(&visit{header: http.Header{}}, storage.E(storage.Invalid, said, nil)),
		)
		if err != nil || bytes.ContainsAny(b, "<>\u2028") || !json.Valid(b) {
			t.Errorf("%q becomes %s, %v", said, b, err)
		}
	})
}
