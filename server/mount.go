package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// mount adds rows of the table to the engine and to the OpenAPI document.
type mount struct {
	s      *server
	engine *gin.Engine
	api    huma.API
}

// endpoint is the last column of the table. It knows how to mount its handler.
type endpoint func(m *mount, row route)

// handler is a plain handler that returns errors to errors.go.
type handler func(w http.ResponseWriter, r *http.Request) error

func (m *mount) add(row route) { row.handle(m, row) }

// answerWithin limits the time to send a response that does not stream.
const answerWithin = time.Minute

// api mounts a typed handler with huma, which reads and checks its input and documents input and
// output.
func api[I, O any](fn func(context.Context, *I) (*O, error), status int) endpoint {
	return func(m *mount, row route) {
		op := m.operation(row)
		op.DefaultStatus = status
		op.MaxBodyBytes = m.s.MaxBodyBytes
		op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			c := humagin.Unwrap(ctx)
			w := unwrap(c.Writer)
			for _, p := range c.Params {
				c.Request.SetPathValue(p.Key, p.Value)
			}
			deadline(w, answerWithin)
			w.Header().Set("Cache-Control", "private, no-store")
			if err := m.s.enter(c.Request, row); err != nil {
				m.s.fail(w, c.Request, err)
				return
			}
			next(ctx)
		}}
		huma.Register(m.api, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := fn(ctx, in)
			if err != nil {
				return nil, m.s.problem(visitOf(ctx), err)
			}
			return out, nil
		})
		if row.method == http.MethodGet {
			m.engine.HEAD(ginPath(row.path), func(c *gin.Context) {
				r := *c.Request // net/http keeps its own copy and sends no body
				r.Method = http.MethodGet
				c.Request = &r
				m.engine.HandleContext(c)
			})
		}
	}
}

// raw mounts a plain handler whose responses have no time limit. GET also mounts HEAD.
func raw(fn handler) endpoint {
	return func(m *mount, row route) {
		m.plain(row, fn, 0)
		if row.method == http.MethodGet {
			head := row
			head.method = http.MethodHead
			m.plain(head, fn, 0)
		}
		m.describe(row)
	}
}

// stream is raw without HEAD, which would never end.
func stream(fn handler) endpoint {
	return func(m *mount, row route) {
		m.plain(row, fn, 0)
		m.describe(row)
	}
}

// page mounts a handler of a page for people.
func page(fn handler) endpoint {
	return func(m *mount, row route) {
		m.plain(row, fn, answerWithin)
		if row.method == http.MethodGet {
			head := row
			head.method = http.MethodHead
			m.plain(head, fn, answerWithin)
		}
	}
}

func (m *mount) plain(row route, fn handler, within time.Duration) {
	m.engine.Handle(row.method, ginPath(row.path), func(c *gin.Context) {
		w, r := unwrap(c.Writer), c.Request
		for _, p := range c.Params {
			r.SetPathValue(p.Key, strings.TrimPrefix(p.Value, "/"))
		}
		deadline(w, within)
		err := m.s.enter(r, row)
		if err == nil {
			err = fn(w, r)
		}
		if err != nil {
			m.s.fail(w, r, err)
		}
	})
}

// enter sets the route for the log and authenticates the request.
func (s *server) enter(r *http.Request, row route) error {
	v := visitOf(r.Context())
	v.route = row.path
	v.quiet = row.access == nobody && row.method == http.MethodGet
	return s.authenticate(r, v, row.access)
}

// deadline limits the time to write the response. Zero removes a limit that an earlier request of
// the same connection set.
func deadline(w http.ResponseWriter, within time.Duration) {
	var at time.Time
	if within > 0 {
		at = time.Now().Add(within)
	}
	if err := http.NewResponseController(w).SetWriteDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		panic(http.ErrAbortHandler) // the connection is gone
	}
}

// unwrap returns the writer below gin's, which hides ReadFrom and so the kernel's sendfile.
func unwrap(w gin.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return w
}

// ginPath turns {id} into :id and {path...} into *path.
func ginPath(path string) string {
	segments := strings.Split(path, "/")
	for i, seg := range segments {
		name, ok := strings.CutPrefix(seg, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if rest, ok := strings.CutSuffix(name, "..."); ok {
			segments[i] = "*" + rest
			continue
		}
		segments[i] = ":" + name
	}
	return strings.Join(segments, "/")
}
