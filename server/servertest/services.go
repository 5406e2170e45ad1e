// Package servertest is the fixture of all tests of use cases and of HTTP. Only tests import it.
package servertest

import (
	"log/slog"
	"time"

	"meanwhile/server"
	"meanwhile/server/access"
	"meanwhile/server/archive"
	"meanwhile/server/comments"
	"meanwhile/server/links"
	"meanwhile/server/notify"
	"meanwhile/server/people"
	"meanwhile/server/signin"
	"meanwhile/server/uploads"
	"meanwhile/server/videos"
	"meanwhile/server/watch"
	"meanwhile/storage"
	"meanwhile/worker/source"
	"meanwhile/worker/stages"
)

// Config is what Services need. A missing field has the default of the program.
type Config struct {
	Store         storage.Store
	Objects       storage.Objects
	Queue         storage.Queue
	Bus           storage.Bus
	Hasher        storage.Hasher
	Mailer        storage.Mailer
	Site          string
	Log           *slog.Logger
	Secret        []byte
	Limits        storage.Limits
	OpenSignUp    bool
	DiskUsed      func() float64
	Release       func() bool
	LayoutSettles time.Duration
	Lease         time.Duration
	Now           func() time.Time
	NewID         func() string
}

// Services are the subjects and the parts behind them, wired like in the program.
type Services struct {
	server.Services
	Source *source.Opener
	Stages *stages.Outbox
}

// Wire makes every subject, like the program.
func Wire(c Config) *Services {
	core := access.New(access.Config{
		Store: c.Store, Objects: c.Objects, Bus: c.Bus, Hasher: c.Hasher,
		Log: c.Log, Secret: c.Secret, Now: c.Now, NewID: c.NewID,
	})
	src := source.New(c.Store, c.Objects)
	box := stages.New(stages.Config{
		Store: c.Store, Objects: c.Objects, Queue: c.Queue, Bus: c.Bus, Source: src,
		Log: c.Log, Limits: c.Limits, Lease: c.Lease, Now: c.Now, NewID: c.NewID,
	})
	s := &Services{Source: src, Stages: box}
	s.Core = core
	s.Notify = notify.New(core, c.Mailer, c.Site)
	s.Comments = comments.New(core)
	s.Links = links.New(core, s.Notify)
	s.People = people.New(core, s.Notify)
	s.SignIn = signin.New(core, s.Notify, s.People, c.OpenSignUp)
	if c.Release == nil {
		c.Release = func() bool { return false }
	}
	s.Videos = videos.New(core, src, box, c.Release)
	s.Uploads = uploads.New(core, src, box, uploads.Config{
		Limits: c.Limits, DiskUsed: c.DiskUsed, LayoutSettles: c.LayoutSettles,
	})
	s.Watch = watch.New(core, s.Comments, src, box)
	s.Archive = archive.New(core, src, s.Videos, s.Watch)
	return s
}
