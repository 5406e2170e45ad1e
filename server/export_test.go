package server

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// For the tests outside of the package.
var (
	CommentHTML  = commentHTML
	StartSeconds = startSeconds
	Attachment   = attachment
	SafeNext     = safeNext
	Loopback     = loopback
	Accepts      = accepts
	NewUploadOf  = newUpload
)

// ContentDigest reads what a client promises of a chunk.
func ContentDigest(h http.Header) ([32]byte, error) { return contentDigest(h) }

// ChecksumOf says what is wrong with a checksum of tus.
func ChecksumOf(h http.Header) error {
	_, err := checksumOf(h)
	return err
}

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
