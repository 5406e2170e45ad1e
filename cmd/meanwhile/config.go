package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"meanwhile/server"
)

// Config is everything that an operator can set. Each field is a flag and an environment variable,
// and the documentation comes from this struct (meanwhile --help-config).
type Config struct {
	Listen            string        `env:"MEANWHILE_LISTEN" default:"127.0.0.1:8080" help:"Address of the site."`
	AdminListen       string        `env:"MEANWHILE_ADMIN_LISTEN" default:"127.0.0.1:9090" help:"Address for metrics and pprof; empty switches it off."`
	BaseURL           string        `env:"MEANWHILE_BASE_URL" help:"The site's public address, such as https://updates.example.com. Empty: links use the address that the browser asked for."`
	Data              string        `env:"MEANWHILE_DATA" default:"./data" help:"Folder for everything that is kept."`
	DatabaseURL       string        `env:"MEANWHILE_DATABASE_URL" help:"Database; default sqlite:DATA/meanwhile.db. postgres://user:password@host:5432/database uses a server (15 or newer, encoding UTF8); each process takes up to 20 of its connections."`
	ObjectsURL        string        `env:"MEANWHILE_OBJECTS_URL" help:"Media storage: file: and a folder, or s3://bucket/prefix?endpoint=…&public_endpoint=…&region=… with the AWS variables for credentials; default file:DATA/objects."`
	RedisURL          string        `env:"MEANWHILE_REDIS_URL" default:"embedded:" help:"Queue and events: embedded: runs inside this process; redis://user:password@host:6379/0 uses a server, redis+sentinel://user:password@host:26379/0?master_name=NAME&addr=host2:26379&username=…&password=… a group with sentinels (the password before the @ is theirs), redis+cluster://user:password@host:6379?addr=host2:6379 a cluster. With TLS, write rediss instead of redis."`
	SecretKey         string        `env:"MEANWHILE_SECRET_KEY" help:"Key that signs addresses, at least 32 characters. Empty: one is made and kept under DATA. Separate servers and workers need the same one. Also as MEANWHILE_SECRET_KEY_FILE."`
	TrustedProxies    []string      `env:"MEANWHILE_TRUSTED_PROXIES" sep:"," help:"Networks (CIDR) of proxies whose forwarding headers are trusted; none by default."`
	MediaDelivery     string        `env:"MEANWHILE_MEDIA_DELIVERY" enum:"proxy,redirect" default:"proxy" help:"proxy: media comes from the server. redirect: players load media from the object storage (s3:// only), by signed addresses that expire."`
	MediaAddressLife  time.Duration `env:"MEANWHILE_MEDIA_ADDRESS_LIFE" default:"1m" help:"With redirect: how long a signed address works, 2s to 1m in whole seconds. After a link is revoked, an address that somebody has still works for this long. Players ask for a new one twice in that time."`
	DrainDelay        time.Duration `env:"MEANWHILE_DRAIN_DELAY" default:"0s" help:"How long the server keeps serving after a stop signal, while /readyz says 503. Set it longer than the interval of the proxy's health checks: then no request fails when servers are restarted one by one."`
	SignUp            string        `env:"MEANWHILE_SIGN_UP" enum:"closed,open" default:"closed" help:"open lets anyone make an account with a workspace of its own."`
	SMTPURL           string        `env:"MEANWHILE_SMTP_URL" name:"smtp-url" help:"Mail server: smtp://user:password@host:587?from=updates@example.com, or smtps:// for one that begins with TLS. Needs MEANWHILE_BASE_URL. Empty: no mail is sent, and people pass links on themselves. Also as MEANWHILE_SMTP_URL_FILE."`
	OIDCIssuer        string        `env:"MEANWHILE_OIDC_ISSUER" name:"oidc-issuer" help:"OpenID Connect provider with which people can sign in, such as https://id.example.com. Its redirect address is BASE_URL/oidc/callback. Empty: none."`
	OIDCClientID      string        `env:"MEANWHILE_OIDC_CLIENT_ID" name:"oidc-client-id" help:"Client ID of this site at the provider."`
	OIDCClientSecret  string        `env:"MEANWHILE_OIDC_CLIENT_SECRET" name:"oidc-client-secret" help:"Client secret that belongs to it. Also as MEANWHILE_OIDC_CLIENT_SECRET_FILE."`
	OIDCName          string        `env:"MEANWHILE_OIDC_NAME" name:"oidc-name" default:"your company account" help:"Name of the provider on the button: Sign in with NAME."`
	MaxDuration       time.Duration `env:"MEANWHILE_MAX_DURATION" default:"4h" help:"Longest video that is processed."`
	MaxUploadBytes    int64         `env:"MEANWHILE_MAX_UPLOAD_BYTES" default:"21474836480" help:"Largest file that is accepted."`
	MaxCPU            time.Duration `env:"MEANWHILE_MAX_CPU" name:"max-cpu" default:"24h" help:"Most computing time that one video may ask for."`
	WorkerConcurrency int           `env:"MEANWHILE_WORKER_CONCURRENCY" default:"1" help:"Encodes at the same time. Short steps have slots of their own."`
	Lease             time.Duration `env:"MEANWHILE_LEASE" default:"1m" help:"How long a silent worker keeps its work before another worker takes over, 4s to 10m."`
	Sandbox           string        `env:"MEANWHILE_SANDBOX" enum:"auto,bwrap,landlock,off" default:"auto" help:"Sandbox for ffmpeg. Use off only if you trust every file."`
	FFmpeg            string        `env:"MEANWHILE_FFMPEG" name:"ffmpeg" help:"Path of ffmpeg; default from PATH."`
	FFprobe           string        `env:"MEANWHILE_FFPROBE" name:"ffprobe" help:"Path of ffprobe; default from PATH."`
	LogLevel          string        `env:"MEANWHILE_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"Lowest level that is logged."`
	LogFormat         string        `env:"MEANWHILE_LOG_FORMAT" enum:"text,json" default:"text" help:"Format of the log on standard error."`
}

// secretsFromFiles reads each file named by MEANWHILE_X_FILE into MEANWHILE_X, for secrets that are
// mounted as files. It runs before flags are read.
func secretsFromFiles() error {
	for _, pair := range os.Environ() {
		name, path, _ := strings.Cut(pair, "=")
		base, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || !strings.HasPrefix(name, "MEANWHILE_") || path == "" {
			continue
		}
		if _, set := os.LookupEnv(base); set {
			return fmt.Errorf("both %s and %s are set: keep one", base, name)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := os.Setenv(base, strings.TrimSpace(string(b))); err != nil {
			return fmt.Errorf("set %s: %w", base, err)
		}
	}
	return nil
}

// finish fills fields that follow from others, and refuses what cannot work, by name.
func (c *Config) finish(role role) error {
	if c.DatabaseURL == "" {
		c.DatabaseURL = "sqlite:" + filepath.Join(c.Data, "meanwhile.db")
	}
	if c.ObjectsURL == "" {
		c.ObjectsURL = "file:" + filepath.Join(c.Data, "objects")
	}
	if role == roleServer || role == roleWorker {
		if strings.HasPrefix(c.DatabaseURL, "sqlite:") {
			return errors.New(
				`MEANWHILE_DATABASE_URL is "sqlite:", which belongs to one process: separate server and worker need ` +
					"postgres://",
			)
		}
		if strings.HasPrefix(c.RedisURL, "embedded:") {
			return fmt.Errorf(
				"MEANWHILE_REDIS_URL is %q, which lives in one process: separate server and worker need redis://",
				"embedded:",
			)
		}
		if c.SecretKey == "" {
			return errors.New(
				"MEANWHILE_SECRET_KEY is empty: separate servers and workers need the same one, or each refuses " +
					"what another has signed (openssl rand -hex 32 makes one)",
			)
		}
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
			strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf(
				"MEANWHILE_BASE_URL is %q: it needs http:// or https:// and a host, and no path",
				c.BaseURL,
			)
		}
		c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	}
	if _, err := c.proxies(); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("MEANWHILE_LISTEN is %q: it needs an address and a port, such as 127.0.0.1:8080", c.Listen)
	}
	if c.SecretKey != "" && len(c.SecretKey) < 32 {
		return fmt.Errorf("MEANWHILE_SECRET_KEY is too short: it needs at least 32 characters")
	}
	if c.SMTPURL != "" {
		if _, err := newMailer(c.SMTPURL); err != nil {
			return fmt.Errorf("MEANWHILE_SMTP_URL is not valid: %w", err)
		}
		if c.BaseURL == "" {
			return errors.New(
				"MEANWHILE_SMTP_URL needs MEANWHILE_BASE_URL: without it, anybody who asks for a mail can choose " +
					"where its link leads",
			)
		}
	}
	if err := c.finishProvider(); err != nil {
		return err
	}
	if c.DrainDelay < 0 {
		return fmt.Errorf("MEANWHILE_DRAIN_DELAY is %s: it needs 0s or more", c.DrainDelay)
	}
	if c.MediaAddressLife < 2*time.Second || c.MediaAddressLife > time.Minute || c.MediaAddressLife%time.Second != 0 {
		return fmt.Errorf(
			"MEANWHILE_MEDIA_ADDRESS_LIFE is %s: it needs whole seconds, from 2s to 1m",
			c.MediaAddressLife,
		)
	}
	if c.Lease < 4*time.Second || c.Lease > 10*time.Minute {
		return fmt.Errorf("MEANWHILE_LEASE is %s: it needs 4s to 10m", c.Lease)
	}
	if c.WorkerConcurrency < 1 {
		return fmt.Errorf("MEANWHILE_WORKER_CONCURRENCY is %d: it needs at least 1", c.WorkerConcurrency)
	}
	return nil
}

// finishProvider refuses a provider that could not be reached, or whose traffic could be read by
// others.
func (c *Config) finishProvider() error {
	if c.OIDCIssuer == "" {
		return nil
	}
	u, err := url.Parse(c.OIDCIssuer)
	if err == nil && u.User != nil {
		return errors.New(
			"MEANWHILE_OIDC_ISSUER holds a name or a password: move them to " +
				"MEANWHILE_OIDC_CLIENT_ID and MEANWHILE_OIDC_CLIENT_SECRET",
		)
	}
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("MEANWHILE_OIDC_ISSUER is %q: it needs https:// and a host", c.OIDCIssuer)
	}
	if c.OIDCClientID == "" {
		return errors.New("MEANWHILE_OIDC_CLIENT_ID is empty: register this site at the provider to get one")
	}
	return nil
}

// isLoopback reports whether traffic to host stays on this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// provider is the provider where people can sign in instead.
func (c *Config) provider() server.Provider {
	return server.Provider{
		Issuer:       c.OIDCIssuer,
		ClientID:     c.OIDCClientID,
		ClientSecret: c.OIDCClientSecret,
		Name:         c.OIDCName,
	}
}

// proxies reads the trusted networks; a single address is a network of one.
func (c *Config) proxies() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range c.TrustedProxies {
		if addr, err := netip.ParseAddr(text); err == nil {
			networks = append(networks, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf(
				"MEANWHILE_TRUSTED_PROXIES holds %q: it needs addresses or networks such as 10.0.0.0/8",
				text,
			)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// logger returns a log to standard error with the operator's settings.
func (c *Config) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// printConfig writes the table of all settings, from the struct's own tags.
func printConfig(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "VARIABLE\tDEFAULT\tMEANING")
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		fmt.Fprintf(tw, "%s\t%s\t%s\n", tag.Get("env"), tag.Get("default"), tag.Get("help"))
	}
	return tw.Flush()
}
