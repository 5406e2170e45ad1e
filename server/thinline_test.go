package server_test

import (
	"strings"
	"testing"
)

func TestAFileGoesInAndALinkWithCommentsComesOut(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newVideo()

	// the link exists before anything plays
	link := w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200)
	if got := link.text(t, "state"); got != "processing" {
		t.Errorf("state is %q, want processing", got)
	}
	w.process()

	video := w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()), 200)
	if got := video.text(t, "state"); got != "ready" {
		t.Errorf("state is %q, want ready", got)
	}
	var s struct {
		Owner    bool `json:"owner"`
		Playback struct {
			Tracks []struct {
				Sources []struct {
					URL  string `json:"url"`
					Type string `json:"type"`
				} `json:"sources"`
			} `json:"tracks"`
			Poster string `json:"poster"`
		} `json:"playback"`
	}
	w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200).decode(t, &s)
	if s.Owner || len(s.Playback.Tracks) != 1 || len(s.Playback.Tracks[0].Sources) == 0 || s.Playback.Poster == "" {
		t.Fatalf("a guest sees %+v", s)
	}
	media := w.want(w.do("GET", s.Playback.Tracks[0].Sources[0].URL, nil), 200)
	if string(media.body) != movieBytes {
		t.Errorf("media is %q, want %q", media.body, movieBytes)
	}

	said := w.want(
		w.do(
			"POST",
			"/api/v1/shares/"+u.link+"/comments",
			object{"at_ms": 83_000, "body": "look here", "name": "Grace"},
		),
		201,
	)
	reply := w.want(
		w.do(
			"POST",
			"/api/v1/shares/"+u.link+"/comments",
			object{"at_ms": 0, "body": "I did", "parent_id": said.text(t, "id")},
			w.asOwner(),
		),
		201,
	)
	if reply.text(t, "parent_id") != said.text(t, "id") || said.text(t, "edit_token") == "" {
		t.Errorf("comment %s, reply %s", said.body, reply.body)
	}

	page := w.want(w.do("GET", "/v/"+u.link+"?t=1m30s", nil), 200)
	html := string(page.body)
	for _, want := range []string{
		"Demo",
		"look here",
		"Grace",
		s.Playback.Tracks[0].Sources[0].URL,
		`"start_s":90`,
		"1:23",
		w.url + "/v/" + u.link + "/poster.jpg",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the watch page lacks %q:\n%s", want, html)
		}
	}
}
