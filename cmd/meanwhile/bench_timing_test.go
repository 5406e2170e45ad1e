//go:build bench

package main_test

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"meanwhile/storage"
)

// hiddenTiming measures whether response times tell private things from things that do not exist. A
// test of the server checks that both take the same path.
func hiddenTiming(b *bench) []row {
	s := newSubject(b, "", "MEANWHILE_SIGN_UP=open")
	tiny := b.clip("tiny.mp4", func(string) []string {
		return append(
			[]string{"-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=2"},
			"-c:v",
			"libx264",
			"-g",
			"5",
			"-pix_fmt",
			"yuv420p",
			"-f",
			"mp4",
		)
	})
	private := s.ready(tiny)
	s.ask(b, http.MethodDelete, "/api/v1/videos/"+private.id, s.key, "")
	if _, stderr, code := s.run("user", "add", "nobody@example.com"); code != 0 {
		b.Fatal(stderr)
	}
	key, stderr, code := s.run("token", "add", "--email", "nobody@example.com")
	if code != 0 {
		b.Fatal(stderr)
	}
	stranger := strings.TrimSpace(key)
	var rows []row
	for _, road := range []struct{ name, method, path, key, private string }{
		{"watch page of a link", http.MethodGet, "/v/%s", "", private.token},
		{"link by the API", http.MethodGet, "/api/v1/shares/%s", "", private.token},
		{"poster of a link", http.MethodGet, "/v/%s/poster.jpg", "", private.token},
		{"somebody else's video by the API", http.MethodGet, "/api/v1/videos/%s", stranger, private.id},
	} {
		var hidden, unknown sample
		for range b.times(200) { // in turns
			hidden.addMillis(s.ask(b, road.method, fmt.Sprintf(road.path, road.private), road.key, ""))
			unknown.addMillis(s.ask(b, road.method, fmt.Sprintf(road.path, storage.NewRandomID()), road.key, ""))
		}
		rows = append(rows, apart(road.name+", private / unknown", hidden, unknown, 5))
	}
	signedUp := s.postForm(
		browser(b),
		s.base+"/signup",
		url.Values{"email": {"somebody@example.com"}, "password": {"the right one, and long"}},
	)
	if signedUp.StatusCode != http.StatusOK {
		b.Fatal(signedUp.Status)
	}
	var known, unknown sample
	for i := range b.times(10) { // an account has ten tries a minute
		try := func(times *sample, email string) {
			times.addMillis(
				s.ask(
					b,
					http.MethodPost,
					"/api/v1/session",
					"",
					fmt.Sprintf(`{"email":%q,"password":"not the right one"}`, email),
				),
			)
		}
		if i%2 == 0 { // garbage collection of a hash's memory falls on every second one
			try(&known, "somebody@example.com")
		}
		try(&unknown, fmt.Sprintf("none%d@example.com", i))
		if i%2 == 1 {
			try(&known, "somebody@example.com")
		}
	}
	return append(rows, apart("wrong password of an account / of none", known, unknown, 5))
}

// ask returns how long one answer takes.
func (s *subject) ask(b *bench, method, path, key, body string) time.Duration {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	took := time.Since(began)
	if want := map[string]int{
		http.MethodGet:    404,
		http.MethodPost:   401,
		http.MethodDelete: 204,
	}[method]; res.StatusCode != want {
		b.Fatalf("%s %s: %d, want %d", method, path, res.StatusCode, want)
	}
	return took
}

// apart is a row that compares two medians. They may differ by at most limit milliseconds.
func apart(figure string, ours, other sample, limit float64) row {
	r := row{
		Figure: figure,
		Ours:   ours.in("ms"),
		Bare:   other.in("ms"),
		Ratio:  fmt.Sprintf("%.3f", ours.median()/other.median()),
	}
	r.Hold, r.Held = atMost(math.Abs(ours.median()-other.median()), limit, "ms apart")
	return r
}
