package server

import (
	"bytes"
	"compress/flate"
	bin "encoding/binary"
	"hash/crc32"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// inlined is what a page that shows a video carries in itself, so that the next bytes after it are
// the video's. It holds the styles, and the script that starts the rest when the picture is there
// (docs/adr/0023).
type inlined struct {
	Style        template.CSS
	Fonts        template.CSS
	PreloadVideo template.JS // requests the video
	First        template.JS
	Run          string // module addresses to run, with spaces between
	Fetch        string // what they need, in the order of need
	block        []byte // Style, compressed
}

// inlineEntries are the built files of each such page: styles, modules to run, and modules that
// those load soon.
var inlineEntries = map[string]struct{ styles, run, soon []string }{
	"watch": {
		[]string{"src/ui/base.css", "src/watch/watch.css"},
		[]string{"src/watch/main.ts"},
		[]string{"src/player/controls.ts"},
	},
	"embed": {
		[]string{"src/ui/base.css", "src/watch/embed.css"},
		[]string{"src/watch/embed.ts"},
		[]string{"src/player/controls.ts"},
	},
}

// newInlined reads what page carries. It returns nil if that was not built.
func newInlined(a assets, page string) *inlined {
	e := inlineEntries[page]
	first, fonts, style := a.text("src/watch/first.ts"), a.text("src/ui/fonts.css"), ""
	for _, name := range e.styles {
		style += a.text(name)
	}
	if first == "" || style == "" {
		return nil
	}
	// The files are ours, and the build leaves no end tag in them.
	//nolint:gosec // as said
	out := &inlined{
		Style:        template.CSS(style),
		Fonts:        template.CSS(fonts),
		PreloadVideo: template.JS(a.text("src/watch/preload-video.ts")),
		First:        template.JS(first),
		block:        packBlock([]byte(style)),
	}
	var run, fetch []string
	for _, name := range e.run {
		run = append(run, assetPath+a.manifest[name].File)
	}
	for _, name := range append(slices.Clone(e.run), e.soon...) {
		for _, file := range a.modules(name) {
			if address := assetPath + file; !slices.Contains(fetch, address) {
				fetch = append(fetch, address)
			}
		}
	}
	out.Run, out.Fetch = strings.Join(run, " "), strings.Join(fetch, " ")
	return out
}

// text is the content of a built file, empty if there is none.
func (a assets) text(name string) string {
	e, ok := a.manifest[name]
	if !ok {
		return ""
	}
	b, err := fs.ReadFile(a.files, path.Clean(e.File))
	if err != nil {
		panic("server: the manifest of the web names a file that is not there: " + err.Error())
	}
	return strings.TrimSpace(string(b))
}

// modules are the files of an entry and of its imports, each once.
func (a assets) modules(name string) []string {
	var files []string
	var walk func(string)
	seen := map[string]bool{}
	walk = func(name string) {
		e, ok := a.manifest[name]
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		files = append(files, e.File)
		for _, i := range e.Imports {
			walk(i)
		}
	}
	walk(name)
	return files
}

// packBlock compresses text into whole blocks that can stand in any deflate stream at a byte
// boundary (RFC 1951). They refer to nothing before them.
func packBlock(text []byte) []byte {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = z.Write(text) // a buffer never fails
	_ = z.Flush()
	return b.Bytes()
}

// deflaters are reused, because one is large, and would be made and collected for each page. They
// are fast ones. Only a quarter of a page is compressed anew. A better level would save some 170
// bytes and cost a tenth of the pages per second.
var deflaters = sync.Pool{New: func() any {
	z, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return z
}}

// packAround writes body as gzip (RFC 1952) to out. It reuses the block that in has compressed
// already. The styles are most of a page, and always the same.
func packAround(out *bytes.Buffer, body []byte, in *inlined) {
	z := deflaters.Get().(*flate.Writer) //nolint:errcheck,forcetypeassert // New makes nothing else
	defer deflaters.Put(z)
	out.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255})
	z.Reset(out)
	rest := body
	if in != nil {
		if before, after, ok := bytes.Cut(body, []byte(in.Style)); ok {
			_, _ = z.Write(before) // a buffer never fails
			_ = z.Flush()
			out.Write(in.block)
			z.Reset(out)
			rest = after
		}
	}
	_, _ = z.Write(rest)
	_ = z.Close()
	var end [8]byte
	bin.LittleEndian.PutUint32(end[:4], crc32.ChecksumIEEE(body))
	//nolint:gosec // modulo 2³², as the format says
	bin.LittleEndian.PutUint32(end[4:], uint32(len(body)))
	out.Write(end[:])
}
