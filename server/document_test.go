package server_test

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"meanwhile/server"
)

var document = sync.OnceValue(server.Document)

// checkAnswer compares a JSON response with the OpenAPI document: its route, status, media type and
// every field.
func checkAnswer(t testing.TB, method, path string, r reply) {
	t.Helper()
	kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	if kind != "application/json" && kind != "application/problem+json" || len(r.body) == 0 {
		return
	}
	op := operationFor(method, path)
	if op == nil {
		if kind != "application/problem+json" {
			t.Errorf("%s %s answers JSON and is not in the document", method, path)
			return
		}
		// unknown addresses get the same problem
		op = document().Paths["/api/v1/session"].Get
	}
	answer := op.Responses[strconv.Itoa(r.status)]
	if answer == nil || answer.Content[kind] == nil {
		answer = op.Responses["default"]
	}
	if answer.Content[kind] == nil {
		t.Errorf("%s %s: %d %s is not in the document", method, path, r.status, kind)
		return
	}
	var value any
	if err := json.Unmarshal(r.body, &value); err != nil {
		t.Errorf("%s %s: %v in %q", method, path, err, r.body)
		return
	}
	var res huma.ValidateResult
	huma.Validate(
		document().Components.Schemas,
		answer.Content[kind].Schema,
		huma.NewPathBuffer(nil, 0),
		huma.ModeReadFromServer,
		value,
		&res,
	)
	for _, e := range res.Errors {
		var d *huma.ErrorDetail
		if errors.As(e, &d) {
			t.Errorf("%s %s: %d: %s %s in %s", method, path, r.status, d.Location, d.Message, r.body)
		}
	}
}

func operationFor(method, path string) *huma.Operation {
	for pattern, item := range document().Paths {
		if !matches(pattern, path) || strings.HasSuffix(path, "/begin") && pattern != path {
			continue // has a word instead of an id
		}
		switch method {
		case http.MethodGet:
			return item.Get
		case http.MethodPost:
			return item.Post
		case http.MethodPatch:
			return item.Patch
		case http.MethodDelete:
			return item.Delete
		case http.MethodHead:
			return item.Head
		case http.MethodOptions:
			return item.Options
		case http.MethodPut:
			return item.Put
		}
	}
	return nil
}

func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && (got[i] == "" || !strings.HasPrefix(want[i], "{")) {
			return false
		}
	}
	return true
}

func TestEveryRouteIsInTheDocumentOrIsAPage(t *testing.T) {
	t.Parallel()
	pages := map[string]bool{
		"/":                     true,
		"/record":               true,
		"/login":                true,
		"/login/mail":           true,
		"/oidc/start":           true,
		"/oidc/callback":        true,
		"/logout":               true,
		"/leaving":              true,
		"/setup/{token}":        true,
		"/checks":               true,
		"/enter/{secret}":       true,
		"/invite/{secret}":      true,
		"/signup":               true,
		"/signup/{secret}":      true,
		"/v/{token}":            true,
		"/embed/{token}":        true,
		"/v/{token}/poster.jpg": true,
		"/v/{token}/video.mp4":  true,
		"/v/{token}/download":   true,
		"/pass/{secret}":        true,
		"/settings":             true,
		"/settings/{tab}":       true,
		"/assets/{path...}":     true,
	}
	for _, r := range server.Routes() {
		documented := operationFor(r.Method, r.Path) != nil
		if documented == pages[r.Path] {
			t.Errorf("%s %s: in the document %v, a page %v", r.Method, r.Path, documented, pages[r.Path])
		}
	}
}

func TestTheDocumentIsWholeAndSteady(t *testing.T) {
	t.Parallel()
	first, err := server.OpenAPI("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	second, err := server.OpenAPI("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Error("the document differs from one writing to the next")
	}
	for _, leaked := range []string{"ErrorModel", "$schema", "Wire"} {
		if strings.Contains(string(first), leaked) {
			t.Errorf("the document holds %q", leaked)
		}
	}
	w := newFixture(t)
	r := w.want(w.do("GET", "/api/v1/openapi.json", nil), 200)
	if got := r.field(t, "openapi"); got != "3.1.0" {
		t.Errorf("openapi is %v, want 3.1.0", got)
	}
}
