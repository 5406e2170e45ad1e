package main

import (
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

// ports are what the subjects need.
type ports struct {
	queue    storage.Queue // nil for a command that ends
	bus      storage.Bus   // also nil for one
	mailer   storage.Mailer
	secret   []byte
	diskUsed func() float64
	reserve  reserve
}

// introduce creates the subjects and connects them; every role has all of them.
func (p *parts) introduce(c *Config, ports ports) {
	core := access.New(access.Config{
		Store: p.store, Objects: p.objects, Bus: ports.bus, Hasher: newHasher(), Log: p.log, Secret: ports.secret,
	})
	p.source = source.New(p.store, p.objects)
	p.stages = stages.New(stages.Config{
		Store: p.store, Objects: p.objects, Queue: ports.queue, Bus: ports.bus, Source: p.source,
		Log: p.log, Limits: limits(c), Lease: c.Lease,
	})
	s := &server.Services{Core: core}
	s.Notify = notify.New(core, ports.mailer, c.BaseURL)
	s.Comments = comments.New(core)
	s.Links = links.New(core, s.Notify)
	s.People = people.New(core, s.Notify)
	s.SignIn = signin.New(core, s.Notify, s.People, c.SignUp == "open")
	s.Videos = videos.New(core, p.source, p.stages, ports.reserve.release)
	s.Uploads = uploads.New(core, p.source, p.stages, uploads.Config{Limits: limits(c), DiskUsed: ports.diskUsed})
	s.Watch = watch.New(core, s.Comments, p.source, p.stages)
	s.Archive = archive.New(core, p.source, s.Videos, s.Watch)
	p.services = s
}
