package server

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// Config is what the operator can set. The zero value works.
type Config struct {
	// BaseURL is the public address without a slash at its end. If it is empty, absolute links use
	// each request's Host.
	BaseURL string
	// TrustedProxies may set the client's address (X-Forwarded-For) and scheme (X-Forwarded-Proto).
	// None by default.
	TrustedProxies []netip.Prefix
	// Provider is another place where people can sign in. None if it is empty.
	Provider Provider
	// Version is shown in the OpenAPI document.
	Version string
	// MediaOrigin is the origin of the object storage for browsers, such as
	// https://media.example.com. Media requests are redirected to signed addresses there, if the
	// storage can sign. If it is empty, all media comes from here. MediaLife is how long such an
	// address opens its object, in whole seconds; a minute when zero.
	MediaOrigin string
	MediaLife   time.Duration

	// MaxBodyBytes limits JSON and form bodies; 1 MiB when zero.
	MaxBodyBytes int64
	// MinUploadBPS is the slowest upload that is not cut off, in bytes per second; 1 KiB when zero.
	// BodyGrace is how long a body may stop; 30 s when zero.
	MinUploadBPS int64
	BodyGrace    time.Duration
	// StreamPause is the shortest time between two events of one stream; 250 ms when zero.
	// KeepAlive is the time between comment lines, when rights and rows are checked again; 8 s when
	// zero. So a changed rule takes effect within 10.
	StreamPause time.Duration
	KeepAlive   time.Duration
	// LogInsPerMinute limits tries per address and mail address, 10 when zero. Per address alone,
	// six times as many are allowed.
	LogInsPerMinute int
	// MailsPerHour limits the log-in links mailed to one address, 5 when zero.
	MailsPerHour int
	// GuestCommentsPerMinute and PerHour limit how many comments one guest may write under one
	// video; 3 and 20 when zero. All guests of one address may write perAddress times as many.
	GuestCommentsPerMinute int
	GuestCommentsPerHour   int
	// LinkPasswordsPerMinute limits the tries of one address at one link that asks for something, 5
	// when zero. Per hour, four times as many are allowed.
	LinkPasswordsPerMinute int
	// CheckWithin is how long one check of the site may take; 5 s when zero.
	CheckWithin time.Duration
	// MaxParallel limits the event streams at once of one address or account, and the uploads at
	// once of one account or recording; 32 when zero.
	MaxParallel int
}

func (c Config) withDefaults() Config {
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	orInt := func(n *int, usual int) {
		if *n == 0 {
			*n = usual
		}
	}
	orDuration := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	if c.MaxBodyBytes == 0 {
		c.MaxBodyBytes = 1 << 20
	}
	if c.MinUploadBPS == 0 {
		c.MinUploadBPS = 1 << 10
	}
	orDuration(&c.MediaLife, time.Minute)
	orDuration(&c.BodyGrace, 30*time.Second)
	orDuration(&c.StreamPause, 250*time.Millisecond)
	orDuration(&c.KeepAlive, 8*time.Second)
	orDuration(&c.CheckWithin, 5*time.Second)
	orInt(&c.LogInsPerMinute, 10)
	orInt(&c.MailsPerHour, 5)
	orInt(&c.GuestCommentsPerMinute, 3)
	orInt(&c.GuestCommentsPerHour, 20)
	orInt(&c.LinkPasswordsPerMinute, 5)
	orInt(&c.MaxParallel, 32)
	return c
}

// Deps are the parts that the server works with.
type Deps struct {
	*Services
	// UI is the built web: manifest.json and the files that it names. If it is empty or nil, pages
	// come without scripts and styles.
	UI  fs.FS
	Log *slog.Logger
	// Ready returns what /readyz needs: the name of each needed part, with nil or its error. May be
	// nil.
	Ready func(ctx context.Context) map[string]error
	// Checks are the checks of the page about the site, in this order. May be nil.
	Checks []Check
	// Counter counts tries for all servers together. May be nil; then each server counts its own.
	Counter Counter
	// Done is closed when the server begins to stop. Event streams then end, so that
	// http.Server.Shutdown need not wait for them. May be nil.
	Done <-chan struct{}
}

type server struct {
	Config
	Deps
	base    *url.URL // parsed BaseURL, nil if empty
	assets  assets
	pages   pages
	inlined map[string]*inlined // by the page's name
	api     huma.API
	origins *http.CrossOriginProtection
	logIns  *limiter // per address and mail address
	tries   *limiter // per address
	mails   *limiter // per mail address
	guests  [2]guestLimit
	proxy   proxyWatch
	// Per address and link: tries of its password, and counted opens.
	passwords [2]*limiter
	opens     *limiter
	parallel  *gate
	exports   *gate
	provider  *provider
	pictures  turn
	portraits *limiter // pictures of one person
	checkup   *checkup
}

// New makes the handler of everything. It panics if BaseURL is not an address, because
// configuration is checked before.
func New(c Config, d Deps) http.Handler {
	s := newServer(c, d)
	engine := s.engine()
	return s.visits(s.secure(s.tusFrame(s.sameOriginOnly(engine))))
}

func newServer(c Config, d Deps) *server {
	c = c.withDefaults()
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{
		Config:  c,
		Deps:    d,
		assets:  newAssets(d.UI),
		pages:   newPages(),
		origins: http.NewCrossOriginProtection(),
	}
	s.inlined = map[string]*inlined{}
	for name := range inlineEntries {
		s.inlined[name] = newInlined(s.assets, name)
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Host == "" {
			panic("server: BaseURL is not an address: " + c.BaseURL)
		}
		s.base = u
		if err := s.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			panic(err)
		}
	}
	s.logIns = newLimiter("log-in", c.LogInsPerMinute, time.Minute, d)
	s.tries = newLimiter("try", 6*c.LogInsPerMinute, time.Minute, d)
	s.provider = newProvider(c.Provider)
	s.mails = newLimiter("mail", c.MailsPerHour, time.Hour, d)
	s.guests = [2]guestLimit{
		newGuestLimit("guest-minute", c.GuestCommentsPerMinute, time.Minute, d),
		newGuestLimit("guest-hour", c.GuestCommentsPerHour, time.Hour, d),
	}
	s.passwords = [2]*limiter{
		newLimiter("link-minute", c.LinkPasswordsPerMinute, time.Minute, d),
		newLimiter("link-hour", 4*c.LinkPasswordsPerMinute, time.Hour, d),
	}
	s.opens = newLimiter("open", 20, time.Hour, d)
	s.parallel, s.exports = newGate(c.MaxParallel), newGate(1)
	s.pictures, s.portraits = make(turn, 1), newLimiter("picture", picturesPerMinute, time.Minute, d)
	s.checkup = newCheckup(d.Checks, c.CheckWithin)
	return s
}

// engine mounts the routes. gin only routes. Responses go out through the writer that visits made.
func (s *server) engine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash = false
	e.HandleMethodNotAllowed = true
	e.ContextWithFallback = true
	if err := e.SetTrustedProxies(nil); err != nil {
		panic(err) // nil never fails
	}
	e.NoRoute(func(c *gin.Context) { s.failUnrouted(c, errNoRoute) })
	e.NoMethod(func(c *gin.Context) { s.failUnrouted(c, errNoMethod) })
	m := newMount(s, e)
	for _, row := range s.routes() {
		m.add(row)
	}
	m.document()
	s.api = m.api
	return e
}

// failUnrouted is fail for requests that no route matches. gin adds a text of its own if it did not
// see the response begin, for example to HEAD.
func (s *server) failUnrouted(c *gin.Context, err error) {
	s.fail(c.Writer, c.Request, err)
	c.Writer.WriteHeaderNow()
}

// HTTPServer gives h the time limits of every listener. Bodies and responses have their own limits,
// which move while bytes flow. Connection errors are logged as warnings.
func HTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
