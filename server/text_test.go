package server_test

import (
	"fmt"
	"strings"
	"testing"

	"meanwhile/server"
)

func TestCommentText(t *testing.T) {
	t.Parallel()
	comments := []string{
		"plain words",
		"at 1:23 it flickers",
		"1:02:03, then 0:05.",
		"(1:23)",
		"see 1:23-1:40",
		"1:23:",
		"12:34:56:78",
		"1:99",
		"123:45",
		"10.1:23",
		"v1:23",
		"99:59",
		"1:75:10",
		"https://example.org/a?b=1&c=2",
		"look: https://example.org/a.",
		"(https://example.org/x)",
		"https://en.wikipedia.org/wiki/Go_(game)",
		"[http://example.org]",
		"HTTPS://EXAMPLE.ORG",
		"https://",
		"https://?",
		"http://example.org:8080/1:23",
		"https://example.org/1:23, and 1:23",
		"ftp://example.org javascript:alert(1)",
		`<script>alert(1)</script>`,
		`https://example.org/"onmouseover="alert(1)`,
		`https://example.org/'><img src=x onerror=alert(1)>`,
		"a & b < c > d \" e ' f",
		"two\nlines 0:07",
		"“https://example.org”",
		"日本 1:23 語",
		"é1:23",
	}
	var b strings.Builder
	for _, c := range comments {
		fmt.Fprintf(&b, "%q\n    %q\n", c, server.CommentHTML(c))
	}
	checkGolden(t, "text", b.String())
}

func TestStartPositions(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{
		"": 0, "90": 90, "90s": 90, "1m30s": 90, "1m30": 90, "1m": 60, "1h2m3s": 3723,
		"1:30": 90, "1:02:03": 3723, "1:5": 0, "x": 0, "-5": 0, "1.5": 0,
		"99999999999999999999": 0, "1h90": 3690, "1:99": 0, "s": 0,
	} {
		if got := server.StartSeconds(in); got != want {
			t.Errorf("StartSeconds(%q) is %d, want %d", in, got, want)
		}
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "LOCALHOST:1": true, "127.0.0.1:8080": true,
		"127.9.9.9": true, "[::1]:8080": true, "[::1]": true,
		"example.org": false, "localhost.example.org": false, "192.168.0.1:80": false, "": false, "[fd00::2]:80": false,
	} {
		if got := server.Loopback(in); got != want {
			t.Errorf("Loopback(%q) is %v, want %v", in, got, want)
		}
	}
}
