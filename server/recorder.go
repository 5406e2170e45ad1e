package server

import (
	"io"
	"net/http"
	"time"
)

// recorder counts what goes out. It hides nothing of the writer below: ReadFrom reaches the
// connection, so that files leave by sendfile. Flush and deadlines reach it by Unwrap.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	body   *watchedBody // of the request; may be nil
}

// WriteHeader sends only the first status. gin sends another one after handlers that wrote to the
// writer below gin's.
func (w *recorder) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if status >= 200 {
		w.status = status
		w.limitRest()
	}
	w.ResponseWriter.WriteHeader(status)
}

// limitRest limits how long the server waits for the rest of a body that nobody has read: net/http
// reads some of it before it sends the response.
func (w *recorder) limitRest() {
	if w.body != nil && !w.body.ended {
		_ = http.NewResponseController(w.ResponseWriter).SetReadDeadline(time.Now().Add(lingerFor))
	}
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

// ReadFrom sends src in the shortest way that the connection has.
func (w *recorder) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := io.Copy(w.ResponseWriter, src) // uses the ReadFrom below, if any
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

// Unwrap returns the writer below, for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
