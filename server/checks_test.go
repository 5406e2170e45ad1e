package server_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// withChecks adds checks to the fixture.
func withChecks(checks ...server.Check) change {
	return func(_ *server.Config, d *server.Deps, _ *servertest.Config) { d.Checks = checks }
}

func finds(name string, f server.Finding) server.Check {
	return server.Check{Name: name, Look: func(context.Context) server.Finding { return f }}
}

func TestOnlyWhoLooksAfterTheSiteSeesHowItDoes(t *testing.T) {
	t.Parallel()
	var looked atomic.Int32
	w := newFixture(t, withChecks(server.Check{Name: "database", Look: func(context.Context) server.Finding {
		looked.Add(1)
		return server.Finding{Result: server.ResultOK, Detail: "secret details"}
	}}))
	admin, member := w.newPerson("grace", storage.RoleAdmin), w.newPerson("eve", storage.RoleMember)
	// she owns a workspace, which anyone may make
	founder := w.newPerson("mallory", storage.RoleMember)
	w.want(w.do("POST", "/api/v1/workspaces", object{"name": "Mine"}, founder.session), 201)
	elsewhere := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	w.want(w.do("POST", "/api/v1/workspaces", object{"name": "Side project"}, elsewhere), 201)

	hidden := map[string][]string{
		"a guest":                        nil,
		"a member":                       {member.session},
		"the owner of another workspace": {founder.session},
		"an API key of the owner":        {w.asOwner()},
	}
	for name, who := range hidden {
		r := w.want(w.do("GET", "/checks", nil, who...), 404)
		nothing := w.want(w.do("GET", "/settings/nothing", nil, who...), 404)
		if got, want := changing.ReplaceAllString(
			string(r.body),
			"",
		), changing.ReplaceAllString(
			string(nothing.body),
			"",
		); got != want {
			t.Errorf("%s sees\n%s\nwant what they see where nothing is:\n%s", name, got, want)
		}
	}
	if n := looked.Load(); n > 0 {
		t.Errorf("%d checks were made for people who may not see them", n)
	}
	shown := map[string]string{
		"the owner":                      w.logIn(servertest.OwnerEmail, servertest.OwnerPassword),
		"an admin":                       admin.session,
		"the owner in another workspace": elsewhere,
	}
	for name, who := range shown {
		if r := w.want(w.do("GET", "/checks", nil, who), 200); !strings.Contains(string(r.body), "secret details") {
			t.Errorf("%s sees %s", name, r.body)
		}
	}
	for who, may := range map[string]bool{
		shown["the owner"]: true,
		admin.session:      true,
		member.session:     false,
		founder.session:    false,
		w.asOwner():        false,
	} {
		if got := w.want(w.do("GET", "/api/v1/me", nil, who), 200).field(t, "sees_site"); got != may {
			t.Errorf("sees_site is %v, want %v", got, may)
		}
	}
}

func TestThePageOfTheSiteSaysWhatWasFoundAndWhatToDo(t *testing.T) {
	t.Parallel()
	fine := finds("database", server.Finding{Result: server.ResultOK, Detail: "SQLite 3, writable"})
	note := finds(
		"mail",
		server.Finding{Result: server.ResultWarn, Detail: "none is sent", Mend: "Set MEANWHILE_SMTP_URL."},
	)
	wrong := finds("redis", server.Finding{Result: server.ResultFail, Detail: "<b>refused</b>", Mend: "Start Redis."})
	for _, tc := range []struct {
		name, path string
		checks     []server.Check
		says       []string
		not        []string
	}{
		{
			name:   "all is fine",
			path:   "/checks",
			checks: []server.Check{fine},
			says:   []string{"Everything works", "All 2 checks are fine", "Database", "New recording"},
			not:    []string{"Step 2", "To fix", "Worth knowing"},
		},
		{name: "after set-up", path: "/checks?first", checks: []server.Check{fine, note},
			says: []string{
				"Step 2 of 2", "It works", "One thing is worth knowing", "Set MEANWHILE_SMTP_URL.",
				"Record your first update", `href="/record"`, `href="/settings/members"`,
			},
			not: []string{"To fix"}},
		{name: "something is broken", path: "/checks?first", checks: []server.Check{fine, note, wrong},
			says: []string{
				"Something needs fixing", "1 of 4 checks failed. Follow the advice", "&lt;b&gt;refused&lt;/b&gt;",
				"Start Redis.", `href="/checks?first"`,
			},
			not: []string{"<b>refused"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newFixture(t, withChecks(tc.checks...))
			page := string(
				w.want(w.do("GET", tc.path, nil, w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)), 200).body,
			)
			for _, text := range tc.says {
				if !strings.Contains(page, text) {
					t.Errorf("the page lacks %q:\n%s", text, page)
				}
			}
			for _, text := range tc.not {
				if strings.Contains(page, text) {
					t.Errorf("the page holds %q:\n%s", text, page)
				}
			}
		})
	}
}

func TestThePageOfTheSiteKnowsWhereTheBrowserIs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, base, host, says string }{
		{"this machine", "", "localhost:8080", "browsers can record at http://localhost:8080"},
		{"plain http in a house", "", "192.168.1.5:8080", "http://192.168.1.5:8080 is plain http"},
		{
			"the public address", "https://video.example.org", "video.example.org",
			"browsers can record at https://video.example.org",
		},
		{
			"another address than links have", "https://video.example.org", "inside:8080",
			"you are at inside:8080, and links lead to video.example.org",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.BaseURL = tc.base })
			host := "Host: " + tc.host
			in := w.want(
				w.do(
					"POST",
					"/api/v1/session",
					object{"email": servertest.OwnerEmail, "password": servertest.OwnerPassword},
					host,
				),
				200,
			)
			if page := string(
				w.want(w.do("GET", "/checks", nil, host, sessionIn(t, in)), 200).body,
			); !strings.Contains(
				page,
				tc.says,
			) {
				t.Errorf("the page lacks %q:\n%s", tc.says, page)
			}
		})
	}
}

func TestSetUpLeadsToHowTheSiteDoes(t *testing.T) {
	t.Parallel()
	w := newEmptyFixture(t, withChecks(finds("database", server.Finding{Result: server.ResultOK, Detail: "SQLite 3"})))
	path := "/setup/" + w.SignIn.SetUpToken()
	form := formOf(
		"workspace",
		"Crew",
		"name",
		"Ada",
		"email",
		servertest.OwnerEmail,
		"password",
		servertest.OwnerPassword,
	)
	made := w.want(w.do("POST", path, form, formType), 303)
	if to := made.header.Get("Location"); to != "/checks?first" {
		t.Errorf("set-up leads to %q", to)
	}
	if again := w.want(
		w.do("POST", path, form, formType, sessionIn(t, made)),
		303,
	); again.header.Get("Location") != "/checks?first" ||
		again.header.Get("Set-Cookie") != "" {
		t.Errorf("a second press leads to %v, want where the first one led", again.header)
	}
	w.want(w.do("POST", path, form, formType), 404)
	page := w.want(w.do("GET", "/checks?first", nil, sessionIn(t, made)), 200)
	if !strings.Contains(string(page.body), "Your team and your account are made.") {
		t.Errorf("the page says %s", page.body)
	}
}

func TestASlowCheckIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int32
		release := make(chan struct{})
		deaf := server.Check{Name: "deaf", Look: func(context.Context) server.Finding {
			begun.Add(1)
			<-release
			return server.Finding{Result: server.ResultOK, Detail: "here again"}
		}}
		polite := server.Check{Name: "polite", Look: func(ctx context.Context) server.Finding {
			<-ctx.Done()
			return server.Finding{Result: server.ResultFail, Detail: ctx.Err().Error(), Mend: "Start it."}
		}}
		look := server.NewCheckup([]server.Check{deaf, polite}, 5*time.Second)
		for round, want := range []string{"did not answer within 5 s", "has not answered since the last check"} {
			started := time.Now()
			found := look(t.Context())
			if took := time.Since(started); took > 6*time.Second {
				t.Errorf("round %d took %s", round, took)
			}
			if f := found["deaf"]; f.Result != server.ResultFail || f.Detail != want || f.Mend == "" {
				t.Errorf("round %d: the deaf one is %+v, want %q", round, f, want)
			}
			if f := found["polite"]; f.Detail != "did not answer within 5 s" || f.Mend != "Start it." {
				t.Errorf("round %d: the polite one is %+v", round, f)
			}
		}
		if begun.Load() != 1 {
			t.Errorf("a check that has not come back was begun %d times", begun.Load())
		}
		close(release)
		synctest.Wait()
		if f := look(t.Context())["deaf"]; f.Detail != "here again" {
			t.Errorf("after it came back it is %+v", f)
		}
	})
}

func TestWhoeverAsksMeanwhileGetsTheSameFindings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var begun atomic.Int32
		release := make(chan struct{})
		look := server.NewCheckup([]server.Check{{Name: "database", Look: func(context.Context) server.Finding {
			begun.Add(1)
			<-release
			return server.Finding{Result: server.ResultOK, Detail: "fine"}
		}}}, 5*time.Second)
		first, leave := context.WithCancel(t.Context())
		answers := make(chan server.Finding, 4)
		go look(first)
		synctest.Wait()
		for range cap(answers) {
			go func() { answers <- look(t.Context())["database"] }()
		}
		synctest.Wait()
		leave() // the others still wait
		close(release)
		for range cap(answers) {
			if f := <-answers; f.Detail != "fine" {
				t.Errorf("one got %+v", f)
			}
		}
		if begun.Load() != 1 {
			t.Errorf("the check was begun %d times", begun.Load())
		}
	})
}
