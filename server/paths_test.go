package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage/fsstore"
)

// outside is the content of files next to the folders that are served.
const outside = "what lies outside of the folder"

// withFolders serves objects and built files from folders that have another file next to them.
func withFolders(t *testing.T) change {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"objects", "ui"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "outside.txt"), []byte(outside), 0o600); err != nil {
		t.Fatal(err)
	}
	objects := must(fsstore.New(filepath.Join(dir, "objects")))(t)
	t.Cleanup(func() { _ = objects.Close() })
	return func(_ *server.Config, d *server.Deps, lc *servertest.Config) {
		lc.Objects, d.UI = objects, os.DirFS(filepath.Join(dir, "ui"))
	}
}

// raw sends a request exactly as given. No client corrects it.
func (w *fixture) raw(method, path, body string, headers ...string) reply {
	w.t.Helper()
	conn := must((&net.Dialer{}).DialContext(w.t.Context(), "tcp", strings.TrimPrefix(w.url, "http://")))(w.t)
	defer conn.Close()
	head := append(
		[]string{
			method + " " + path + " HTTP/1.1",
			"Host: " + strings.TrimPrefix(w.url, "http://"),
			"Connection: close",
		},
		headers...)
	if body != "" {
		head = append(head, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	// a server that responds early reads no more
	_, _ = io.WriteString(conn, strings.Join(head, "\r\n")+"\r\n\r\n"+body)
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s %.80q: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		w.t.Fatalf("%s %.80q: %v", method, path, err)
	}
	return reply{status: res.StatusCode, header: res.Header, body: b}
}

// oddSegments are parts of an address that nobody types by mistake.
var oddSegments = []string{
	"..",
	"../outside.txt",
	"../../../../../../etc/passwd",
	"%2e%2e",
	"%2e%2e%2foutside.txt",
	"..%2f..%2foutside.txt",
	"%252e%252e%252foutside.txt",
	"..%5coutside.txt",
	"..%c0%afoutside.txt",
	"%00",
	"x%00.mp4",
	"%ff%fe",
	"%0d%0aSet-Cookie:%20a=b",
	".",
	"%2f%2fetc%2fpasswd",
	"C:%5cwindows",
	"%E2%80%AE4pm",
	"%F0%9F%92%A9",
	"-1",
	"9223372036854775808",
	"1e9",
	"*",
	"'%20OR%201=1--",
	"%25",
	strings.Repeat("a", 5000),
	strings.Repeat("a", 60_000),
	strings.Repeat("%2e%2e%2f", 500) + "outside.txt",
}

// TestOddAddressesLeadNowhere puts each odd part into each place of each route's address. The other
// parts are valid.
func TestOddAddressesLeadNowhere(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withFolders(t), func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.LogInsPerMinute, c.LinkPasswordsPerMinute = 100_000, 100_000
	})
	for _, row := range server.Routes() {
		if row.Method == http.MethodOptions {
			continue // the same for every address
		}
		for _, place := range placeholder.FindAllString(row.Path, -1) {
			parts := w.realParts(row)
			for _, odd := range oddSegments {
				parts[place] = odd
				path := placeholder.ReplaceAllStringFunc(row.Path, func(name string) string { return parts[name] })
				r := w.raw(
					row.Method,
					path,
					oddBody(row),
					tusOn,
					w.asOwner(),
					digest(oddBody(row)),
					"Content-Type: "+oddType(row),
					"Upload-Offset: 0",
				)
				if r.status < 400 || r.status >= 500 {
					t.Errorf("%s %.100q: %d %.100s", row.Method, path, r.status, r.body)
				}
				if strings.Contains(string(r.body), outside) || strings.Contains(string(r.body), "root:") ||
					r.header.Get("Set-Cookie") != "" {
					t.Errorf("%s %.100q gives %v %.100s", row.Method, path, r.header, r.body)
				}
			}
		}
	}
}

// realParts are values for the parts of a row's address that lead to something.
func (w *fixture) realParts(row server.Route) map[string]string {
	w.t.Helper()
	u := w.newReadyVideo()
	media, _ := w.mediaOf(u)
	parts := strings.Split(media, "/")
	id := u.video
	switch {
	case strings.HasPrefix(row.Path, "/api/v1/files/"):
		l := w.createUpload(5).location
		id = l[strings.LastIndexByte(l, '/')+1:]
	case strings.HasPrefix(row.Path, "/api/v1/uploads/"):
		l := w.newRecording().location
		id = l[strings.LastIndexByte(l, '/')+1:]
	}
	return map[string]string{
		"{id}":         id,
		"{token}":      u.link,
		"{share}":      w.linkID(u.link),
		"{grant}":      parts[2],
		"{generation}": parts[3],
		"{name}":       parts[4],
		"{track}":      "screen",
		"{n}":          "0",
		"{secret}":     "none",
		"{path...}":    "x",
	}
}

func oddBody(row server.Route) string {
	switch {
	case row.Method == http.MethodGet || row.Method == http.MethodHead || row.Method == http.MethodDelete:
		return ""
	case row.Name == "put-chunk" || row.Name == "tus-append":
		return "hello"
	case row.Name == "":
		return "password=x"
	}
	return `{"title":"x","body":"x","at_ms":0,"name":"x","password":"x","email":"x@example.org","state":"recording","tracks":{}}`
}

func oddType(row server.Route) string {
	switch row.Name {
	case "put-chunk":
		return "video/mp4"
	case "tus-append":
		return "application/offset+octet-stream"
	case "":
		return "application/x-www-form-urlencoded"
	}
	return "application/json"
}

// TestOddRangesGetNoMoreThanTheFile requests ranges that no file has.
func TestOddRangesGetNoMoreThanTheFile(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI)
	u := w.newReadyVideo()
	media, poster := w.mediaOf(u)
	many := "bytes=" + strings.TrimSuffix(strings.Repeat("0-,", 2000), ",")
	tests := []struct {
		name, asked string
		status      []int
	}{
		{"many", many, []int{200}},
		{"many small ones", "bytes=0-0,2-2,4-4,6-6", []int{200}},
		{"reversed", "bytes=9-3", []int{416}},
		{"an end larger than the file", "bytes=-999999999999", []int{206}},
		{"2^63 from the end", "bytes=-9223372036854775808", []int{416}},
		{"nothing from the end", "bytes=-0", []int{206, 416}},
		{"from 2^63", "bytes=9223372036854775808-", []int{416}},
		{"from the largest number", "bytes=9223372036854775807-", []int{416}},
		{"to 2^64", "bytes=0-18446744073709551616", []int{416}},
		{"to the largest number", "bytes=0-9223372036854775807", []int{206}},
		{"negative", "bytes=--1", []int{416}},
		{"signed", "bytes=+1-+2", []int{200, 206, 416}},
		{"hexadecimal", "bytes=0x1-0x2", []int{416}},
		{"another unit", "seconds=1-2", []int{416}},
		{"no numbers", "bytes=-", []int{416}},
		{"nothing", "bytes=", []int{200, 416}},
	}
	for _, path := range []string{media, poster, "/assets/watch-1.css", "/v/" +
		u.link + "/poster.jpg",
		"/v/" + u.link + "/video.mp4",
		"/v/" + u.link + "/download",
		"/api/v1/videos/" + u.video + "/original"} {
		whole := w.want(w.do("GET", path, nil, w.asOwner()), 200).body
		for _, tc := range tests {
			r := w.raw("GET", path, "", w.asOwner(), "Range: "+tc.asked)
			if !slices.Contains(tc.status, r.status) {
				t.Errorf("%s of %s: %d, want %v", tc.name, path, r.status, tc.status)
			}
			if r.status < 400 && (len(r.body) > len(whole) || !strings.Contains(string(whole), string(r.body))) {
				t.Errorf("%s of %s: %d bytes of a file of %d", tc.name, path, len(r.body), len(whole))
			}
			if kind := r.header.Get("Content-Type"); strings.HasPrefix(kind, "multipart/") {
				t.Errorf("%s of %s: %s", tc.name, path, kind)
			}
		}
	}
}
