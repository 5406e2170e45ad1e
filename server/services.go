package server

import (
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
