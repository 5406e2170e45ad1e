package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"meanwhile"

	"meanwhile/server"
)

// mailed waits for what is done behind answers, and gives the mail that it sent.
func (w *world) mailed() []meanwhile.Mail {
	w.t.Helper()
	if err := w.lib.Settle(); err != nil {
		w.t.Fatal(err)
	}
	return w.mail.take()
}

// linkTo is the path of the one link that was mailed to somebody.
func (w *world) linkTo(email string) string {
	w.t.Helper()
	mail := w.mailed()
	if len(mail) != 1 || mail[0].To != email {
		w.t.Fatalf("mailed %+v, want one to %s", mail, email)
	}
	_, rest, found := strings.Cut(mail[0].Text, w.url+"/enter/")
	if !found {
		w.t.Fatalf("no link in %s", mail[0].Text)
	}
	secret, _, _ := strings.Cut(rest, "\n")
	return "/enter/" + secret
}

func (w *world) askLink(email string, headers ...string) reply {
	w.t.Helper()
	return w.do("POST", "/api/v1/log-in-links", object{"email": email}, headers...)
}

func TestMailedLinkSignsInOnce(t *testing.T) {
	w := newWorld(t)
	w.newUser("bob@example.org", "Bob")
	w.want(w.askLink(" BOB@example.org "), 202)
	link := w.linkTo("bob@example.org")
	before := must(w.lib.Store.IdentityByEmail(t.Context(), "bob@example.org"))(t)
	w.want(w.do("GET", link, nil), 200) // a scanner of mail looks at it first
	c := cookieIn(t, w.want(w.do("POST", link, formOf(), formType), 303))
	session := "Cookie: " + c.Name + "=" + c.Value
	who := w.want(w.do("GET", "/api/v1/session", nil, session), 200)
	if !strings.Contains(string(who.body), "bob@example.org") {
		t.Errorf("signed in as %s", who.body)
	}
	w.want(w.do("POST", link, formOf(), formType), 404)
	w.want(w.do("GET", link, nil), 404)
	w.wantLogged(meanwhile.ActionLogIn, "link")
	after := must(w.lib.ActorBySession(t.Context(), c.Value))(t)
	if before.User.VerifiedAt != nil || !after.Verified {
		t.Errorf("the address was verified at %v before, and is now: %v", before.User.VerifiedAt, after.Verified)
	}
	// the link signs in over what the browser was before
	w.want(w.askLink("bob@example.org"), 202)
	w.want(w.do("POST", w.linkTo("bob@example.org"), formOf(), formType, session), 303)
	w.want(w.do("GET", "/api/v1/session", nil, session), 401)
}

func TestMailedLinkSaysWhenItEndsAndDoes(t *testing.T) {
	w := newWorld(t)
	w.want(w.askLink(ownerEmail), 202)
	if err := w.lib.Settle(); err != nil {
		t.Fatal(err)
	}
	text := w.mail.mail[0].Text
	if ends := w.clock.now().Add(30 * time.Minute).UTC().Format(" UTC on 2 January"); !strings.Contains(text, "within 30 minutes") || !strings.Contains(text, ends) {
		t.Errorf("the mail says %s", text)
	}
	link := w.linkTo(ownerEmail)
	w.clock.move(29 * time.Minute)
	w.want(w.do("GET", link, nil), 200)
	w.clock.move(time.Minute + time.Second)
	w.want(w.do("POST", link, formOf(), formType), 404)
}

func TestMailedLinksEndWithThePassword(t *testing.T) {
	w := newWorld(t)
	w.newUser("bob@example.org", "Bob")
	w.want(w.askLink("bob@example.org"), 202)
	bobs := w.linkTo("bob@example.org")
	var links []string
	for range 3 {
		w.want(w.askLink(ownerEmail), 202)
		links = append(links, w.linkTo(ownerEmail))
	}
	w.want(w.do("POST", links[0], formOf("password", "short"), formType), 400)
	w.want(w.do("POST", links[0], formOf("password", "quite another password"), formType), 303)
	for _, link := range links {
		w.want(w.do("POST", link, formOf(), formType), 404)
	}
	w.logIn(ownerEmail, "quite another password")
	w.want(w.do("POST", bobs, formOf(), formType), 303) // somebody else's
}

// countingStore counts what is asked of accounts while a request runs.
type countingStore struct {
	meanwhile.Store
	mu    sync.Mutex
	asked int
	until chan struct{} // what is asked waits for it
}

func (s *countingStore) IdentityByEmail(ctx context.Context, email string) (meanwhile.Identity, error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	if s.until != nil {
		<-s.until
	}
	return s.Store.IdentityByEmail(ctx, email)
}

func TestAskingForALinkTellsNothing(t *testing.T) {
	store := &countingStore{until: make(chan struct{})}
	w := newEmptyWorld(t, func(_ *server.Config, _ *server.Deps, lc *meanwhile.Config) {
		store.Store = lc.Store
		lc.Store = store
	})
	if _, err := w.lib.SetUp(t.Context(), w.lib.SetUpToken(), "Crew", meanwhile.Account{Email: ownerEmail, Password: ownerPassword}, ""); err != nil {
		t.Fatal(err)
	}
	// While the answers are given, nobody can look whether there is an account: so nothing of them can depend on that.
	var answers []string
	for _, email := range []string{ownerEmail, "nobody@example.org"} {
		r := w.want(w.askLink(email), 202)
		page := w.want(w.do("POST", "/login/link", formOf("email", email), formType), 200)
		r.header.Del("Date")
		r.header.Del("X-Request-Id")
		answers = append(answers, fmt.Sprint(r.header, string(r.body)), changing.ReplaceAllString(strings.ReplaceAll(string(page.body), email, ""), ""))
	}
	if answers[0] != answers[2] || answers[1] != answers[3] {
		t.Errorf("an address that is known is answered %s\nan unknown one %s", answers[:2], answers[2:])
	}
	close(store.until)
	mail := w.mailed()
	if len(mail) != 2 || mail[0].To != ownerEmail || mail[1].To != ownerEmail {
		t.Errorf("mailed %+v, want two to the owner", mail)
	}
	if strings.Contains(w.logged.String(), "example.org") {
		t.Errorf("the log names somebody: %s", w.logged)
	}
}

func TestMailedLinksAreBounded(t *testing.T) {
	w := newWorld(t, func(c *server.Config, _ *server.Deps, _ *meanwhile.Config) { c.MailsPerHour = 2 })
	for _, email := range []string{ownerEmail, "nobody@example.org"} { // the same for both
		w.want(w.askLink(email), 202)
		w.want(w.askLink(strings.ToUpper(email)), 202)
		w.want(w.askLink(email), 429)
		w.want(w.do("POST", "/login/link", formOf("email", email), formType), 429)
	}
	if n := len(w.mailed()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
	w.clock.move(time.Hour)
	w.want(w.askLink(ownerEmail), 202)
	many := 0
	for i := range 100 {
		if w.askLink(fmt.Sprintf("nobody%d@example.org", i)).status == http.StatusTooManyRequests {
			many++
		}
	}
	if many == 0 {
		t.Error("one address asks for a hundred people")
	}
}

func TestMailNeverLeadsElsewhere(t *testing.T) {
	w := newWorld(t)
	w.want(w.askLink(ownerEmail, "Host: evil.example"), 503)
	if mail := w.mailed(); len(mail) != 0 {
		t.Errorf("mailed %+v", mail)
	}
	named := newWorld(t, func(c *server.Config, _ *server.Deps, _ *meanwhile.Config) { c.BaseURL = "https://updates.example.com" })
	named.want(named.askLink(ownerEmail, "Host: evil.example"), 202)
	mail := named.mailed()
	if len(mail) != 1 || !strings.Contains(mail[0].Text, "https://updates.example.com/enter/") || strings.Contains(mail[0].Text, "evil") {
		t.Errorf("mailed %+v", mail)
	}
}

func TestLogInPageOffersALinkWhereMailIsSent(t *testing.T) {
	const offer = "Mail me a link instead"
	w := newWorld(t)
	if page := w.want(w.do("GET", "/login", nil), 200); !strings.Contains(string(page.body), offer) {
		t.Errorf("the page lacks %q", offer)
	}
	w.want(w.do("POST", "/login/link", formOf("email", "nobody"), formType), 400)
	silent := newWorld(t, func(_ *server.Config, _ *server.Deps, lc *meanwhile.Config) { lc.Mailer = nil })
	if page := silent.want(silent.do("GET", "/login", nil), 200); strings.Contains(string(page.body), offer) {
		t.Errorf("the page offers %q, and no mail is sent", offer)
	}
	silent.want(silent.askLink(ownerEmail), 503)
}

func TestTenThousandPasswordsWithForgedAddresses(t *testing.T) {
	w := newWorld(t)
	heard := map[int]int{}
	for i := range 10_000 {
		forged := fmt.Sprintf("X-Forwarded-For: 203.%d.%d.%d", i>>16, i>>8&255, i&255)
		heard[w.do("POST", "/api/v1/session", object{"email": ownerEmail, "password": fmt.Sprint("guess number ", i)}, forged).status]++
	}
	if tried := heard[http.StatusUnauthorized]; tried == 0 || tried > 100 || heard[http.StatusTooManyRequests] != 10_000-tried {
		t.Errorf("answers by status: %v, want a few tries, and 429 for the rest", heard)
	}
}

// countingHasher counts how often a password is checked.
type countingHasher struct {
	plainHasher
	checked []string
}

func (h *countingHasher) Verify(ctx context.Context, p, hash string) (bool, error) {
	h.checked = append(h.checked, hash)
	return h.plainHasher.Verify(ctx, p, hash)
}

func TestUnknownAccountCostsAsMuchAsAKnownOne(t *testing.T) {
	h := &countingHasher{}
	w := newWorld(t, func(_ *server.Config, _ *server.Deps, lc *meanwhile.Config) { lc.Hasher = h })
	w.newUser("bob@example.org", "Bob") // without a password
	for i, email := range []string{ownerEmail, "bob@example.org", "nobody@example.org"} {
		w.want(w.do("POST", "/api/v1/session", object{"email": email, "password": "wrong"}), 401)
		if len(h.checked) != i+1 {
			t.Errorf("%s: %d passwords checked, want %d", email, len(h.checked), i+1)
		}
	}
	for _, hash := range h.checked[1:] { // as dear as a real one: the same algorithm and parameters
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("checked against %q", hash)
		}
	}
}
