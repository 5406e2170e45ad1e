package server

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Exported for tests outside the package.
var (
	CommentHTML  = commentHTML
	StartSeconds = startSeconds
	Attachment   = attachment
	SafeNext     = safeNext
	Loopback     = loopback
	SmallPicture = smallPicture
)

// Route is a row of the table of routes, as the tests see it.
type Route struct {
	Method, Path, Name string
	Access             int
}

// Routes is the table of routes.
func Routes() []Route {
	var out []Route
	for _, r := range newServer(Config{}, Deps{}).routes() {
		out = append(out, Route{Method: r.method, Path: r.path, Name: r.name, Access: int(r.access)})
	}
	return out
}

// Document is the OpenAPI document, as huma holds it.
func Document() *huma.OpenAPI {
	s := newServer(Config{Version: "test"}, Deps{})
	s.engine()
	return s.api.OpenAPI()
}

// NewRecorder wraps w like the writer of every request.
func NewRecorder(w http.ResponseWriter) http.ResponseWriter { return &recorder{ResponseWriter: w} }

// NewCheckup returns what the page about the site gets: the findings by the names of their checks,
// nil if ctx ended.
func NewCheckup(checks []Check, within time.Duration) func(context.Context) map[string]Finding {
	c := newCheckup(checks, within)
	return func(ctx context.Context) map[string]Finding {
		all, err := c.look(ctx)
		if err != nil {
			return nil
		}
		by := map[string]Finding{}
		for _, f := range all {
			by[f.Name] = f.Finding
		}
		return by
	}
}
