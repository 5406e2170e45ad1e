package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"meanwhile"

	"meanwhile/server"
)

// rawGet sends a request line as it is written: Go's client would mend it.
func (w *world) rawGet(method, target string, headers ...string) (status int, header http.Header, body string) {
	w.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, target, strings.TrimPrefix(w.url, "http://"))
	for _, h := range headers {
		fmt.Fprintf(c, "%s\r\n", h)
	}
	fmt.Fprint(c, "\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s %.200q: %v", method, target, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s %.200q: read: %v", method, target, err)
	}
	return res.StatusCode, res.Header, string(b)
}

// wanderings are names that lead elsewhere on a careless server.
var wanderings = []string{
	"..", "../../../../etc/passwd", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2f..%2fetc%2fpasswd", "%252e%252e%252fetc%252fpasswd", "..%252f..%252fetc%252fpasswd",
	"..%5c..%5cetc%5cpasswd", `..\..\etc\passwd`, "....//....//etc/passwd", "%c0%ae%c0%ae%c0%afetc%c0%afpasswd", "%e0%80%ae%e0%80%ae/", "%00", "copy.mp4%00.jpg", "%0d%0aSet-Cookie:%20x=1",
	"/etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "http://127.0.0.1/", ".", "%2e", "", "%20", "%ff%fe", "%f0%9f%92%a9", ".keep", "manifest.json%2f..%2f.keep", "con", "~root", ";id", "$(id)", "%24%7bjndi:x%7d",
	"copy.mp4/", "copy.mp4/..", "./copy.mp4", "COPY.MP4", "speech.flac", "-1", "99999999999999999999", "9223372036854775808", "0x1", "1e3",
	strings.Repeat("a", 300), strings.Repeat("a", 9000), strings.Repeat("../", 2000), strings.Repeat("%2e%2e%2f", 2000),
}

// TestNoAddressLeadsElsewhere puts names that wander into every place of every route's path: each ends in an error that was meant, and nothing
// of what lies outside is in it. Addresses that are right by chance are those of the row itself.
func TestNoAddressLeadsElsewhere(t *testing.T) {
	s := newSights(t, withUI)
	for _, row := range server.Routes() {
		whole := s.address(server.Route{Method: row.Method, Path: row.Path})
		for place, pattern := range strings.Split(row.Path, "/") {
			if !strings.HasPrefix(pattern, "{") {
				continue
			}
			for _, name := range wanderings {
				parts := strings.Split(whole, "/")
				parts[place] = name
				target := strings.Join(parts, "/")
				status, header, body := s.rawGet(row.Method, target, tusOn, s.asOwner(), "Content-Length: 0")
				if status >= 500 && status != 501 || status < 300 && row.Method != "OPTIONS" || strings.Contains(body, "root:") || header.Get("Set-Cookie") != "" {
					t.Errorf("%s %.120q: %d %.200q", row.Method, target, status, body)
				}
			}
		}
	}
	if strings.Contains(s.logged.String(), "panic") {
		t.Errorf("something panicked:\n%s", s.logged.String())
	}
}

// TestRangesAreOneAtMost asks each address that answers with a part for parts that are strange: no answer is larger than the whole, nor in
// several pieces, and none is an error of the server.
func TestRangesAreOneAtMost(t *testing.T) {
	stores := map[string]change{
		"files":   func(*server.Config, *server.Deps, *meanwhile.Config) {},
		"streams": func(_ *server.Config, _ *server.Deps, lc *meanwhile.Config) { lc.Objects = unseekable{lc.Objects} },
	}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) { rangesAreOneAtMost(t, newSights(t, withUI, store)) })
	}
}

func rangesAreOneAtMost(t *testing.T, s *sights) {
	playback := s.playbackOf(s.video.share)
	addresses := map[string]bool{
		playback.Tracks[0].Sources[0].URL: true, playback.Tracks[0].HLS: true, playback.Poster: true, "/assets/watch-1.js": true,
		"/v/" + s.video.share + "/poster.jpg": true, "/v/" + s.video.share + "/video.mp4": true, "/v/" + s.video.share + "/download": true,
		"/api/v1/videos/" + s.video.video + "/original": true, "/api/v1/videos/" + s.video.video + "/poster": true,
		"/v/" + s.video.share: false, "/api/v1/videos": false, "/healthz": false,
	}
	const most = "9223372036854775807"
	tests := []struct {
		ranges string
		status int // of an address that answers with parts; zero: any of the three
	}{
		{"bytes=0-0", 206}, {"bytes=-1", 206}, {"bytes=0-" + most, 206}, {"bytes=-" + most, 206}, {"bytes=-1000000", 206}, {"bytes=2-", 206},
		{"bytes=5-2", 416}, {"bytes=" + most + "-", 416}, {"bytes=9223372036854775808-", 416}, {"bytes=-9223372036854775808", 416}, {"bytes=18446744073709551617-18446744073709551618", 416},
		{"bytes=-0", 0}, {"bytes=--1", 416}, {"bytes=1--2", 416}, {"bytes=a-b", 416}, {"bytes=0x0-0x2", 416}, {"bytes= 0 - 1 ", 0}, {"bytes=-", 416}, {"bytes=", 0}, {"bytes", 416}, {"Bytes=0-1", 416}, {"octets=0-1", 416},
		{"bytes=0-0,2-3", 200}, {"bytes=0-,0-,0-,0-", 200}, {"bytes=" + strings.Repeat("0-0,", 4000) + "0-0", 200}, {"bytes=,", 200}, {"bytes=0-0,", 200}, {"bytes=5-2,1-0", 200},
	}
	for address, parted := range addresses {
		whole := s.want(s.do("GET", address, nil, s.asOwner(), "Accept-Encoding: identity"), 200)
		for _, tc := range tests {
			status, header, body := s.rawGet("GET", address, s.asOwner(), "Range: "+tc.ranges)
			switch {
			case strings.HasPrefix(header.Get("Content-Type"), "multipart/"), status != 416 && len(body) > len(whole.body) && parted:
				t.Errorf("%s of %s: %d bytes as %s", tc.ranges, address, len(body), header.Get("Content-Type"))
			case !parted && status != 200:
				t.Errorf("%.40s of %s, which has no parts: %d", tc.ranges, address, status)
			case parted && tc.status == 0 && status != 200 && status != 206 && status != 416, parted && tc.status != 0 && status != tc.status:
				t.Errorf("%.40s of %s: %d, want %d", tc.ranges, address, status, tc.status)
			case status == 206 && !strings.Contains(string(whole.body), body):
				t.Errorf("%.40s of %s is %q, which is no part of it", tc.ranges, address, body)
			}
		}
	}
}

// TestUploadsRefuseStrangeNumbers sends numbers that wrap, lie or are none wherever an upload takes one.
func TestUploadsRefuseStrangeNumbers(t *testing.T) {
	s := newSights(t)
	strange := []string{"-1", "9223372036854775808", "18446744073709551616", "1e3", "0x10", "٣", "1 1", "+1", "1,1", "NaN", "", strings.Repeat("9", 400)}
	token := bearer(s.file.token)[0]
	before := s.head(s.file).header.Get("Upload-Offset")
	for _, n := range strange {
		tests := []struct {
			name  string
			reply reply
		}{
			{"length", s.do("POST", "/api/v1/files/", nil, s.asOwner(), tusOn, "Upload-Length: "+n)},
			{"offset", s.do("PATCH", s.file.location, "hello", token, tusOn, "Content-Type: application/offset+octet-stream", "Upload-Offset: "+n)},
			{"defer", s.do("POST", "/api/v1/files/", nil, s.asOwner(), tusOn, "Upload-Defer-Length: 2"+n)},
		}
		if n != "" { // an empty place is another address
			for name, path := range map[string]string{"chunk": "/tracks/screen/chunks/" + n, "track": "/tracks/" + n + "/chunks/0"} {
				if name == "chunk" && n == "+1" {
					continue // a number with its sign
				}
				tests = append(tests, struct {
					name  string
					reply reply
				}{name, s.do("PUT", s.recording.location+strings.ReplaceAll(path, " ", "%20"), "x", bearer(s.recording.token)[0], digest("x"), "Content-Type: video/mp4")})
			}
		}
		for _, tc := range tests {
			if tc.reply.status < 400 || tc.reply.status >= 500 {
				t.Errorf("%s %.30q: %d %s", tc.name, n, tc.reply.status, tc.reply.body)
			}
		}
	}
	if after := s.head(s.file).header.Get("Upload-Offset"); after != before {
		t.Errorf("the upload went from %s to %s", before, after)
	}
}
