package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Some clients write their whole body before they read the response. If the connection is closed
// while their bytes still come, TCP resets it, and they never see why they were refused. So what
// still comes after a refusal is read and dropped for a moment (nginx calls this a lingering
// close).
const (
	lingerFor   = 30 * time.Second
	lingerPause = 3 * time.Second // without a byte for so long, nothing more comes
	lingerBytes = 256 << 20
)

// watchedBody remembers whether a body was read to its end. A request without a body has an ended
// one.
type watchedBody struct {
	io.ReadCloser
	started, ended bool
}

func watchBody(r *http.Request) *watchedBody {
	return &watchedBody{ReadCloser: r.Body, ended: r.ContentLength == 0}
}

// Read reads from the body below.
func (b *watchedBody) Read(p []byte) (int, error) {
	b.started = true
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.ended = true
	}
	return n, err
}

// Close leaves the body open: what is left of it is dropped by linger. The server closes it at the
// end.
func (b *watchedBody) Close() error { return nil }

// linger drops what still comes of a request whose response is complete. A client that asked first
// (Expect: 100-continue) sends nothing after a refusal.
func (b *watchedBody) linger(w http.ResponseWriter, r *http.Request) {
	asked := r.Header.Get("Expect") != "" && !b.started
	if b.ended || asked || r.Context().Err() != nil {
		return
	}
	conn := http.NewResponseController(w)
	if conn.Flush() != nil {
		return // the client has gone
	}
	buffer := make([]byte, 64<<10)
	end := time.Now().Add(lingerFor)
	for dropped := 0; dropped < lingerBytes && time.Now().Before(end) && !b.ended; {
		if conn.SetReadDeadline(time.Now().Add(lingerPause)) != nil {
			return
		}
		n, err := b.Read(buffer)
		dropped += n
		if err != nil {
			break
		}
	}
	if b.ended {
		_ = conn.SetReadDeadline(time.Time{})
	} // else the deadline stays, so that the server itself does not wait for the rest
}
