package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// OpenAPI returns the document of the HTTP API. It is made from the routes alone, so no server has
// to run.
func OpenAPI(version string) ([]byte, error) {
	s := newServer(Config{Version: version}, Deps{})
	s.engine()
	b, err := json.MarshalIndent(s.api.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write OpenAPI document: %w", err)
	}
	return append(b, '\n'), nil
}

func (s *server) getOpenAPI(w http.ResponseWriter, r *http.Request) error {
	b, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return fmt.Errorf("write OpenAPI document: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(b) // if the client has gone, no harm
	return nil
}

// schemaNames maps our type names to the names that programs know from the document.
var schemaNames = map[string]string{
	"AccessLink":            "WayIn",
	"AccessLinkInputBody":   "WayInInputBody",
	"AccessLinkRequestBody": "ShareMailInputBody",
	"Challenge":             "Ceremony",
	"LinkPasswordInputBody": "SharePasswordInputBody",
	"SharedVideo":           "Share",
	"UnlockOutputBody":      "PassOutputBody",
}

const schemaPrefix = "#/components/schemas/"

func newMount(s *server, e *gin.Engine) *mount {
	namer := func(t reflect.Type, hint string) string {
		name := strings.TrimPrefix(huma.DefaultSchemaNamer(t, hint), "Wire")
		if old, ok := schemaNames[name]; ok {
			return old
		}
		return name
	}
	config := huma.DefaultConfig("Meanwhile", s.Version)
	config.Info.Description = "Asynchronous video updates: upload, watch, comment at a moment. Times are RFC 3339 in " +
		"UTC, durations in _ms, sizes in _bytes."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no $schema fields in responses
	config.Transformers = []huma.Transformer{s.problems}
	config.Servers = []*huma.Server{{URL: "/"}}
	config.Components.Schemas = huma.NewMapRegistry(schemaPrefix, namer)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {
			Type:        "apiKey",
			In:          "cookie",
			Name:        cookieSecure,
			Description: "Set by POST /api/v1/session. On plain http beyond loopback its name is meanwhile.",
		},
		"key": {
			Type:   "http",
			Scheme: "bearer",
			Description: "An API key (mw_…) of the right scope, made by POST /api/v1/me/keys or by: meanwhile token " +
				"add",
		},
		"upload": {
			Type:        "http",
			Scheme:      "bearer",
			Description: "The token of one upload (up_…), from the response that created it",
		},
	}
	return &mount{s: s, engine: e, api: humagin.New(e, config)}
}

// bodyWithin limits the time to read a JSON body.
const bodyWithin = 10 * time.Second

// operation describes a route by its row in the table.
func (m *mount) operation(row route) huma.Operation {
	op := huma.Operation{
		OperationID: row.name, Method: row.method, Path: row.path, Summary: row.about, BodyReadTimeout: bodyWithin,
		Responses: map[string]*huma.Response{"default": {Description: "An error", Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: m.schema(reflect.TypeFor[wireProblem]())},
		}}},
	}
	for _, name := range schemes[row.access] {
		need := map[string][]string{}
		if name != "" {
			need[name] = []string{}
		}
		op.Security = append(op.Security, need)
	}
	return op
}

// schemes are the credentials that a route reads. The empty one means none.
var schemes = map[credentials][]string{
	guest:   {"", "session", "key"},
	account: {"session", "key"},
	upload:  {"upload", "session", "key"},
}

func (m *mount) schema(t reflect.Type) *huma.Schema {
	return m.api.OpenAPI().Components.Schemas.Schema(t, true, "")
}

// describe adds a raw route to the document. Its input and output are in rawRoutes.
func (m *mount) describe(row route) {
	if row.name == "" {
		return
	}
	op := m.operation(row)
	d := rawRoutes[row.name]
	for _, segment := range strings.Split(row.path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			op.Parameters = append(
				op.Parameters,
				&huma.Param{Name: strings.TrimSuffix(name, "}"), In: "path", Required: true, Schema: text},
			)
		}
	}
	for _, q := range d.query {
		op.Parameters = append(
			op.Parameters,
			&huma.Param{Name: q.name, In: "query", Description: q.about, Required: q.needed, Schema: text},
		)
	}
	for _, h := range d.takes {
		op.Parameters = append(
			op.Parameters,
			&huma.Param{Name: h.name, In: "header", Description: h.about, Required: h.needed, Schema: text},
		)
	}
	if d.body != "" {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{d.body: {Schema: binary}}}
	}
	for status, a := range d.gives {
		answer := &huma.Response{Description: a.about, Headers: map[string]*huma.Param{}}
		for _, h := range a.headers {
			answer.Headers[h.name] = &huma.Param{Description: h.about, Schema: text}
		}
		if a.json != nil || a.media != nil {
			answer.Content = map[string]*huma.MediaType{}
		}
		if a.json != nil {
			answer.Content["application/json"] = &huma.MediaType{Schema: m.schema(a.json)}
		}
		for _, media := range a.media {
			answer.Content[media] = &huma.MediaType{Schema: binary}
		}
		op.Responses[fmt.Sprint(status)] = answer
	}
	m.api.OpenAPI().AddOperation(&op)
}

// document removes what huma adds for its own errors. They never leave the server.
func (m *mount) document() {
	schemas := m.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
}

var (
	text   = &huma.Schema{Type: huma.TypeString}
	binary = &huma.Schema{Type: huma.TypeString, Format: "binary"}
)
