package server

import (
	"context"

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
)

// Services are the subjects that handlers hand requests to.
type Services struct {
	Core     *access.Core
	Uploads  *uploads.Service
	Watch    *watch.Service
	Comments *comments.Service
	Links    *links.Service
	Videos   *videos.Service
	People   *people.Service
	SignIn   *signin.Service
	Archive  *archive.Service
	Notify   *notify.Service
}

// Chore is something that time brings. Each is owned by its subject; it goes on where one was
// interrupted, and may be done by several processes at once.
type Chore struct {
	What   string
	Counts string // what its count is called in the log; empty where none is worth a line
	Do     func(context.Context) (int, error)
}

// Chores are done in this order, again and again.
func (s *Services) Chores() []Chore {
	return []Chore{
		{"put notices on videos", "notices", s.Videos.PutNotices},
		{"send notices", "", s.Notify.MailNotices},
		{"end notices", "trashed", s.Videos.EndNotices},
		{"empty the trash", "purged", s.Videos.EmptyTrash},
		{"delete accounts", "accounts", s.Archive.DeleteAccounts},
		{"delete objects", "objects", s.Videos.DeleteObjects},
	}
}
