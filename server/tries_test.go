package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
)

// TestPasswordsWithForgedAddresses checks that a header which anybody can write makes nobody a new
// visitor. Five tries are accepted. A hundred or ten thousand more change nothing.
func TestPasswordsWithForgedAddresses(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.rules(u, object{"audience": "password", "password": linkPassword})
	tries := map[string]func(i int) object{
		"/api/v1/session": func(i int) object {
			return object{
				"email":    servertest.OwnerEmail,
				"password": fmt.Sprint("guess number ", i),
			}
		},
		"/api/v1/shares/" + u.link +
			"/password": func(i int) object { return object{"password": fmt.Sprint("guess number ", i)} },
	}
	times := soaked(100, 10_000)
	for path, body := range tries {
		heard := map[int]int{}
		for i := range times {
			forged := fmt.Sprintf("203.%d.%d.%d", i>>16, i>>8&255, i&255)
			heard[w.do("POST", path, body(i), "X-Forwarded-For: "+
				forged, "Forwarded: for="+forged, "X-Real-IP: "+forged).status]++
		}
		if tried := heard[http.StatusUnauthorized]; tried == 0 || tried > 20 ||
			heard[http.StatusTooManyRequests] != times-tried {
			t.Errorf("%s answers by status: %v, want a few tries, and 429 for the rest", path, heard)
		}
	}
}

func TestMailboxesAreNotFilled(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.MailsPerHour = 2 })
	ask := func(email string, want int) {
		t.Helper()
		w.want(w.do("POST", "/api/v1/log-in-links", object{"email": email}), want)
	}
	for _, email := range []string{servertest.OwnerEmail, "nobody@example.org"} { // the same for both
		ask(email, 202)
		ask(strings.ToUpper(email), 202)
		ask(email, 429)
		w.want(w.do("POST", "/login/mail", formOf("email", email), formType), 429)
	}
	if n := len(w.mails()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
	w.Clock.Move(time.Hour)
	ask(servertest.OwnerEmail, 202)
}
