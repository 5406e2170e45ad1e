package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// paced reads a body that has to keep moving. It may stop for grace, and on average it must come at
// least as fast as bps. Only the time of waiting for the client counts. It moves the connection's
// read deadline; done removes it.
type paced struct {
	body   io.Reader
	conn   *http.ResponseController
	grace  time.Duration
	bps    int64
	read   int64
	waited time.Duration
}

func newPaced(w http.ResponseWriter, body io.Reader, grace time.Duration, bps int64) *paced {
	return &paced{body: body, conn: http.NewResponseController(w), grace: grace, bps: bps}
}

// Read fails with os.ErrDeadlineExceeded in its chain when the client is too slow.
func (p *paced) Read(b []byte) (int, error) {
	earned := time.Duration(float64(p.read) / float64(p.bps) * float64(time.Second))
	start := time.Now()
	if err := p.until(start.Add(min(p.grace, p.grace+earned-p.waited))); err != nil {
		return 0, err
	}
	n, err := p.body.Read(b)
	p.waited += time.Since(start)
	p.read += int64(n)
	return n, err
}

// done removes the deadline. Otherwise it would end the request's context while the response is
// made.
func (p *paced) done() { _ = p.until(time.Time{}) }

func (p *paced) until(at time.Time) error {
	if err := p.conn.SetReadDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
