package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/queue"
)

type doctorCmd struct {
	JSON bool `name:"json" help:"Print a JSON array."`
}

// finding is one line of the doctor's report.
type finding struct {
	Check  string `json:"check"`
	Result string `json:"result"` // ok, warn or fail
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
}

func ok(detail string) finding         { return finding{Result: "ok", Detail: detail} }
func warn(detail, mend string) finding { return finding{Result: "warn", Detail: detail, Mend: mend} }
func fail(err error, mend string) finding {
	return finding{Result: "fail", Detail: err.Error(), Mend: mend}
}

// patient is what the checks examine: the parts of the running process, or those that the checks
// open one after the other.
type patient struct {
	config *Config
	parts  *parts
}

// checks are the doctor's checks, in the order of the report. A new check is a row and a function.
var checks = []struct {
	name string
	look func(context.Context, patient) finding
	// it is about what a process needs to work on videos; a separate server does not need it
	works bool
}{
	{"data folder", checkData, true},
	{"disk", checkDisk, true},
	{"ffmpeg and sandbox", checkFFmpeg, true},
	{"database", checkDatabase, false},
	{"objects", checkObjects, false},
	{"media address", checkMediaAddress, false},
	{"redis", checkRedis, false},
	{"workers", checkWorkers, false},
	{"secret key", checkSecretKey, false},
	{"mail", checkMail, false},
	{"provider", checkProvider, false},
	{"clock", checkClock, false},
	{"base address", checkBaseURL, false},
	{"site", checkSite, false},
	{"visitors", checkVisitors, false},
}

// Run runs all checks, also if something is broken. It returns an error if a check fails.
func (d doctorCmd) Run(ctx context.Context, c *Config, o out) (err error) {
	if err := c.finish(roleTool); err != nil {
		return usageError{err}
	}
	p := &parts{log: c.logger(io.Discard)}
	defer func() { err = errors.Join(err, p.Close()) }()
	var findings []finding
	failed := 0
	for _, check := range checks {
		look, cancel := context.WithTimeout(ctx, 20*time.Second)
		f := check.look(look, patient{c, p})
		cancel()
		f.Check = check.name
		findings = append(findings, f)
		if f.Result == "fail" {
			failed++
		}
	}
	if err := d.print(o.stdout, findings); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(findings))
	}
	return nil
}

func (d doctorCmd) print(w io.Writer, findings []finding) error {
	if d.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(findings)
	}
	for _, f := range findings {
		fmt.Fprintf(w, "%-4s  %-18s  %s\n", f.Result, f.Check, f.Detail)
		if f.Mend != "" {
			fmt.Fprintf(w, "%-4s  %-18s  → %s\n", "", "", f.Mend)
		}
	}
	return nil
}

func checkData(_ context.Context, p patient) finding {
	if err := os.MkdirAll(p.config.Data, 0o700); err != nil {
		return fail(err, "Make the folder writable, or set MEANWHILE_DATA to another one.")
	}
	f, err := os.CreateTemp(p.config.Data, "doctor-*")
	if err != nil {
		return fail(err, "Make the folder writable, or set MEANWHILE_DATA to another one.")
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fail(err, "Make the folder writable, or set MEANWHILE_DATA to another one.")
	}
	return ok(absolute(p.config.Data) + " is writable")
}

func checkDisk(_ context.Context, p patient) finding {
	used := diskUsed(p.config.Data)()
	detail := fmt.Sprintf("%.0f %% used", used*100)
	if used >= 0.97 {
		return fail(errors.New(detail), "Free some space: nothing more is accepted until then.")
	}
	if used >= 0.90 {
		return warn(detail, "Free some space: new uploads are refused above 90 %.")
	}
	return ok(detail)
}

func checkFFmpeg(ctx context.Context, p patient) finding {
	tools, err := ffmpeg.New(ctx, toolOptions(p.config, p.parts.log))
	if err != nil {
		return fail(errors.New(sentence(err)), "Install ffmpeg and bubblewrap (apt-get install ffmpeg bubblewrap).")
	}
	detail := fmt.Sprintf("ffmpeg %s in %s", tools.Version(), tools.SandboxName())
	if hole := ffmpeg.KnownHoles(tools.Version()); hole != "" {
		return warn(detail, hole)
	}
	if tools.SandboxName() == "landlock" {
		return warn(detail, "Install bubblewrap if you can: landlock does not hide processes or block UDP.")
	}
	if tools.SandboxName() == "off" {
		return warn(detail, "ffmpeg runs without a sandbox: set MEANWHILE_SANDBOX=auto unless you trust every file.")
	}
	return ok(detail)
}

// slowAnswer is when a server counts as far away: one page queries the database a few times, one
// after the other.
const slowAnswer = 20 * time.Millisecond

// leastPostgres is the oldest major version that the tests use.
const leastPostgres = 15

func checkDatabase(ctx context.Context, p patient) finding {
	if p.parts.store == nil {
		if err := p.parts.connectStore(ctx, p.config); err != nil {
			return fail(errors.New(sentence(err)), "Check that MEANWHILE_DATABASE_URL is right and the database runs.")
		}
	}
	store := p.parts.store
	status, err := store.MigrationStatus(ctx)
	if err != nil {
		return fail(errors.New(sentence(err)), "Let the user own the database: ALTER DATABASE name OWNER TO user.")
	}
	for _, m := range status {
		if m.AppliedAt == nil {
			return warn("the schema is not up to date", "Start the program, or run: meanwhile migrate")
		}
	}
	if err := store.Ping(ctx); err != nil {
		return fail(
			errors.New(sentence(err)),
			"Check that the database can be written: no standby, no full disk, and the user owns the tables.",
		)
	}
	var version string
	took := time.Hour
	for range 3 { // the best of three: other work on this machine does not count
		asked := time.Now()
		if version, err = store.Version(ctx); err != nil {
			return fail(errors.New(sentence(err)), "Check that the database can be read.")
		}
		took = min(took, time.Since(asked))
	}
	detail := fmt.Sprintf(
		"%s, answers in %s, writable, %d migrations applied",
		version,
		max(took.Round(10*time.Microsecond), 10*time.Microsecond),
		len(status),
	)
	var major int
	if n, err := fmt.Sscanf(version, "PostgreSQL %d", &major); n == 1 && err == nil && major < leastPostgres {
		return warn(
			detail,
			fmt.Sprintf("Upgrade to PostgreSQL %d or newer: older ones are not tested.", leastPostgres),
		)
	}
	if took > slowAnswer {
		return warn(detail, "Move the database closer: every page waits for a few answers.")
	}
	return ok(detail)
}

func checkObjects(ctx context.Context, p patient) finding {
	if p.parts.objects == nil {
		if err := p.parts.openObjects(ctx, p.config); err != nil {
			return fail(
				errors.New(sentence(err)),
				"Check that MEANWHILE_OBJECTS_URL is right, and that its folder or server can be used.",
			)
		}
	}
	key := "doctor/" + storage.NewRandomID()
	const text = "meanwhile"
	n, err := p.parts.objects.Put(ctx, key, strings.NewReader(text))
	if err != nil || n != int64(len(text)) {
		return fail(errors.New(sentence(err)), "Check that the folder or the bucket of the objects can be written.")
	}
	r, err := p.parts.objects.Open(ctx, key, storage.Range{})
	if err != nil {
		return fail(errors.New(sentence(err)), "Check that the folder or the bucket of the objects can be read.")
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), p.parts.objects.Delete(ctx, key)); err != nil {
		return fail(
			errors.New(sentence(err)),
			"Check that objects in the folder or the bucket can be read and deleted.",
		)
	}
	if string(b) != text {
		return fail(errors.New("what was read differs from what was written"), "Check the disk.")
	}
	return ok("written, read and deleted")
}

func checkRedis(ctx context.Context, p patient) finding {
	if strings.HasPrefix(p.config.RedisURL, "embedded:") {
		return ok("runs inside the program")
	}
	if p.parts.redis == nil {
		if err := p.parts.openRedis(ctx, p.config); err != nil {
			return fail(
				errors.New(sentence(err)),
				"Correct MEANWHILE_REDIS_URL: meanwhile --help-config shows its forms.",
			)
		}
	}
	facts, err := p.parts.redis.Look(ctx)
	if err != nil {
		return fail(
			errors.New(sentence(err)),
			"Check that MEANWHILE_REDIS_URL is right, and that Redis runs and accepts writes (no replica).",
		)
	}
	detail := fmt.Sprintf(
		"Redis %s, answers in %s, writable",
		facts.Version,
		facts.AnswersIn.Round(10*time.Microsecond),
	)
	if facts.Evicts != "" {
		return warn(
			detail+", drops keys ("+facts.Evicts+")",
			"Set maxmemory-policy noeviction: a dropped wake-up delays work by half a minute.",
		)
	}
	if facts.AnswersIn > slowAnswer {
		return warn(detail, "Move Redis closer: progress and new comments wait for it.")
	}
	return ok(detail)
}

// checkWorkers counts the workers: without one, jobs wait and nobody says so.
func checkWorkers(_ context.Context, p patient) finding {
	if strings.HasPrefix(p.config.RedisURL, "embedded:") {
		return ok("the program works on videos itself")
	}
	if p.parts.redis == nil {
		return warn("not counted: Redis cannot be reached", "Fix Redis first.")
	}
	n, err := queue.Workers(p.parts.asynqOptions())
	if err != nil {
		return warn("not counted: "+sentence(err), "Fix Redis first.")
	}
	if n == 0 {
		return warn(
			"none is running: recordings play, but nothing is processed",
			"Start one with the same settings: meanwhile worker",
		)
	}
	return ok(fmt.Sprintf("%d running", n))
}

// How far this machine's clock may be from the database's: leases use the one, links and sessions
// the other, and a storage refuses what was signed a quarter of an hour ago.
const (
	clockSkewed = 2 * time.Second
	clockWrong  = time.Minute
)

func checkClock(ctx context.Context, p patient) finding {
	const mend = "Set the clocks of this machine and of the database by NTP."
	now := time.Now()
	if now.Year() < 2026 {
		return fail(
			fmt.Errorf("it says %s", now.UTC().Format(time.RFC3339)),
			"Set the clock: links would end at the wrong time.",
		)
	}
	if p.parts.store == nil {
		return warn(
			now.UTC().Format(time.RFC3339)+", not compared: the database cannot be reached",
			"Fix the database first.",
		)
	}
	theirs, err := p.parts.store.Clock(ctx)
	if err != nil {
		return warn(now.UTC().Format(time.RFC3339)+", not compared: "+sentence(err), "Fix the database first.")
	}
	skew := max(now.Sub(theirs), time.Until(theirs), 0)
	detail := fmt.Sprintf("%s, %s off the database clock", now.UTC().Format(time.RFC3339), skew.Round(time.Millisecond))
	if skew > clockWrong {
		return fail(errors.New(detail), mend)
	}
	if skew > clockSkewed {
		return warn(detail, mend)
	}
	return ok(detail)
}

// checkSecretKey checks that there is a key that separate processes can share.
func checkSecretKey(_ context.Context, p patient) finding {
	if p.config.SecretKey != "" {
		return ok("set; servers and workers of one site need the same one")
	}
	if local(p.config) {
		return ok("made and kept under " + absolute(p.config.Data))
	}
	return warn(
		"not set: this process uses its own key",
		"Set the same MEANWHILE_SECRET_KEY on each server and worker (openssl rand -hex 32 makes one): they "+
			"do not start without it.",
	)
}

// checkProvider asks the provider what it supports.
func checkProvider(ctx context.Context, p patient) finding {
	if p.config.OIDCIssuer == "" {
		return ok("none: people sign in here by password, passkey or link")
	}
	if err := p.config.provider().Look(ctx); err != nil {
		return fail(
			errors.New(sentence(err)),
			"Check that MEANWHILE_OIDC_ISSUER is the provider's issuer address, and that this machine can "+
				"reach it.",
		)
	}
	return ok(p.config.OIDCIssuer + " answers")
}

// checkBaseURL checks the address in links.
func checkBaseURL(_ context.Context, p patient) finding {
	if p.config.BaseURL == "" {
		host, _, err := net.SplitHostPort(p.config.Listen)
		if err == nil && isLoopback(host) {
			return ok("not set: links use the address that the browser asked for, which is right on one machine")
		}
		return warn(
			"not set, and other machines can reach the site",
			"Set MEANWHILE_BASE_URL, so that links carry the right address.",
		)
	}
	u, err := url.Parse(p.config.BaseURL)
	if err != nil {
		return fail(err, "Set MEANWHILE_BASE_URL to http:// or https:// and a host.")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return warn(
			u.Redacted()+" is plain http",
			"Put a proxy with TLS in front of it: on plain http browsers cannot record or copy links, and cookies "+
				"are weaker.",
		)
	}
	return ok(u.Redacted())
}

// checkVisitors tells whether the running servers see each visitor's own address.
func checkVisitors(ctx context.Context, p patient) finding {
	if p.parts.store == nil {
		return warn("unknown: the database could not be opened", "")
	}
	proxy, err := p.parts.store.UntrustedProxy(ctx)
	if err != nil {
		return warn("unknown: "+sentence(err), "Start the program once, or run: meanwhile migrate")
	}
	if proxy != "" {
		return warn(
			"all visitors come through "+proxy+", and count as one: limits and blocks hit everybody",
			"If that is your proxy, set MEANWHILE_TRUSTED_PROXIES="+proxy+" so that its X-Forwarded-For is believed.",
		)
	}
	return ok("each counts for themselves")
}

func checkSite(ctx context.Context, p patient) finding {
	base := p.config.BaseURL
	if base == "" {
		base = "http://" + friendly(p.config.Listen)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return fail(err, "Set MEANWHILE_BASE_URL to the site's address.")
	}
	base = strings.TrimSuffix(req.URL.Redacted(), "/readyz")
	res, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return warn(
			"does not answer at "+base,
			"Start it with `meanwhile`, or check that MEANWHILE_BASE_URL leads to it.",
		)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		// what could be read is enough for a report
		b, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		return fail(
			fmt.Errorf("%s answers %s: %s", base, res.Status, strings.TrimSpace(string(b))),
			"Fix what it reports as missing.",
		)
	}
	return ok("answers at " + base)
}

// sentence returns an error as a report shows it: the sentence for people and the cause.
func sentence(err error) string {
	if err == nil {
		return "wrong size"
	}
	if m := storage.MessageOf(err); m != "" {
		return fmt.Sprintf("%s (%v)", m, err)
	}
	return err.Error()
}
