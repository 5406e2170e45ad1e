package server

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the parsed templates by name. Each is parsed on top of the layout.
type pages map[string]*template.Template

func newPages() pages {
	shared := []string{"pages/layout.html", "pages/player.html"}
	layout := template.Must(template.New("layout.html").ParseFS(pageFiles, shared...))
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic(err) // the pattern is constant
	}
	all := pages{}
	for _, name := range names {
		if slices.Contains(shared, name) {
			continue
		}
		base := strings.TrimSuffix(path.Base(name), ".html")
		all[base] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, name))
	}
	return all
}

// entries are the built files that pages need besides base.css. A page that is neither here nor in
// inlineEntries needs the form's script.
var entries = map[string][]string{
	"library":  {"src/library/library.css", "src/library/main.ts"},
	"record":   {"src/record/record.css", "src/record/main.ts"},
	"settings": {"src/settings/settings.css", "src/settings/main.ts"},
	"login":    {"src/ui/form.ts", "src/signin/login.ts"},
	"setup":    {"src/setup/setup.css", "src/setup/main.ts"},
	"checks":   {"src/setup/setup.css", "src/setup/main.ts"},
}

// common is the start of every page's data.
type common struct {
	Nonce      string
	Title      string
	Site       string
	User       *pageUser // nil for a guest
	SignUpOpen bool
	CSS        []string
	Scripts    []string
	Lang       string
	Inline     *inlined // only on a page that shows a video
	Later      string   // styles that can wait, space-separated
	Ancestors  string   // sites that may frame the page (CSP frame-ancestors); none when empty
}

// siteName is the name of this site.
const siteName = "Meanwhile"

type pageUser struct{ Name, Email, Workspace, Initial string }

// frame returns common, so that render can fill it in for every page.
func (c *common) frame() *common { return c }

type pageData interface{ frame() *common }

// render sends a page. No cache may keep it, because pages carry grants and names.
func (s *server) render(w http.ResponseWriter, r *http.Request, status int, name string, data pageData) error {
	t, ok := s.pages[name]
	if !ok {
		return fmt.Errorf("render page: there is no %s.html", name)
	}
	s.fillFrame(r, name, data.frame())
	b := borrowBuffer()
	defer returnBuffer(b)
	if err := t.ExecuteTemplate(b, "layout", data); err != nil {
		return fmt.Errorf("render page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy(data.frame().Nonce, data.frame().Ancestors, s.MediaOrigin))
	h.Set("Cache-Control", "private, no-store")
	h.Add("Vary", "Accept-Encoding, Cookie")
	return sendHTML(w, r, status, b.Bytes(), data.frame().Inline)
}

func (s *server) fillFrame(r *http.Request, name string, c *common) {
	c.Nonce, c.Site, c.Lang, c.SignUpOpen = newNonce(), siteName, "en", s.SignIn.SignUpOpen()
	if a := visitOf(r.Context()).actor; a.SignedIn() {
		c.User = &pageUser{Name: a.Name, Email: a.Email, Workspace: a.WorkspaceName, Initial: initial(a.Name)}
	}
	var extra []string
	if c.User != nil {
		// on any page, a recording left in this browser uploads the rest
		extra = append(extra, "src/record/recover.ts")
	}
	if in := s.inlined[name]; in != nil {
		css, scripts := s.assets.links(extra...)
		own := *in
		own.Run = strings.Join(append(scripts, own.Run), " ")
		c.Inline, c.Later = &own, strings.Join(css, " ")
		return
	}
	own, ok := entries[name]
	if !ok {
		own = []string{"src/ui/form.ts"}
	}
	c.CSS, c.Scripts = s.assets.links(slices.Concat([]string{"src/ui/base.css", "src/ui/fonts.css"}, own, extra)...)
}

// tooSmallToPack is the size below which gzip's frame costs more than it saves.
const tooSmallToPack = 512

// buffers are reused.
var buffers sync.Pool

// largestKept limits the size of the buffers that wait for the next page.
const largestKept = 1 << 20

func borrowBuffer() *bytes.Buffer {
	if b, ok := buffers.Get().(*bytes.Buffer); ok {
		return b
	}
	return new(bytes.Buffer)
}

func returnBuffer(b *bytes.Buffer) {
	if b.Cap() > largestKept {
		return
	}
	b.Reset()
	buffers.Put(b)
}

func sendHTML(w http.ResponseWriter, r *http.Request, status int, body []byte, in *inlined) error {
	if len(body) >= tooSmallToPack && accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		b := borrowBuffer()
		defer returnBuffer(b)
		packAround(b, body, in)
		w.Header().Set("Content-Encoding", "gzip")
		body = b.Bytes()
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // if the client has gone, no harm
	}
	return nil
}

type errorPage struct {
	common
	Status    int
	Message   string
	RequestID string
}

// failPage shows an error to a person. What does not exist and what the person may not see get the
// same page, whatever the reason.
func (s *server) failPage(w http.ResponseWriter, r *http.Request, p *wireProblem) {
	framed := strings.HasPrefix(r.URL.Path, "/embed/")
	if framed && p.Status == http.StatusNotFound {
		if err := s.renderFramed(w, r, p.Status, &embedPage{common: common{Title: "Nothing here"}}); err == nil {
			return
		}
	}
	name, data := "error", &errorPage{
		Status:    p.Status,
		Message:   p.Detail,
		RequestID: p.RequestID,
		common:    common{Title: p.Title},
	}
	if p.Status == http.StatusNotFound {
		name, data.Title = "gone", "Nothing here"
	}
	if framed {
		data.Ancestors = everywhere
	}
	err := s.render(w, r, p.Status, name, data)
	if err == nil {
		return
	}
	s.Log.Error("error page not rendered", "request_id", p.RequestID, "error", err)
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(p.Status)
	_, _ = fmt.Fprintf(w, "%s\n%s\n", p.Detail, p.RequestID)
}
