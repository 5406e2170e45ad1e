package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"meanwhile/server/access"
	"meanwhile/server/uploads"
	"meanwhile/storage"
)

// wireProblem is every error of the API, as sent (RFC 9457).
type wireProblem struct {
	Type      string `json:"type" format:"uri" doc:"urn:meanwhile: and the kind of error; about:blank if the status says everything"`
	Title     string `json:"title" doc:"The status in words"`
	Status    int    `json:"status" doc:"The HTTP status"`
	Detail    string `json:"detail" doc:"A sentence for people"`
	RequestID string `json:"request_id" doc:"The operator finds the request in the log by it"`

	Missing map[string][]int `json:"missing,omitempty" doc:"Chunks of a recording that have not arrived yet, by track"`
}

// Error is the sentence for people.
func (p *wireProblem) Error() string { return p.Detail }

// GetStatus gives huma the status.
func (p *wireProblem) GetStatus() int { return p.Status }

// ContentType gives huma the media type.
func (p *wireProblem) ContentType(string) string { return "application/problem+json" }

// statusError is an error of HTTP itself, for which the domain has no kind.
type statusError struct {
	status  int
	message string
	cause   error
}

func (e *statusError) Error() string {
	if e.cause == nil {
		return e.message
	}
	return e.message + ": " + e.cause.Error()
}

func (e *statusError) Unwrap() error { return e.cause }

var (
	errNoRoute  = storage.E(storage.NotFound, "There is nothing at this address.", nil)
	errNoMethod = &statusError{
		status:  http.StatusMethodNotAllowed,
		message: "This address does not accept this method. The Allow header names those that it accepts.",
	}
	errCrossSite = storage.E(
		storage.Forbidden,
		"This request came from another site, so nothing was done. Open this site itself and try again.",
		nil,
	)
	errTooMany = storage.E(storage.Limited, "Too many tries from here. Wait a minute, then try again.", nil)
)

// problem is the one place where an error becomes a response. It decides status, sentence and log
// entry, and sets the headers that belong to the status.
func (s *server) problem(v *visit, err error) *wireProblem {
	v.err = err
	p := &wireProblem{Type: "about:blank", RequestID: v.id}
	var byStatus *statusError
	var byHuma *huma.ErrorModel
	switch {
	case errors.As(err, &byStatus):
		p.Status, p.Detail = byStatus.status, byStatus.message
	case errors.As(err, &byHuma):
		p.Status, p.Detail = byHuma.Status, sentenceOf(byHuma)
	default:
		kind := storage.KindOf(err)
		p.Status, p.Detail, p.Type = kind.Status(), storage.MessageOf(err), "urn:meanwhile:"+kind.String()
		if kind == storage.Internal || kind == storage.Fenced || p.Detail == "" {
			p.Detail = "Internal error. Try again; if it stays, tell whoever runs this site the number of this request."
		}
	}
	switch {
	case errors.Is(err, access.ErrPasswordNeeded):
		p.Type = "urn:meanwhile:password-needed"
	case errors.Is(err, access.ErrAddressNeeded):
		p.Type = "urn:meanwhile:address-needed"
	}
	var missing *uploads.MissingError
	if errors.As(err, &missing) {
		p.Missing = missing.Missing
	}
	if p.Title = http.StatusText(p.Status); p.Title == "" {
		p.Title = "Checksum Mismatch" // 460, the one status of tus that HTTP does not know
	}
	switch p.Status {
	case http.StatusUnauthorized:
		v.header.Set("WWW-Authenticate", `Bearer realm="meanwhile"`)
	case http.StatusTooManyRequests:
		v.header.Set("Retry-After", "60")
	case http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		v.header.Set("Retry-After", "10")
	}
	return p
}

// sentenceOf says what huma found wrong in a request.
func sentenceOf(m *huma.ErrorModel) string {
	switch {
	case m.Status == http.StatusRequestEntityTooLarge:
		return "The body of this request is too large."
	case m.Status == http.StatusUnsupportedMediaType:
		return "The body has to be JSON (Content-Type: application/json)."
	case m.Status >= 500:
		return "The request could not be read to its end. Send it again."
	case len(m.Errors) == 0:
		return "This request is not valid: " + m.Detail + "."
	}
	var parts []string
	for _, e := range m.Errors {
		if e.Location == "" {
			parts = append(parts, e.Message)
			continue
		}
		parts = append(parts, e.Location+": "+e.Message)
	}
	return "This request is not valid: " + strings.Join(parts, "; ") + "."
}

// problems is the huma transformer that gives huma's own errors our form. So we change no global of
// huma.
func (s *server) problems(ctx huma.Context, _ string, body any) (any, error) {
	if m, ok := body.(*huma.ErrorModel); ok {
		return s.problem(visitOf(ctx.Context()), m), nil
	}
	return body, nil
}

// fail responds with an error: a problem for programs, a page for people.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	v := visitOf(r.Context())
	if rec, ok := w.(*recorder); ok && rec.status != 0 {
		v.err = err // too late for an error page: log it, and the client sees it end
		return
	}
	v.header = w.Header()
	for _, name := range []string{
		"Content-Disposition", "Content-Encoding", "Content-Length", "Content-Range", "Etag", "Last-Modified",
	} {
		w.Header().Del(name) // belonged to the failed response
	}
	p := s.problem(v, err)
	if forPeople(r.URL.Path) {
		s.failPage(w, r, p)
		return
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // plain fields
	}
	h := w.Header()
	h.Set("Content-Type", p.ContentType(""))
	if h.Get("Cache-Control") != "no-store" {
		h.Set("Cache-Control", "private, no-store")
	}
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n')) // who has gone reads no error
	}
}

// forPeople reports whether people look at this address, not programs.
func forPeople(path string) bool {
	for _, prefix := range []string{"/api/", "/m/", "/assets/", "/oembed", "/healthz", "/readyz"} {
		if strings.HasPrefix(path, prefix) {
			return false
		}
	}
	return true
}
