package server

import (
	_ "embed" // pages/alone/export.html
	"html/template"
	"io"

	"meanwhile"
)

//go:embed pages/alone/export.html
var exportIndexText string

var exportIndex = template.Must(
	template.New("export.html").Funcs(template.FuncMap{"clock": meanwhile.Clock}).Parse(exportIndexText),
)

// ExportIndex writes the page that lies in an export beside the folders of its videos. It is read
// without this site.
func ExportIndex(w io.Writer, c meanwhile.Contents) error { return exportIndex.Execute(w, c) }
