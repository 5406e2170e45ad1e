package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
)

func TestConversation(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	path := "/api/v1/shares/" + u.link + "/comments"
	say := func(body object, headers ...string) reply {
		t.Helper()
		return w.want(w.do("POST", path, body, headers...), 201)
	}
	late := say(object{"at_ms": 60_000, "body": "late", "name": "Grace"})
	early := say(object{"at_ms": 1_000, "until_ms": 4_000, "body": "early"}, w.asOwner())
	answer := say(object{"at_ms": 0, "body": "answer", "parent_id": late.text(t, "id")}, w.asOwner())
	w.Clock.Move(time.Millisecond) // replies are sorted by age, to the millisecond
	deeper := say(
		object{"at_ms": 0, "body": "answer to the answer", "parent_id": answer.text(t, "id"), "name": "Grace"},
	)
	if deeper.text(t, "parent_id") != late.text(t, "id") {
		t.Errorf("an answer to an answer joins %v, want %v", deeper.field(t, "parent_id"), late.field(t, "id"))
	}

	var order []string
	cursor := ""
	for {
		var page struct {
			Items      []struct{ Body string }
			NextCursor string `json:"next_cursor"`
			Seq, Count int
		}
		w.want(w.do("GET", path+"?limit=1&cursor="+cursor, nil), 200).decode(t, &page)
		for _, item := range page.Items {
			order = append(order, item.Body)
		}
		if page.Seq != 4 || page.Count != 4 {
			t.Errorf("seq %d, count %d", page.Seq, page.Count)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if got := strings.Join(order, "|"); got != "early|late|answer|answer to the answer" {
		t.Errorf("order is %s", got)
	}

	own := path + "/" + late.text(t, "id")
	secret := "Meanwhile-Edit-Token: " + late.text(t, "edit_token")
	w.want(w.do("PATCH", own, object{"body": "changed"}), 403)
	w.want(w.do("PATCH", own, object{"body": "changed"}, w.asOwner()), 403)
	w.want(w.do("PATCH", own, object{"body": "changed"}, "Meanwhile-Edit-Token: wrong"), 403)
	changed := w.want(w.do("PATCH", own, object{"body": "changed", "at_ms": 500}, secret), 200)
	if changed.text(t, "body") != "changed" || changed.field(t, "edited_at") == nil ||
		changed.field(t, "mine") != true {
		t.Errorf("changed %s", changed.body)
	}
	since := w.want(w.do("GET", path+"?since=4", nil), 200)
	if strings.Count(string(since.body), `"id"`) == 0 || since.field(t, "seq").(float64) < 5 {
		t.Errorf("since=4 answers %s", since.body)
	}
	w.want(w.do("DELETE", path+"/"+early.text(t, "id"), nil), 403)
	w.want(
		w.do("DELETE", path+"/"+early.text(t, "id"), nil, "Authorization: Bearer "+w.newUser("eve@example.org", "Eve")),
		403,
	)
	w.want(w.do("DELETE", own, nil, w.asOwner()), 204) // the video's owner may delete anyone's
	w.want(w.do("DELETE", own, nil, secret), 404)
	before := since.field(t, "seq").(float64)
	gone := w.want(w.do("GET", fmt.Sprintf("%s?since=%.0f", path, before), nil), 200)
	if strings.Count(string(gone.body), `"deleted":true`) != 3 || strings.Contains(string(gone.body), "answer") {
		t.Errorf("after deleting a thread of three: %s", gone.body)
	}
	for _, empty := range []string{`"name":""`, `"at_ms":0`, `"body":""`, `"guest":false`} {
		if strings.Count(string(gone.body), empty) != 3 {
			t.Errorf("a deleted comment tells more than that it went: %s", gone.body)
		}
	}
	if got := w.do("GET", path, nil).field(t, "count"); got != 1.0 {
		t.Errorf("%v comments are left, want 1", got)
	}
}

func TestWrongComments(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	path := "/api/v1/shares/" + u.link + "/comments"
	tests := []struct {
		name   string
		body   any
		status int
	}{
		{"a guest without a name", object{"at_ms": 0, "body": "hi"}, 400},
		{"nothing said", object{"at_ms": 0, "body": " \n ", "name": "G"}, 400},
		{"too long", object{"at_ms": 0, "body": strings.Repeat("x", 10_001), "name": "G"}, 400},
		{"before the start", object{"at_ms": -1, "body": "hi", "name": "G"}, 422},
		{"far beyond any video", object{"at_ms": 1e15, "body": "hi", "name": "G"}, 422},
		{"an end before the start", object{"at_ms": 10, "until_ms": 5, "body": "hi", "name": "G"}, 400},
		{"an unknown field", object{"at_ms": 0, "body": "hi", "name": "G", "colour": "red"}, 422},
		{"a field of another type", object{"at_ms": "0", "body": "hi", "name": "G"}, 422},
		{"a field left out", object{"body": "hi", "name": "G"}, 422},
		{"an unknown parent", object{"at_ms": 0, "body": "hi", "name": "G", "parent_id": "none"}, 404},
		{"no JSON", "{", 400},
		{"no body", nil, 400},
		{"a huge body", `{"body":"` + strings.Repeat("x", 2<<20) + `"}`, 413},
	}
	for _, tc := range tests {
		r := w.do("POST", path, tc.body)
		if r.status != tc.status {
			t.Errorf("%s: %d, want %d: %.300s", tc.name, r.status, tc.status, r.body)
			continue
		}
		if detail := r.text(
			t,
			"detail",
		); !strings.HasSuffix(detail, ".") ||
			r.text(t, "request_id") != r.header.Get("X-Request-Id") {
			t.Errorf("%s: problem %s", tc.name, r.body)
		}
	}
	w.want(w.do("POST", path, `at_ms=0`, "Content-Type: text/plain"), 415)
	w.want(w.do("GET", path+"?cursor=nonsense", nil), 400)
	w.want(w.do("GET", path+"?limit=-1", nil), 422)
}

func TestGuestsMayNotFlood(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.GuestCommentsPerMinute, c.GuestCommentsPerHour = 2, 3
	})
	u := w.newVideo()
	path := "/api/v1/shares/" + u.link + "/comments"
	say := func(headers ...string) int {
		return w.do("POST", path, object{"at_ms": 0, "body": "hi", "name": "Grace"}, headers...).status
	}
	for i, want := range []int{201, 201, 429} {
		if got := say(); got != want {
			t.Errorf("try %d: %d, want %d", i+1, got, want)
		}
	}
	if got := say(w.asOwner()); got != 201 {
		t.Errorf("who is signed in: %d, want 201", got)
	}
}
