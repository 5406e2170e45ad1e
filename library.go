package meanwhile

import (
	"log/slog"
	"time"

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

// Config is what a Library works with. Now, NewID, Log, Limits and LayoutSettles have defaults;
// DiskUsed may be nil.
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
	LayoutSettles time.Duration
	Lease         time.Duration
	Now           func() time.Time
	NewID         func() string
}

// Library holds the subjects that have a package already, and the use cases of those that have not.
type Library struct {
	Config
	Core     *access.Core
	Source   *source.Opener
	Stages   *stages.Outbox
	Notify   *notify.Service
	Comments *comments.Service
	Links    *links.Service
	People   *people.Service
	SignIn   *signin.Service
	Videos   *videos.Service
	Uploads  *uploads.Service
	Watch    *watch.Service
	Archive  *archive.Service
}

// New makes a Library and fills what has a default.
func New(c Config) *Library {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = storage.NewRandomID
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.LayoutSettles == 0 {
		c.LayoutSettles = 10 * time.Second
	}
	if c.Lease == 0 {
		c.Lease = storage.LeaseFor
	}
	if c.Limits == (storage.Limits{}) {
		c.Limits = storage.DefaultLimits()
	}
	core := access.New(access.Config{
		Store: c.Store, Objects: c.Objects, Bus: c.Bus, Hasher: c.Hasher,
		Log: c.Log, Secret: c.Secret, Now: c.Now, NewID: c.NewID,
	})
	src := source.New(c.Store, c.Objects)
	box := stages.New(stages.Config{
		Store: c.Store, Objects: c.Objects, Queue: c.Queue, Bus: c.Bus, Source: src,
		Log: c.Log, Limits: c.Limits, Lease: c.Lease, Now: c.Now, NewID: c.NewID,
	})
	l := &Library{Config: c, Core: core, Source: src, Stages: box}
	l.Notify = notify.New(core, c.Mailer, c.Site)
	l.Comments = comments.New(core)
	l.Links = links.New(core, l.Notify)
	l.People = people.New(core, l.Notify)
	l.SignIn = signin.New(core, l.Notify, l.People, c.OpenSignUp)
	l.Videos = videos.New(core, src, box)
	l.Uploads = uploads.New(core, src, box, uploads.Config{
		Limits: c.Limits, DiskUsed: c.DiskUsed, LayoutSettles: c.LayoutSettles,
	})
	l.Watch = watch.New(core, l.Comments, src, box)
	l.Archive = archive.New(core, src, l.Videos, l.Watch)
	return l
}
