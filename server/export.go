package server

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"meanwhile/server/access"
	"meanwhile/server/archive"
	"meanwhile/storage"
)

func (s *server) exportMe(w http.ResponseWriter, r *http.Request) error {
	return s.export(w, r, s.Archive.ExportOwn)
}

func (s *server) exportWorkspace(w http.ResponseWriter, r *http.Request) error {
	return s.export(w, r, s.Archive.ExportWorkspace)
}

var errExporting = storage.E(
	storage.Limited,
	"An export of yours is running already. Wait until it has ended, or stop it, then try again.",
	nil,
)

// export streams an archive. Nothing of it is stored: what is read goes out at once.
func (s *server) export(
	w http.ResponseWriter,
	r *http.Request,
	open func(context.Context, access.Actor) (*archive.Export, error),
) error {
	v := visitOf(r.Context())
	leave, ok := s.exports.enter(v.holder())
	if !ok {
		return errExporting
	}
	defer leave()
	e, err := open(r.Context(), v.actor)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set(
		"Content-Disposition",
		attachment("meanwhile-"+s.Core.Now().UTC().Format(time.DateOnly)+".zip", "meanwhile.zip"),
	)
	h.Set("Cache-Control", "private, no-store")
	archive := zip.NewWriter(w)
	if err := e.Write(r.Context(), zipTree{archive}, ExportIndex); err != nil {
		return s.breakOff(w, r, err)
	}
	if err := archive.Close(); err != nil {
		return s.breakOff(w, r, err)
	}
	return nil
}

// zipTree writes an export into an archive, each file as it comes. Its size follows it.
type zipTree struct{ archive *zip.Writer }

// File begins the next file.
func (t zipTree) File(path string, modified time.Time, packed bool) (io.Writer, error) {
	head := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: modified.UTC()}
	if packed {
		head.Method = zip.Store
	}
	head.SetMode(0o644)
	w, err := t.archive.CreateHeader(head)
	if err != nil {
		return nil, fmt.Errorf("begin file in archive: %w", err)
	}
	return w, nil
}

// breakOff ends a streamed response that cannot be completed. If it has begun, the connection is
// cut, so that nobody takes a part for the whole.
func (s *server) breakOff(w http.ResponseWriter, r *http.Request, err error) error {
	if rec, ok := w.(*recorder); ok && rec.status == 0 {
		return err
	}
	v := visitOf(r.Context())
	if r.Context().Err() == nil {
		s.Log.Error("answer broken off", "request_id", v.id, "route", v.route, "error", err)
	}
	panic(http.ErrAbortHandler)
}
