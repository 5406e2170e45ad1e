package server

import (
	"encoding/json"
	"net/http"
	"time"
)

// sse writes server-sent events. Every event gives the whole current state, so a lost one costs
// nothing.
type sse struct {
	w       http.ResponseWriter
	conn    *http.ResponseController
	waiting []byte // written by the next flush
}

// eventWithin limits the time to write events to a client that does not read.
const eventWithin = 30 * time.Second

func newSSE(w http.ResponseWriter) *sse {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	return &sse{w: w, conn: http.NewResponseController(w), waiting: []byte("retry: 2000\n\n")}
}

// add puts an event behind those that wait. data is a JSON object. If share is not empty, the
// object gets it as its first field.
func (e *sse) add(event, share string, data []byte) {
	e.waiting = append(append(append(e.waiting, "event: "...), event...), "\ndata: "...)
	if share != "" {
		e.waiting = append(append(e.waiting, `{"share":`...), quoted(share)...)
		if data = data[1:]; len(data) > 1 {
			e.waiting = append(e.waiting, ',')
		}
	}
	e.waiting = append(append(e.waiting, data...), "\n\n"...)
}

// flush writes what waits. False when the client has gone.
func (e *sse) flush() bool {
	if len(e.waiting) == 0 {
		return true
	}
	deadline(e.w, eventWithin)
	_, err := e.w.Write(e.waiting)
	e.waiting = e.waiting[:0]
	return err == nil && e.conn.Flush() == nil
}

// quoted is text as JSON.
func quoted(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has a form in JSON
	}
	return b
}
