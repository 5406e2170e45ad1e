package server_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"meanwhile/server"
	"meanwhile/server/access"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

// mails are the mails sent since the last call. It waits for those still on their way.
func (w *fixture) mails() []storage.Mail {
	w.Notify.Drain()
	return w.Mail.Take()
}

// hookHasher does something while a password is checked.
type hookHasher struct {
	servertest.Hasher
	during func()
}

func (h *hookHasher) Verify(ctx context.Context, password, hash string) (bool, error) {
	if do := h.during; do != nil {
		h.during = nil
		do()
	}
	return h.Hasher.Verify(ctx, password, hash)
}

func TestAPasswordThatIsChangedWhileItIsCheckedOpensNothing(t *testing.T) {
	t.Parallel()
	h := &hookHasher{}
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, c *servertest.Config) { c.Hasher = h })
	bob := w.newPerson("bob", storage.RoleMember)
	h.during = func() {
		w.want(
			w.do(
				"PUT",
				"/api/v1/me/password",
				object{"current": otherPassword, "password": "a new long password"},
				bob.session,
			),
			204,
		)
	}
	w.want(w.do("POST", "/api/v1/session", object{"email": bob.email, "password": otherPassword}), 401)
	if h.during != nil {
		t.Error("nothing was changed while it was checked")
	}
	w.want(w.do("POST", "/api/v1/session", object{"email": bob.email, "password": "a new long password"}), 200)
}

var enterLink = regexp.MustCompile(`http\S+/enter/\S+`)

func TestAMailedLinkSignsInOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ask := func(email string) reply {
		return w.want(w.do("POST", "/api/v1/log-in-links", object{"email": email}), 202)
	}
	unknown := ask("nobody@example.org")
	if mail := w.mails(); len(mail) != 0 {
		t.Fatalf("mail to nobody: %v", mail)
	}
	known := ask(" ADA@example.org ")
	if string(known.body) != string(unknown.body) {
		t.Errorf("who has an account is told %q, who has none %q", known.body, unknown.body)
	}
	mail := w.mails()
	if len(mail) != 1 || mail[0].To != servertest.OwnerEmail {
		t.Fatalf("mail %v", mail)
	}
	link := enterLink.FindString(mail[0].Text)
	w.want(w.do("GET", link, nil), 200)
	in := w.want(w.do("POST", link, "", form), 303)
	session := cookieOf(t, in)
	w.want(w.do("GET", "/api/v1/session", nil, session), 200)
	w.want(w.do("POST", link, "", form), 404)

	id, err := w.Core.Store.IdentityByEmail(t.Context(), servertest.OwnerEmail)
	if err != nil || id.User.VerifiedAt == nil {
		t.Errorf("the address is not verified: %+v, %v", id.User, err)
	}

	ask(servertest.OwnerEmail)
	late := enterLink.FindString(w.mails()[0].Text)
	w.Clock.Move(signin.LoginMailFor)
	w.want(w.do("GET", late, nil), 404)

	ask(servertest.OwnerEmail)
	before := enterLink.FindString(w.mails()[0].Text)
	w.want(
		w.do(
			"PUT",
			"/api/v1/me/password",
			object{"current": servertest.OwnerPassword, "password": "a new long password"},
			session,
		),
		204,
	)
	w.want(w.do("POST", before, "", form), 404) // the password was changed since
}

func TestAnAccountWithTheNamedAddressNeedsNoAccessLink(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	token, _ := w.newLink(u, object{"audience": "named", "people": []string{"client@example.net"}})
	w.newStranger("client@example.net")
	w.want(w.do("POST", "/api/v1/log-in-links", object{"email": "client@example.net"}), 202)
	link := enterLink.FindString(w.mails()[0].Text)
	key := w.newKey("client@example.net", storage.AllScopes...)
	w.want(w.link(token, bearer(key)...), 401) // the address is not verified yet
	session := cookieOf(t, w.want(w.do("POST", link, "", form), 303))
	w.want(w.link(token, session), 200)
}

func TestTheLogInPageMailsALink(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	if page := w.want(
		w.do("GET", "/login", nil),
		200,
	); !strings.Contains(
		string(page.body),
		`formaction="/login/mail"`,
	) {
		t.Errorf("the page offers no mail: %s", page.body)
	}
	sent := w.want(w.do("POST", "/login/mail", "email=ada%40example.org&password=", form), 200)
	if !strings.Contains(string(sent.body), "Check your mail") || len(w.mails()) != 1 {
		t.Errorf("sent %s", sent.body)
	}
	w.want(w.do("POST", "/login/mail", "email=", form), 400)

	without := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) { lc.Mailer = nil })
	if page := without.want(without.do("GET", "/login", nil), 200); strings.Contains(string(page.body), "/login/mail") {
		t.Error("a site that sends no mail offers to")
	}
	without.want(without.do("POST", "/login/mail", "email=ada%40example.org", form), 503)
	without.want(without.do("POST", "/api/v1/log-in-links", object{"email": servertest.OwnerEmail}), 503)
}

func TestNobodysMailboxIsFilled(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	refused := 0
	for range 30 {
		if w.do("POST", "/api/v1/log-in-links", object{"email": servertest.OwnerEmail}).status == 429 {
			refused++
		}
	}
	if mail := w.mails(); len(mail)+refused != 30 || len(mail) > 10 {
		t.Errorf("%d mails were sent and %d refused", len(mail), refused)
	}
}

func TestAPasswordSetByALinkEndsOtherSessions(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	elsewhere := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	w.want(w.do("POST", "/api/v1/log-in-links", object{"email": servertest.OwnerEmail}), 202)
	plain := enterLink.FindString(w.mails()[0].Text)
	w.want(w.do("POST", plain, "", form), 303)
	w.want(w.do("GET", "/api/v1/session", nil, elsewhere), 200) // to sign in once more ends nothing

	w.want(w.do("POST", "/api/v1/log-in-links", object{"email": servertest.OwnerEmail}), 202)
	w.want(w.do("POST", "/api/v1/log-in-links", object{"email": servertest.OwnerEmail}), 202)
	mail := w.mails()
	set, other := enterLink.FindString(mail[0].Text), enterLink.FindString(mail[1].Text)
	own := cookieOf(t, w.want(w.do("POST", set, "password=a+new+long+password", form), 303))
	w.want(w.do("GET", "/api/v1/session", nil, own), 200)
	w.want(w.do("GET", "/api/v1/session", nil, elsewhere), 401)
	w.want(w.do("POST", other, "", form), 404)
}

func TestASessionThatNobodyUsesEnds(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	used, left := w.logIn(
		servertest.OwnerEmail,
		servertest.OwnerPassword,
	), w.logIn(
		servertest.OwnerEmail,
		servertest.OwnerPassword,
	)
	w.Clock.Move(access.SessionIdle / 2)
	w.want(w.do("GET", "/api/v1/session", nil, used), 200)
	w.Clock.Move(access.SessionIdle / 2)
	w.want(w.do("GET", "/api/v1/session", nil, used), 200)
	w.want(w.do("GET", "/api/v1/session", nil, left), 401)
	list := w.want(w.do("GET", "/api/v1/me/sessions", nil, used), 200)
	if n := strings.Count(string(list.body), `"current":`); n != 1 {
		t.Errorf("%d sessions are listed, want the one that is used: %s", n, list.body)
	}
}
