package server

import (
	"io"
	"net/http"
)

// recorder counts what goes out. It hides nothing of what is below: ReadFrom reaches the
// connection, so that files leave by sendfile; Flush and deadlines do by Unwrap.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader lets the first status through; gin sends another one after handlers that have
// answered past it.
func (w *recorder) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a piece of the body.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom sends src by the shortest way that the connection knows.
func (w *recorder) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := io.Copy(w.ResponseWriter, src) // finds the ReadFrom below, if there is one
	w.bytes += n
	return n, err
}

// Flush sends what is buffered.
func (w *recorder) Flush() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap gives http.ResponseController the writer below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
