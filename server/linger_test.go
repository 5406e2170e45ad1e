package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestEarlyRefusalsAreHeard sends whole bodies before it reads anything, as simple clients do, to
// requests that the server refuses after the header.
func TestEarlyRefusalsAreHeard(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	file, recording := w.createUpload(100<<20), w.newRecording()
	tests := []struct {
		name, method, path string
		megabytes          int
		headers            []string
		want               int
	}{
		{
			"a chunk that is too large", "PUT", recording.location + "/tracks/screen/chunks/0", 17,
			[]string{"Authorization: Bearer " + recording.token, digest("x")}, 413,
		},
		{
			"another offset",
			"PATCH",
			file.location,
			8,
			[]string{
				tusOn,
				"Authorization: Bearer " + file.token,
				"Upload-Offset: 5",
				"Content-Type: application/offset+octet-stream",
			},
			409,
		},
		{"no token", "PUT", recording.location + "/tracks/screen/chunks/0", 8, []string{digest("x")}, 401},
		{
			"JSON that is too large",
			"POST",
			"/api/v1/videos",
			8,
			[]string{w.asOwner(), "Content-Type: application/json"},
			413,
		},
		{"a form that is too large", "POST", "/login", 8, []string{formType}, 413},
		{"no such address", "POST", "/nowhere", 8, nil, 404},
		{"no such method", "PUT", "/api/v1/videos", 8, []string{w.asOwner()}, 405},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			conn := must(net.Dial("tcp", strings.TrimPrefix(w.url, "http://")))(t)
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			size := int64(tc.megabytes) << 20
			head := fmt.Sprintf(
				"%s %s HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n%s\r\n\r\n",
				tc.method,
				tc.path,
				size,
				strings.Join(append(tc.headers, "Accept: */*"), "\r\n"),
			)
			if _, err := io.WriteString(conn, head); err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(conn, io.LimitReader(zeros{}, size)); err != nil {
				t.Fatalf("after %d bytes: %v", n, err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if res.StatusCode != tc.want || len(body) == 0 || err != nil {
				t.Errorf("%d %s, %v; want %d", res.StatusCode, body, err, tc.want)
			}
		})
	}
}

// TestAStalledBodyHoldsNoConnection sends half of a body to a request that was refused, and then
// nothing.
func TestAStalledBodyHoldsNoConnection(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	conn := must(net.Dial("tcp", strings.TrimPrefix(w.url, "http://")))(t)
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	head := "POST /nowhere HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000\r\n\r\n"
	if _, err := io.WriteString(conn, head+strings.Repeat("x", 800_000)); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	res := must(http.ReadResponse(in, nil))(t)
	if _, err := io.Copy(io.Discard, res.Body); res.StatusCode != 404 || err != nil {
		t.Errorf("%d, %v", res.StatusCode, err)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection is held: %v", err)
	}
}
