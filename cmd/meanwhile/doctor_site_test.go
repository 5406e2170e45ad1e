package main

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newSite returns what a single process works with.
func newSite(t *testing.T, change func(*Config)) (*Config, *parts) {
	t.Helper()
	c := &Config{
		Listen:            "127.0.0.1:0",
		Data:              t.TempDir(),
		RedisURL:          "embedded:",
		MediaDelivery:     "proxy",
		MediaAddressLife:  time.Minute,
		Lease:             time.Minute,
		Sandbox:           "auto",
		WorkerConcurrency: 1,
	}
	change(c)
	if err := c.finish(roleAll); err != nil {
		t.Fatal(err)
	}
	p, err := wire(t.Context(), c, roleAll, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

func TestARunningSiteLooksAtItsOwnParts(t *testing.T) {
	t.Parallel()
	c, p := newSite(t, func(*Config) {})
	opened := len(p.close)
	var names []string
	for _, check := range siteChecks(c, p, roleAll, "127.0.0.1:1") {
		names = append(names, strings.ToLower(check.Name))
		if f := check.Look(t.Context()); f.Result == "fail" || (f.Result == "warn" && f.Mend == "") {
			t.Errorf("%s: %+v", check.Name, f)
		}
	}
	var all []string
	for _, check := range checks {
		all = append(all, check.name)
	}
	if diff := cmp.Diff(all, names); diff != "" {
		t.Errorf("the checks of a process that does everything (-the doctor's +its own):\n%s", diff)
	}
	if len(p.close) != opened {
		t.Errorf("the checks opened %d parts that nobody closes before the process ends", len(p.close)-opened)
	}
	for _, check := range siteChecks(c, p, roleServer, "127.0.0.1:1") {
		if check.Name == "FFmpeg and sandbox" || check.Name == "disk" {
			t.Errorf("a server that does not work on videos looks at %q", check.Name)
		}
	}
}

func TestAMailServerThatSaysNothingHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it accepts connections and never answers
	c, p := newSite(t, func(c *Config) {
		c.SMTPURL, c.BaseURL = "smtp://ada:a%20mail%20secret@"+l.Addr().
			String()+
			"?from=updates@example.com", "http://localhost"
	})
	for _, check := range siteChecks(c, p, roleAll, "127.0.0.1:1") {
		if check.Name != "mail" {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		started := time.Now()
		f := check.Look(ctx)
		cancel()
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("the look at the mail server took %s", took)
		}
		if f.Result != "fail" || f.Mend == "" || strings.Contains(f.Detail, "secret") {
			t.Errorf("mail: %+v, want a failure with a mend and without the password", f)
		}
	}
}

func TestFindingsTellNoSecrets(t *testing.T) {
	t.Parallel()
	c := &Config{
		SecretKey:        "the key of the site",
		OIDCClientSecret: "provider-secret",
		DatabaseURL:      "postgres://ada:data%2Fsecret@db/meanwhile",
		RedisURL: "redis+sentinel://ada:watch-secret@a:26379/0?master_name=m" +
			"&password=redis-secret&sentinel_password=other-secret",
		ObjectsURL: "s3://bucket?secret_key=bucket-secret",
		SMTPURL:    "smtp://ada:mail+secret@mail.example.com?from=updates@example.com",
		BaseURL:    "https://example.com",
	}
	hide := strings.NewReplacer(secretsOf(c)...)
	for _, text := range []string{
		c.SecretKey, c.OIDCClientSecret, c.DatabaseURL, "data/secret", c.RedisURL,
		"redis-secret", c.ObjectsURL, c.SMTPURL, "dial ada:mail%2Bsecret@mail", "535 mail+secret",
	} {
		if got := hide.Replace(text); strings.Contains(got, "secret@") ||
			strings.Contains(got, "-secret") || strings.Contains(got, "/secret") || strings.Contains(got, "+secret") ||
			strings.Contains(got, "key of") {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	if got := hide.Replace("mail.example.com:587 refuses updates@example.com"); !strings.HasPrefix(
		got,
		"mail.example.com:587",
	) {
		t.Errorf("what is no secret is shown as %q", got)
	}
}
