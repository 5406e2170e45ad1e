package server_test

import (
	"strings"
	"testing"
)

// TestEachReaderSeesTheirOwnConversation opens the page as many readers in every order: what is the
// same for most is made once, and must never be shown to those who see it differently.
func TestEachReaderSeesTheirOwnConversation(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	path := "/api/v1/shares/" + u.link + "/comments"
	first := w.want(w.say(u.link), 201)
	writer := "Meanwhile-Guest: " + first.header.Get("Meanwhile-Guest")
	other := w.newGuest(u.link)
	stranger := bearer(w.newStranger("mallory@example.net"))[0]
	see := func(who string, header string, mine, deletable int, words string) {
		t.Helper()
		page := string(w.want(w.do("GET", "/v/"+u.link, nil, header), 200).body)
		if n := strings.Count(page, `"mine":true`); n != mine {
			t.Errorf("%s sees %d of their own, want %d", who, n, mine)
		}
		if n := strings.Count(page, `"can_delete":true`); n != deletable {
			t.Errorf("%s may delete %d, want %d", who, n, deletable)
		}
		if n := strings.Count(page, words); n != 2 { // for people, and for the script
			t.Errorf("%s reads %q %d times, want 2", who, words, n)
		}
	}
	everybody := func(words string) {
		t.Helper()
		for range 2 {
			see("nobody", "X: y", 0, 0, words)
			see("the writer", writer, 1, 1, words)
			see("another guest", other, 1, 1, words)
			see("the owner", w.asOwner(), 0, 2, words)
			see("a stranger", stranger, 0, 0, words)
		}
	}
	edit := func(words string) {
		t.Helper()
		w.want(w.do("PATCH", path+"/"+first.text(t, "id"), object{"body": words}, writer), 200)
	}
	edit("first words")
	everybody("first words")
	edit("second words")
	everybody("second words")

	w.rules(u, object{"comments": "held"})
	edit("third words")
	for range 2 {
		see("the owner", w.asOwner(), 0, 2, "third words")
		page := string(w.want(w.do("GET", "/v/"+u.link, nil), 200).body)
		if strings.Contains(page, "words") {
			t.Errorf("everybody reads what waits: %s", page)
		}
	}
}
