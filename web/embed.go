// Package web holds the built browser code.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files is what `npm run build` left in dist: empty but for .keep where the web was not built.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is named by the directive above
	}
	return sub
}
