package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestFirstAccountIsMadeByTheSetUpLinkAlone(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.start()
	if !strings.HasPrefix(p.setup, p.base+"/setup/") {
		t.Fatalf("set-up link = %q, want one under %s", p.setup, p.base)
	}
	form := url.Values{
		"workspace": {"Team"},
		"name":      {"Ada"},
		"email":     {"ada@example.com"},
		"password":  {"a long password"},
	}
	if res := p.postForm(browser(t), p.base+"/setup/wrong", form); res.StatusCode != http.StatusNotFound {
		t.Errorf("a wrong set-up link answers %d, want 404", res.StatusCode)
	}
	ada := browser(t)
	if res := p.postForm(ada, p.setup, form); res.StatusCode != http.StatusOK || res.Request.URL.Path != "/checks" {
		t.Fatalf("set-up ends at %s with %d, want how the site does", res.Request.URL.Path, res.StatusCode)
	}
	if res := p.postForm(browser(t), p.setup, form); res.StatusCode != http.StatusNotFound {
		t.Errorf("the set-up link works twice: %d", res.StatusCode)
	}
	if res := p.postForm(
		browser(t),
		p.base+"/signup",
		form,
	); res.StatusCode == http.StatusOK &&
		res.Request.URL.Path == "/" {
		t.Error("sign-up is open without the setting")
	}
	eve := browser(t)
	if res := p.postForm(
		eve,
		p.base+"/login",
		url.Values{"email": {"ada@example.com"}, "password": {"wrong wrong"}},
	); res.StatusCode == http.StatusOK &&
		res.Request.URL.Path == "/" {
		t.Error("a wrong password signs in")
	}
	bea := browser(t)
	if res := p.postForm(
		bea,
		p.base+"/login",
		url.Values{"email": {"ADA@example.com"}, "password": {"a long password"}},
	); res.Request.URL.Path != "/" {
		t.Errorf("log-in ends at %s, want the library", res.Request.URL.Path)
	}
	p.postForm(bea, p.base+"/logout", nil)
	res, err := bea.Get(p.base + "/api/v1/session")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("after log-out the session answers %d, want 401", res.StatusCode)
	}
	if err := p.stop(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	p.start()
	if p.setup != "" {
		t.Error("a set-up link is printed although there is an account")
	}
}

func TestLogInLinkFromTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.start()
	stdout, _, code := p.run("user", "add", "bo@example.com", "--role", "member")
	link, err := url.Parse(strings.TrimSpace(stdout))
	if code != 0 || err != nil || !strings.HasPrefix(link.Path, "/enter/") {
		t.Fatalf("user add: %d, %q", code, stdout)
	}
	bo := browser(t)
	if res := p.postForm(
		bo,
		p.base+link.Path,
		url.Values{"password": {"my own password"}},
	); res.StatusCode != http.StatusOK ||
		res.Request.URL.Path != "/" {
		t.Errorf("the link ends at %s with %d, want the library", res.Request.URL.Path, res.StatusCode)
	}
	if res := p.postForm(browser(t), p.base+link.Path, nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("the link works twice: %d", res.StatusCode)
	}
}

func TestUsageAndExitCodes(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	tests := []struct {
		name string
		args []string
		code int
		want string // on standard error
	}{
		{"unknown command", []string{"dance"}, 2, "--help"},
		{"push without a key", []string{"push", "go.mod"}, 2, "MEANWHILE_TOKEN"},
		{"push of nothing", []string{"push", "--token", "x", "no-such-file"}, 2, "no-such-file"},
		{"bad role", []string{"user", "add", "a@example.com", "--role", "king"}, 2, "owner, admin or member"},
		{"bad address", []string{"user", "add", "nobody"}, 1, "mail address"},
		{"key for nobody", []string{"token", "add", "--email", "no@example.com"}, 1, "meanwhile user add"},
		{"separate roles on one process's stores", []string{"server"}, 2, "MEANWHILE_DATABASE_URL"},
		{
			"a base address with a path",
			[]string{"--base-url", "https://example.com/x", "doctor"},
			2,
			"MEANWHILE_BASE_URL",
		},
		{
			"mail whose links would lead anywhere",
			[]string{"--smtp-url", "smtp://mail.example.com?from=a@example.com", "doctor"},
			2,
			"MEANWHILE_BASE_URL",
		},
		{
			"mail from nobody",
			[]string{"--base-url", "https://example.com", "--smtp-url", "smtp://mail.example.com", "doctor"},
			2,
			"?from=",
		},
		{
			"a provider that can be overheard",
			[]string{"--oidc-issuer", "http://id.example.com", "--oidc-client-id", "x", "doctor"},
			2,
			"MEANWHILE_OIDC_ISSUER",
		},
		{
			"a provider with a password",
			[]string{"--oidc-issuer", "https://ada:secret@id.example.com", "--oidc-client-id", "x", "doctor"},
			2,
			"MEANWHILE_OIDC_CLIENT_SECRET",
		},
		{
			"a provider that does not know this site",
			[]string{"--oidc-issuer", "https://id.example.com", "doctor"},
			2,
			"MEANWHILE_OIDC_CLIENT_ID",
		},
		{
			"addresses of media that live too long",
			[]string{"--media-address-life", "61s", "doctor"},
			2,
			"MEANWHILE_MEDIA_ADDRESS_LIFE",
		},
		{"an unknown store", []string{"--objects-url", "gopher://x", "serve"}, 1, "MEANWHILE_OBJECTS_URL"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p.t = t
			_, stderr, code := p.run(tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.want) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q in it", code, tc.code, stderr, tc.want)
			}
		})
	}
}

func TestSecondProcessIsKeptAway(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.start()
	_, stderr, code := p.run("serve")
	if code != 1 || !strings.Contains(stderr, "another meanwhile is running") {
		t.Errorf("a second process on the same data: %d, %q", code, stderr)
	}
}

func TestTakenPortEndsTheProgram(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.start()
	other := newProgram(
		t,
		"MEANWHILE_LISTEN="+strings.Replace(strings.TrimPrefix(p.base, "http://"), "localhost", "127.0.0.1", 1),
	)
	_, stderr, code := other.run("serve")
	if code != 1 || !strings.Contains(stderr, "MEANWHILE_LISTEN") {
		t.Errorf("a taken port: %d, %q; want an error that names the setting", code, stderr)
	}
}

func TestTheRunningSiteSaysWhatTheDoctorDoes(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.start()
	form := url.Values{
		"workspace": {"Team"},
		"name":      {"Ada"},
		"email":     {"ada@example.com"},
		"password":  {"a long password"},
	}
	res := p.postForm(browser(t), p.setup, form)
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, text := range []string{
		"Data folder",
		"FFmpeg and sandbox",
		"Database",
		"Objects",
		"Redis",
		"Mail",
		"Clock",
		"runs inside the program",
		"answers at " + p.base,
		"Set MEANWHILE_SMTP_URL",
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
	if strings.Contains(page, "To fix") {
		t.Errorf("a fresh site has something to mend:\n%s", page)
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.start()
	p.env = append(p.env, "MEANWHILE_BASE_URL="+p.base)
	stdout, stderr, code := p.run("doctor", "--json")
	if code != 0 {
		t.Fatalf("doctor: %d\n%s\n%s", code, stdout, stderr)
	}
	var findings []struct{ Check, Result, Detail string }
	if err := json.Unmarshal([]byte(stdout), &findings); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]string)
	for _, f := range findings {
		seen[f.Check] = f.Result
	}
	for _, check := range []string{
		"data folder", "database", "objects", "redis", "ffmpeg and sandbox", "base address", "site",
	} {
		if seen[check] != "ok" && seen[check] != "warn" {
			t.Errorf("check %q is %q, want ok or warn", check, seen[check])
		}
	}
	p.env = append(p.env, "MEANWHILE_FFMPEG=/nowhere/ffmpeg")
	stdout, _, code = p.run("doctor")
	if code != 1 || !regexp.MustCompile(`(?m)^fail +ffmpeg`).MatchString(stdout) ||
		!strings.Contains(stdout, "apt-get install") {
		t.Errorf("doctor without ffmpeg: %d\n%s\nwant a failed line with the mend", code, stdout)
	}
}

func TestMigrateShowsWhereTheSchemaStands(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	stdout, _, code := p.run("migrate", "status")
	if code != 0 || !strings.Contains(stdout, "waiting") {
		t.Errorf("before: %d, %q; want waiting migrations", code, stdout)
	}
	stdout, _, code = p.run("migrate")
	if code != 0 || strings.Contains(stdout, "waiting") || !strings.Contains(stdout, "applied") {
		t.Errorf("after: %d, %q; want all applied", code, stdout)
	}
}

func TestOpenAPIIsPrintedWithoutAServer(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	stdout, stderr, code := p.run("openapi")
	var doc struct {
		OpenAPI string
		Paths   map[string]any
	}
	if err := json.Unmarshal([]byte(stdout), &doc); code != 0 || err != nil {
		t.Fatalf("openapi: %d, %v\n%s", code, err, stderr)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Paths["/api/v1/videos"] == nil ||
		doc.Paths["/api/v1/files/"] == nil {
		t.Errorf("the document lacks its version (%s) or routes", doc.OpenAPI)
	}
}

// TestReadmeListsEverySetting compares the README's table with the settings themselves.
func TestReadmeListsEverySetting(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t)
	stdout, _, code := p.run("--help-config")
	if code != 0 {
		t.Fatalf("--help-config: %d", code)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) < 15 {
		t.Fatalf("--help-config has %d lines", len(lines))
	}
	for _, line := range lines[1:] {
		name := strings.Fields(line)[0]
		help := line[strings.LastIndex(line, "  ")+2:]
		row := regexp.MustCompile(`(?m)^\| ` + "`" + name + "`" + ` \|.*\| (.*) \|$`).FindStringSubmatch(string(readme))
		if row == nil {
			t.Errorf("the README's table lacks %s", name)
			continue
		}
		if row[1] != help {
			t.Errorf("%s in the README: %q, in --help-config: %q", name, row[1], help)
		}
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("too short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, "MEANWHILE_SECRET_KEY_FILE="+path)
	_, stderr, code := p.run("doctor")
	if code != 2 || !strings.Contains(stderr, "MEANWHILE_SECRET_KEY is too short") {
		t.Errorf("doctor: %d, %q; want the file's key to be read and refused", code, stderr)
	}
}

// TestPushGoesOnAfterAnInterruption cuts the connection in the middle of the file, more than once,
// and runs the same command again.
func TestPushGoesOnAfterAnInterruption(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	source := clip(
		t,
		"long.mp4",
		8,
		"-c:v",
		"libx264",
		"-preset",
		"ultrafast",
		"-b:v",
		"20M",
		"-minrate",
		"20M",
		"-maxrate",
		"20M",
		"-bufsize",
		"20M",
		"-x264-params",
		"nal-hrd=cbr",
		"-c:a",
		"aac",
	)
	proxy := newCuttingProxy(t, p.base, 5<<20, 2)
	stdout, stderr, code := p.run("push", "--url", proxy.base, "--wait", "--json", source)
	if code != 0 {
		t.Fatalf("push: %d\n%s", code, stderr)
	}
	if proxy.cuts() != 2 {
		t.Fatalf("the connection was cut %d times, want 2", proxy.cuts())
	}
	var r struct{ ID, State string }
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || r.State != "ready" {
		t.Fatalf("push printed %q, %v; want ready", stdout, err)
	}
	want, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/api/v1/videos/"+r.ID+"/original", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || string(got) != string(want) {
		t.Errorf("the original has %d bytes, %v; want the %d of the file, equal", len(got), err, len(want))
	}
}

// TestSamplesBecomeReady takes every real recording through all steps, by push, and fetches the
// first bytes of what plays.
func TestSamplesBecomeReady(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	key := p.owner()
	p.start()
	files := samples(t)
	stdout, stderr, code := p.run(append([]string{"push", "--url", p.base, "--wait", "--json"}, files...)...)
	if code != 0 {
		t.Fatalf("push: %d\n%s", code, stderr)
	}
	dec := json.NewDecoder(strings.NewReader(stdout))
	n := 0
	for dec.More() {
		var r struct{ File, ID, State string }
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		n++
		var v video
		p.get(key, "/api/v1/videos/"+r.ID, &v)
		var link struct {
			Playback struct {
				Tracks []struct{ Sources []struct{ Type, URL string } }
				Poster string
			}
		}
		p.until(30*time.Second, "the poster of "+r.File, func() bool {
			p.get("", "/api/v1/shares/"+v.LinkToken, &link)
			return link.Playback.Poster != ""
		})
		if len(link.Playback.Tracks) != 1 || len(link.Playback.Tracks[0].Sources) == 0 {
			t.Errorf("%s: nothing plays: %+v", r.File, link.Playback)
			continue
		}
		src := link.Playback.Tracks[0].Sources[0]
		if !strings.HasPrefix(src.Type, "video/mp4") || !strings.Contains(src.Type, "avc1") {
			t.Errorf("%s: the first source is %q, want H.264 in MP4", r.File, src.Type)
		}
		if status := p.get("", src.URL, nil); status != http.StatusOK {
			t.Errorf("%s: the media answers %d", r.File, status)
		}
	}
	if n != len(files) {
		t.Errorf("%d results for %d files", n, len(files))
	}
}
