package server

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// assets are the built files of the web, and the files that each page needs.
type assets struct {
	files    fs.FS // nil where there are none
	manifest map[string]manifestEntry
}

// manifestEntry is one entry of the manifest that Vite writes.
type manifestEntry struct {
	File    string   `json:"file"`
	CSS     []string `json:"css"`
	Imports []string `json:"imports"`
}

const assetPath = "/assets/"

// newAssets reads the manifest. Without one, pages come without scripts and styles. The Go tests
// run like that, so they need no Node.
func newAssets(files fs.FS) assets {
	a := assets{files: files}
	if files == nil {
		return a
	}
	b, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return a
	}
	if err := json.Unmarshal(b, &a.manifest); err != nil {
		panic("server: the manifest of the web is broken: " + err.Error())
	}
	return a
}

// links are the addresses of the entries' scripts and styles. It leaves out what was not built.
func (a assets) links(entries ...string) (css, scripts []string) {
	seen := map[string]bool{}
	for _, name := range entries {
		e, ok := a.manifest[name]
		if !ok {
			continue
		}
		css = append(css, a.styles(name, seen)...)
		if strings.HasSuffix(e.File, ".css") {
			css = append(css, assetPath+e.File)
			continue
		}
		scripts = append(scripts, assetPath+e.File)
	}
	return css, scripts
}

// styles are the styles of an entry and of its imports, each once.
func (a assets) styles(name string, seen map[string]bool) (css []string) {
	if seen[name] {
		return nil
	}
	seen[name] = true
	for _, i := range a.manifest[name].Imports {
		css = append(css, a.styles(i, seen)...)
	}
	for _, file := range a.manifest[name].CSS {
		if !seen[file] {
			seen[file] = true
			css = append(css, assetPath+file)
		}
	}
	return css
}

// assetName matches the names of built files. None begins with a dot.
var assetName = regexp.MustCompile(`^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}$`)

// asset sends a built file. Names carry a hash of their content, so a browser keeps the files for
// good.
func (s *server) asset(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("path")
	if s.assets.files == nil || !assetName.MatchString(name) || !fs.ValidPath(name) {
		return errNoRoute
	}
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	f, encoding, err := s.openEncoded(name, r.Header.Get("Accept-Encoding"))
	if errors.Is(err, fs.ErrNotExist) {
		return errNoRoute
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	if h.Set("Content-Type", mime.TypeByExtension(path.Ext(name))); h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/octet-stream")
	}
	if path.Ext(name) == ".js" {
		h.Set("Content-Security-Policy", scriptPolicy)
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	return serveContent(w, r, f)
}

type seekFile interface {
	fs.File
	io.ReadSeeker
}

// openEncoded opens the smallest form of the file that the client accepts.
func (s *server) openEncoded(name, accept string) (f seekFile, encoding string, err error) {
	for _, form := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !accepts(accept, form.encoding) {
			continue
		}
		if f, err := s.openFile(name + form.suffix); err == nil {
			return f, form.encoding, nil
		}
	}
	f, err = s.openFile(name)
	return f, "", err
}

func (s *server) openFile(name string) (seekFile, error) {
	f, err := s.assets.files.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	seeker, ok := f.(seekFile)
	if err != nil || info.IsDir() || !ok {
		return nil, errors.Join(fs.ErrNotExist, f.Close())
	}
	return seeker, nil
}

// accepts reports whether an Accept-Encoding header accepts coding (RFC 9110, 12.5.3). A bare *
// does not count.
func accepts(header, coding string) bool {
	for _, item := range strings.Split(header, ",") {
		name, params, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		if !ok {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}
