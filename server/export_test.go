package server

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// For the tests outside of the package.
var (
	CommentHTML  = commentHTML
	StartSeconds = startSeconds
	Attachment   = attachment
	SafeNext     = safeNext
	Loopback     = loopback
	SmallPicture = smallPicture
)

// Route is a row of the table as the tests see it.
type Route struct {
	Method, Path, Name string
	Access             int
}

// Routes is the table.
func Routes() []Route {
	var out []Route
	for _, r := range newServer(Config{}, Deps{}).routes() {
		out = append(out, Route{Method: r.method, Path: r.path, Name: r.name, Access: int(r.access)})
	}
	return out
}

// Document is what OpenAPI writes, as huma holds it.
func Document() *huma.OpenAPI {
	s := newServer(Config{Version: "test"}, Deps{})
	s.engine()
	return s.api.OpenAPI()
}

// NewRecorder wraps w as every request's writer is.
func NewRecorder(w http.ResponseWriter) http.ResponseWriter { return &recorder{ResponseWriter: w} }

// NewCheckup is what the page about the site asks: the findings by the names of their checks, nil
// where ctx ended.
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
