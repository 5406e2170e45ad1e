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

// Services are the subjects (packages of use cases) that handlers call.
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

// Chore is regular work that depends on time. Its subject owns it. After an interruption it
// continues where it stopped. Several processes may do it at once.
type Chore struct {
	What   string
	Counts string // its count's name in the log; empty if not worth a line
	Do     func(context.Context) (int, error)
}

// Chores are done in this order, in rounds.
func (s *Services) Chores() []Chore {
	return []Chore{
		{"put notices on videos", "notices", s.Videos.PutNotices},
		{"send notices", "", s.Notify.MailNotices},
		{"end notices", "trashed", s.Videos.EndNotices},
		{"end expired uploads", "expired", s.Uploads.EndExpired},
		{"drop surplus takes", "takes", s.Videos.DropSurplusTakes},
		{"empty the trash", "purged", s.Videos.EmptyTrash},
		{"forget guests", "guests", s.Comments.ForgetGuests},
		{"delete accounts", "accounts", s.Archive.DeleteAccounts},
		{"delete objects", "objects", s.Videos.DeleteObjects},
	}
}
