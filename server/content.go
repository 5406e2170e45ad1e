package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// serveContent responds with one range at most. Several at once would be a cheap way to make us
// work a lot (RFC 9110, 14.2 allows to ignore them). It returns why src could not be read: before
// the response has begun, so that an error can be sent, or in its middle. Then the connection ends
// with the response.
func serveContent(w http.ResponseWriter, r *http.Request, src io.ReadSeeker) error {
	if strings.Contains(r.Header.Get("Range"), ",") {
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	switch src.(type) {
	case *os.File, *bytes.Reader, *strings.Reader:
		http.ServeContent(w, r, "", time.Time{}, src) // is read without errors, or by the kernel
		return nil
	}
	body, late := &heardReader{ReadSeeker: src}, &lateWriter{ResponseWriter: w}
	http.ServeContent(late, r, "", time.Time{}, body)
	if body.err == nil {
		late.send()
	}
	return body.err
}

// heardReader keeps the error of a reader, which http.ServeContent does not return.
type heardReader struct {
	io.ReadSeeker
	err error
}

func (h *heardReader) Read(p []byte) (int, error) {
	n, err := h.ReadSeeker.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		h.err = err
	}
	return n, err
}

// lateWriter keeps the head of a response back until the first bytes of the body have been read.
type lateWriter struct {
	http.ResponseWriter
	status int // not sent yet; 0 for none
}

// WriteHeader keeps the status.
func (w *lateWriter) WriteHeader(status int) { w.status = status }

func (w *lateWriter) send() {
	if w.status != 0 {
		w.ResponseWriter.WriteHeader(w.status)
		w.status = 0
	}
}

// Write sends the head and a piece of the body.
func (w *lateWriter) Write(p []byte) (int, error) {
	w.send()
	return w.ResponseWriter.Write(p)
}

// ReadFrom sends the head once src has something.
func (w *lateWriter) ReadFrom(src io.Reader) (int64, error) {
	first := make([]byte, 4<<10)
	n, err := src.Read(first)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	sent, werr := w.Write(first[:n])
	if err != nil || werr != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return int64(sent), firstOf(werr, err)
	}
	rest, err := io.Copy(w.ResponseWriter, src)
	return int64(sent) + rest, err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
