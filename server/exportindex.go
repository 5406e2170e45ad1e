package server

import (
	_ "embed"
	"html/template"
	"io"

	"meanwhile/storage"
)

//go:embed pages/alone/export.html
var exportIndexText string

var exportIndex = template.Must(
	template.New("export.html").Funcs(template.FuncMap{"clock": storage.Clock}).Parse(exportIndexText),
)

// ExportIndex writes the page of an export that is next to the folders of the videos. People read
// it without this site.
func ExportIndex(w io.Writer, c storage.Contents) error { return exportIndex.Execute(w, c) }
