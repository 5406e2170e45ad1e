package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"meanwhile/server/access"
	"meanwhile/storage"
)

// sse writes server-sent events. Every event gives the whole current state, so a lost one costs
// nothing.
type sse struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

// eventWithin limits the time to write one event to a client that does not read.
const eventWithin = 30 * time.Second

func (s *server) newSSE(w http.ResponseWriter, v *visit) (*sse, func(), error) {
	leave, ok := s.parallel.enter("stream " + v.holder())
	if !ok {
		return nil, nil, storage.E(
			storage.Limited,
			"Too many pages are open from here. Close some of them.",
			nil,
		)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	e := &sse{w: w, conn: http.NewResponseController(w)}
	if err := e.write("retry: 2000\n\n"); err != nil {
		leave()
		return nil, nil, err
	}
	return e, leave, nil
}

func (e *sse) send(event string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return e.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, b))
}

func (e *sse) write(text string) error {
	deadline(e.w, eventWithin)
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.conn.Flush()
}

// pump runs a stream. note takes each event in. tell writes what has gathered, at most once per
// StreamPause. At every KeepAlive it also runs tell, so that a lost message and an expired right
// are noticed without an event. It ends when the client goes, the server stops, the bus closes, or
// tell returns false.
func (s *server) pump(
	ctx context.Context,
	e *sse,
	events <-chan string,
	note func(string),
	tell func(context.Context) (bool, error),
) error {
	alive := time.NewTicker(s.KeepAlive)
	defer alive.Stop()
	pause := time.NewTimer(s.StreamPause)
	defer pause.Stop()
	resting, dirty := true, false // the first events were sent already: pause first
	for {
		look := false
		select {
		case <-ctx.Done():
			return nil
		case <-s.Done:
			return nil
		case text, ok := <-events:
			if !ok {
				return nil
			}
			note(text)
			dirty = true
		case <-pause.C:
			resting = false
		case <-alive.C:
			look = true
			if err := e.write(": keep-alive\n\n"); err != nil {
				return nil // the client has gone
			}
		}
		if !look && (resting || !dirty) {
			continue
		}
		dirty, resting = false, true
		pause.Reset(s.StreamPause)
		if on, err := tell(ctx); err != nil || !on {
			return err
		}
	}
}

// followVideos streams which of the actor's own videos to look at again.
func (s *server) followVideos(w http.ResponseWriter, r *http.Request) error {
	ctx, v := r.Context(), visitOf(r.Context())
	events, err := s.Videos.Subscribe(ctx, v.actor)
	if err != nil {
		return err
	}
	e, leave, err := s.newSSE(w, v)
	if err != nil {
		return err
	}
	defer leave()
	changed := map[string]bool{}
	note := func(id string) { changed[id] = true }
	return s.pump(ctx, e, events, note, func(context.Context) (bool, error) {
		if err := s.authenticate(r, v, account); err != nil {
			return false, unlessSignedOut(err)
		}
		delete(changed, "") // only rights were to be looked at
		for id := range changed {
			if err := e.send("video", map[string]string{"id": id}); err != nil {
				return false, nil // the client has gone
			}
		}
		clear(changed)
		return true, nil
	})
}

// unlessSignedOut returns nil for a credential that has ended. The stream then ends without an
// error, and the client gets 401 when it reconnects.
func unlessSignedOut(err error) error {
	if storage.KindOf(err) == storage.Unauthenticated {
		return nil
	}
	return err
}

type wireCounts struct {
	Seq   int64 `json:"seq"`
	Count int   `json:"count"`
}

// linkStream remembers what a viewer was sent last.
type linkStream struct {
	token  string
	link   []byte
	counts wireCounts
}

// followLink sends a viewer the current state, at once and at each change.
func (s *server) followLink(w http.ResponseWriter, r *http.Request) error {
	ctx, v := r.Context(), visitOf(r.Context())
	st := &linkStream{token: r.PathValue("token")}
	// subscribe before the first look, so that no event is missed
	events, err := s.Watch.Follow(ctx, v.actor, st.token)
	if err != nil {
		return err
	}
	e, leave, err := s.newSSE(w, v)
	if err != nil {
		return err
	}
	defer leave()
	tell := func(ctx context.Context) (bool, error) {
		if err := s.authenticate(r, v, guest); err != nil {
			return false, unlessSignedOut(err)
		}
		return s.sendLink(ctx, e, st, v.actor)
	}
	if on, err := tell(ctx); err != nil || !on {
		return err
	}
	return s.pump(ctx, e, events, func(string) {}, tell)
}

// sendLink reads rows and rights again and writes what the viewer does not have yet. False when the
// link has ended.
func (s *server) sendLink(ctx context.Context, e *sse, st *linkStream, a access.Actor) (bool, error) {
	w, err := s.Watch.Watch(ctx, a, st.token)
	if k := storage.KindOf(err); err != nil && (k == storage.NotFound || k == storage.Unauthenticated) {
		return false, e.send("video", map[string]bool{"gone": true})
	}
	if err != nil {
		return false, err // the client reconnects and gets the rest
	}
	counts := wireCounts{Seq: w.CommentSeq, Count: w.Video.Comments}
	link := sharedVideoOf(st.token, w)
	first := st.link == nil
	link.CommentSeq, link.CommentCount = 0, 0 // a comment event has these
	stand, err := json.Marshal(link)
	if err != nil {
		return false, err
	}
	if !bytes.Equal(stand, st.link) {
		link.CommentSeq, link.CommentCount = counts.Seq, counts.Count
		if err := e.send("video", link); err != nil {
			return false, nil // the client has gone
		}
	}
	if !first && counts != st.counts {
		if err := e.send("comment", counts); err != nil {
			return false, nil // the client has gone
		}
	}
	st.link, st.counts = stand, counts
	return true, nil
}
