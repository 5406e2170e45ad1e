package server_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/server/signin"
	"meanwhile/storage"
)

const form = "Content-Type: application/x-www-form-urlencoded"

// newMember makes an account with a password, and returns a session of it.
func (w *fixture) newMember(email, name, password string) (session string) {
	w.t.Helper()
	_, secret, err := w.SignIn.AddUser(
		w.t.Context(),
		signin.Account{Email: email, Name: name, Password: password, Role: storage.RoleMember},
	)
	if err != nil || secret == "" {
		w.t.Fatal(err)
	}
	return w.logIn(email, password)
}

// videoAs makes a video with that API key.
func (w *fixture) videoAs(key string) uploaded {
	w.t.Helper()
	before := w.key
	w.key = key
	defer func() { w.key = before }()
	return w.newReadyVideo()
}

func TestAnAccountEndsFourteenDaysAfterItsOwnerSaidSo(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	const email, password = "bea@example.org", "bea's long password"
	bea := w.newMember(email, "Bea", password)
	key := w.newKey(email, storage.AllScopes...)
	hers, mine := w.videoAs(key), w.newReadyVideo()
	said := w.want(
		w.do("POST", "/api/v1/shares/"+mine.link+"/comments", object{"at_ms": 0, "body": "Well said"}, bea),
		201,
	)
	path := "/api/v1/shares/" + mine.link + "/comments"

	w.want(w.do("DELETE", "/api/v1/me", object{"password": password}, bearer(key)...), 403)
	w.want(w.do("DELETE", "/api/v1/me", object{"password": "wrong"}, bea), 403)
	// the account has a password, so only that confirms
	w.want(w.do("DELETE", "/api/v1/me", object{"confirm": email}, bea), 403)
	w.want(w.do("DELETE", "/api/v1/me", object{}), 401)
	r := w.want(w.do("DELETE", "/api/v1/me", object{"password": password}, bea), 200)
	if at := must(time.Parse(time.RFC3339, r.text(t, "delete_at")))(
		t,
	); at.Sub(w.Clock.Now()).
		Round(time.Hour) !=
		14*day {
		t.Errorf("it ends at %s, want 14 days from now", at)
	}
	w.want(w.do("GET", "/api/v1/session", nil, bea), 401)
	w.want(w.do("GET", "/api/v1/videos", nil, bearer(key)...), 401)
	w.want(w.do("GET", "/v/"+hers.link, nil), 200)

	// After the next log-in she may choose to stay.
	in := w.want(
		w.do(
			"POST",
			"/login",
			url.Values{"email": {email}, "password": {password}, "next": {"/record"}}.Encode(),
			form,
		),
		303,
	)
	if to := in.header.Get("Location"); to != "/leaving?next=%2Frecord" {
		t.Errorf("signing in leads to %s", to)
	}
	again := w.logIn(email, password)
	if to := w.want(w.do("GET", "/", nil, again), 303).header.Get("Location"); to != "/leaving" {
		t.Errorf("the library leads to %s", to)
	}
	me := w.want(w.do("GET", "/api/v1/me", nil, again), 200)
	if at := must(time.Parse(time.RFC3339, me.text(t, "delete_at")))(
		t,
	); at.Sub(w.Clock.Now()).
		Round(time.Hour) !=
		14*day {
		t.Errorf("the account says that it is deleted at %s", at)
	}
	w.want(w.do("GET", "/settings", nil, again), 200) // which says so, too, and offers to stay
	page := w.want(w.do("GET", "/leaving?next=/record", nil, again), 200)
	if !strings.Contains(string(page.body), "Keep my account") ||
		!strings.Contains(string(page.body), `value="/record"`) {
		t.Errorf("the page that offers to stay:\n%s", page.body)
	}
	if to := w.want(
		w.do("POST", "/leaving", "next=/record", form, again),
		303,
	).header.Get("Location"); to != "/record" {
		t.Errorf("who stays is led to %s", to)
	}
	if me := string(w.want(w.do("GET", "/api/v1/me", nil, again), 200).body); strings.Contains(me, "delete_at") {
		t.Errorf("who stays is told %s", me)
	}
	w.Clock.Move(15 * day)
	w.tidy()
	again = w.logIn(email, password) // the session had ended, unused for too long
	w.want(w.do("GET", "/", nil, again), 200)
	w.want(w.do("POST", "/api/v1/me/restore", nil, again), 204) // once more is no error

	w.want(w.do("DELETE", "/api/v1/me", object{"password": password}, again), 200)
	w.Clock.Move(13 * day)
	w.tidy()
	late := w.logIn(email, password)
	w.want(w.do("POST", "/api/v1/me/restore", nil, bearer(w.newKey(email, storage.AllScopes...))...), 403)
	w.Clock.Move(2 * day)
	w.want(w.do("POST", "/api/v1/me/restore", nil, late), 410)
	if done := w.tidy(); done["accounts"] != 1 {
		t.Fatalf("the round did %+v, want one account", done)
	}
	w.want(w.do("GET", "/api/v1/session", nil, late), 401)
	w.want(w.do("POST", "/api/v1/session", object{"email": email, "password": password}), 401)

	// Her video stays after she has gone.
	row := w.want(w.do("GET", "/api/v1/videos/"+hers.video, nil, w.asOwner()), 200)
	if row.text(t, "state") != "ready" {
		t.Errorf("her video is %s", row.body)
	}
	if s := w.want(
		w.do("GET", "/api/v1/shares/"+hers.link, nil),
		200,
	); !strings.Contains(string(s.body), storage.FormerMember) ||
		strings.Contains(string(s.body), "Bea") {
		t.Errorf("her link says %s", s.body)
	}
	own := w.want(w.do("GET", "/api/v1/videos", nil, w.asOwner()), 200)
	if !strings.Contains(string(own.body), hers.video) {
		t.Error("the owner of the workspace does not have her video")
	}
	list := w.want(w.do("GET", path, nil), 200)
	if !strings.Contains(string(list.body), "Well said") ||
		!strings.Contains(string(list.body), storage.FormerMember) ||
		strings.Contains(string(list.body), `"guest":true`) {
		t.Errorf("her comment is now in %s", list.body)
	}
	for who, headers := range map[string][]string{
		"guest":                      nil,
		"guest with an empty secret": {"Meanwhile-Edit-Token: "},
		"member":                     bearer(w.newUser("eve@example.org", "Eve")),
	} {
		if r := w.do("PATCH", path+"/"+said.text(t, "id"), object{"body": "x"}, headers...); r.status != 403 {
			t.Errorf("%s can change her comment: %d", who, r.status)
		}
	}
	var actions []string
	for _, line := range must(w.Core.Store.ListAudit(t.Context(), storage.AuditQuery{
		WorkspaceID: w.actor().WorkspaceID,
		Limit:       100,
	}))(t) {
		if strings.HasPrefix(string(line.Action), "account-") {
			actions = append(actions, string(line.Action))
		}
	}
	if want := []string{
		"account-gone",
		"account-delete",
		"account-restore",
		"account-delete",
	}; !slices.Equal(
		actions,
		want,
	) {
		t.Errorf("the log has %v, want %v", actions, want)
	}
}

func TestAnAccountWithoutAPasswordIsConfirmedByItsAddress(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	_, secret, err := w.SignIn.AddUser(
		t.Context(),
		signin.Account{Email: "eve@example.org", Name: "Eve", Role: storage.RoleMember},
	)
	if err != nil {
		t.Fatal(err)
	}
	cookie := must(w.SignIn.LogInByLink(t.Context(), secret, "", signin.Entry{}))(t)
	eve := "Cookie: __Host-meanwhile=" + cookie
	for _, body := range []object{{}, {"password": ""}, {"confirm": "ada@example.org"}} {
		w.want(w.do("DELETE", "/api/v1/me", body, eve), 403)
	}
	w.want(w.do("DELETE", "/api/v1/me", object{"confirm": " EVE@example.org"}, eve), 200)
}

func TestTheOnlyOwnerHandsOverFirst(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	eve := w.newMember("eve@example.org", "Eve", "eve's long password")
	ada := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	r := w.want(w.do("DELETE", "/api/v1/me", object{"password": servertest.OwnerPassword}, ada), 409)
	if !strings.Contains(r.text(t, "detail"), `"Crew"`) || !strings.Contains(r.text(t, "detail"), "Hand it over") {
		t.Errorf("the only owner hears %s", r.body)
	}
	w.want(w.do("GET", "/api/v1/session", nil, ada), 200)

	// Ada may go once she is alone. If others join while she can still choose to stay, they get the
	// workspace.
	w.want(w.do("DELETE", "/api/v1/me", object{"password": "eve's long password"}, eve), 200)
	// Eve can still choose to stay
	w.want(w.do("DELETE", "/api/v1/me", object{"password": servertest.OwnerPassword}, ada), 409)
	w.Clock.Move(15 * day)
	w.tidy()
	ada = w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	u := w.newReadyVideo()
	w.want(w.do("DELETE", "/api/v1/me", object{"password": servertest.OwnerPassword}, ada), 200)
	w.newMember("joe@example.org", "Joe", "joe's long password") // came since
	w.Clock.Move(15 * day)
	w.tidy()
	joe := w.logIn("joe@example.org", "joe's long password")
	if s := w.want(w.do("GET", "/api/v1/session", nil, joe), 200); !strings.Contains(string(s.body), `"role":"owner"`) {
		t.Errorf("who is left is %s", s.body)
	}
	w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, joe), 200)
}

func TestAWorkspaceGoesWithItsLastMember(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	trashed, u := w.newReadyVideo(), w.newReadyVideo()
	w.trash(trashed)
	w.newRecording()
	ada := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	w.want(w.do("DELETE", "/api/v1/me", object{"password": servertest.OwnerPassword}, ada), 200)
	w.Clock.Move(13 * day)
	w.tidy()
	w.want(w.do("GET", "/v/"+u.link, nil), 200)
	w.Clock.Move(2 * day)
	if done := w.tidy(); done["accounts"] != 1 {
		t.Fatalf("the round did %+v", done)
	}
	w.want(w.do("GET", "/v/"+u.link, nil), 404)
	if left := w.keys(""); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	if empty, err := w.SignIn.NeedsSetUp(t.Context()); err != nil || !empty {
		t.Errorf("somebody is still there: %v", err)
	}
	if _, err := w.Core.Store.SiteWorkspace(t.Context()); storage.KindOf(err) != storage.NotFound {
		t.Errorf("the workspace is still there: %v", err)
	}
}

func TestVideosLeaveAWeekAfterTheirNotice(t *testing.T) {
	t.Parallel()
	box := &servertest.Mailbox{}
	box.Fail(storage.E(storage.Unavailable, "The mail server is away.", errors.New("no route")))
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, c *servertest.Config) {
		c.Mailer, c.Site = box, "https://updates.example.com"
	})
	eve := w.newUser("eve@example.org", "Eve")
	first, second, hers := w.newReadyVideo(), w.newReadyVideo(), w.videoAs(eve)
	leaves := func(u uploaded) any {
		return w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()), 200).field(t, "leaves_at")
	}
	w.Clock.Move(100 * day)
	if done := w.tidy(); len(done) != 0 || leaves(first) != nil {
		t.Fatalf("where videos are kept for ever a round did %+v", done)
	}
	keep := func(days, want int, who ...string) {
		t.Helper()
		w.want(w.do("PATCH", "/api/v1/workspace", object{"keep_days": days}, who...), want)
	}
	keep(-1, 422, w.asOwner())
	keep(4000, 400, w.asOwner())
	keep(30, 403, bearer(eve)...)
	keep(30, 200, w.asOwner())
	young := w.newReadyVideo()

	if _, err := w.TidyUp(t.Context()); storage.KindOf(err) != storage.Unavailable {
		t.Errorf("nobody hears that the mail server is away: %v", err)
	}
	at, ok := leaves(first).(string)
	if !ok || must(time.Parse(time.RFC3339, at))(t).Sub(w.Clock.Now()).Round(time.Hour) != 7*day {
		t.Errorf("it leaves at %q, want in a week", at)
	}
	if leaves(young) != nil {
		t.Error("a young one leaves, too")
	}
	box.Fail(nil)
	for range 3 {
		w.tidy()
	}
	mail := box.Take()
	slices.SortFunc(mail, func(a, b storage.Mail) int { return strings.Compare(a.To, b.To) })
	if len(mail) != 2 || mail[0].To != servertest.OwnerEmail || mail[1].To != "eve@example.org" ||
		strings.Count(mail[0].Text, "- Demo: on ") != 2 ||
		strings.Count(mail[1].Text, "- Demo") != 1 ||
		!strings.Contains(mail[1].Text, "\nhttps://updates.example.com/\n") {
		t.Errorf("mail: %+v\nwant one to each of two, with two videos and one", mail)
	}

	w.Clock.Move(6 * day)
	if done := w.tidy(); done["trashed"] != 0 {
		t.Fatal("they left before the week was over")
	}
	w.Clock.Move(2 * day)
	if done := w.tidy(); done["trashed"] != 3 {
		t.Errorf("%d videos left, want three", done["trashed"])
	}
	for _, u := range []uploaded{first, second, hers} {
		if w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()), 200).field(t, "deleted_at") == nil {
			t.Error("one is not in the trash")
		}
		w.want(w.do("GET", "/v/"+u.link, nil), 404)
	}
	w.want(w.do("GET", "/v/"+young.link, nil), 200)

	// After it was restored, it has another week, and its owner gets another mail.
	w.want(w.do("POST", "/api/v1/videos/"+first.video+"/restore", nil, w.asOwner()), 200)
	w.tidy()
	if more := len(box.Take()); leaves(first) == nil || more != 1 {
		t.Errorf("after it was restored it leaves at %v, with %d more messages", leaves(first), more)
	}
	keep(0, 200, w.asOwner())
	w.Clock.Move(8 * day)
	if done := w.tidy(); done["trashed"] != 0 || leaves(first) != nil {
		t.Errorf("kept for ever, and yet: %+v", done)
	}
}

func TestTheLogIsReadByOwners(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	admin := w.newKey(servertest.OwnerEmail, storage.ScopeAdmin)
	member := w.newUser("eve@example.org", "Eve")
	u := w.newReadyVideo()
	hostile := []string{"=1+1", "+1", "-1", "@x", "＝1", `"a",b`}
	for _, title := range hostile {
		w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": title}, w.asOwner()), 200)
		w.trash(u)
		w.want(w.do("POST", "/api/v1/videos/"+u.video+"/restore", nil, w.asOwner()), 200)
	}
	for _, path := range []string{"/api/v1/workspace/audit", "/api/v1/workspace/audit.csv"} {
		w.want(w.do("GET", path, nil), 401)
		w.want(w.do("GET", path, nil, bearer(member)...), 403)
		w.want(w.do("GET", path, nil, bearer(w.newKey(servertest.OwnerEmail, storage.ScopeRead))...), 403)
	}
	var subjects []string
	for cursor := ""; ; {
		var page struct {
			Items      []struct{ Actor, Action, Subject, Address string }
			NextCursor string `json:"next_cursor"`
		}
		w.want(w.do("GET", "/api/v1/workspace/audit?limit=5&cursor="+cursor, nil, bearer(admin)...), 200).
			decode(t, &page)
		for _, line := range page.Items {
			if line.Action == "video-trash" {
				subjects = append(subjects, line.Subject)
			}
			if strings.HasPrefix(line.Action, "video-") && (line.Actor != "Ada" || line.Address != "127.0.0.1") {
				t.Errorf("a line says %+v", line)
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	slices.Reverse(subjects)
	if !slices.Equal(subjects, hostile) {
		t.Errorf("the log has %q, want %q", subjects, hostile)
	}
	w.want(w.do("GET", "/api/v1/workspace/audit?cursor=x", nil, bearer(admin)...), 400)

	r := w.want(w.do("GET", "/api/v1/workspace/audit.csv", nil, bearer(admin)...), 200)
	if !strings.HasPrefix(r.header.Get("Content-Type"), "text/csv") ||
		!strings.HasPrefix(r.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("headers %v", r.header)
	}
	rows := must(csv.NewReader(strings.NewReader(string(r.body))).ReadAll())(t)
	ofVideos := slices.DeleteFunc(
		slices.Clone(rows),
		func(row []string) bool { return !strings.HasPrefix(row[2], "video-") },
	)
	if len(ofVideos) != 2*len(hostile) || fmt.Sprint(rows[0]) != "[at actor action subject detail address]" {
		t.Fatalf("%d rows of videos, the first of all %v", len(ofVideos), rows[0])
	}
	var cells []string
	for _, row := range rows[1:] {
		if row[2] == "video-trash" {
			cells = append(cells, row[3])
		}
	}
	slices.Reverse(cells)
	if want := []string{"'=1+1", "'+1", "'-1", "'@x", "'＝1", `"a",b`}; !slices.Equal(cells, want) {
		t.Errorf("cells %q, want %q", cells, want)
	}
}
