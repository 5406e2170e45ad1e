package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"meanwhile/server/watch"
	"meanwhile/storage"
)

// The names for one stream: "me" stands for the videos of the person who is signed in, which no
// token of a link does.
const (
	ownVideos = "me"
	mostLinks = 20
)

// eventStream is one client's stream.
type eventStream struct {
	s     *server
	r     *http.Request
	v     *visit
	sse   *sse
	named bool // every event names its link

	links    []*linkStream
	follower *watch.Follower

	own     <-chan string   // nil if the stream does not follow the client's own videos
	changed map[string]bool // of those
}

// linkStream remembers what a viewer was sent last.
type linkStream struct {
	token string
	sent  *linkText
}

// linkText is what one class of readers is sent of a link.
type linkText struct {
	whole  []byte
	state  []byte // without the numbers that a comment event has
	counts wireCounts
	err    error
}

type wireCounts struct {
	Seq   int64 `json:"seq"`
	Count int   `json:"count"`
}

// followLink sends a viewer the current state, at once and at each change.
func (s *server) followLink(w http.ResponseWriter, r *http.Request) error {
	return s.serveEvents(w, r, []string{r.PathValue("token")}, false)
}

// followMany sends the same of several links, and which of the client's own videos to look at
// again.
func (s *server) followMany(w http.ResponseWriter, r *http.Request) error {
	if !r.URL.Query().Has("shares") {
		return s.serveEvents(w, r, []string{ownVideos}, true)
	}
	var names []string
	links := 0
	for _, name := range strings.Split(strings.Join(r.URL.Query()["shares"], ","), ",") {
		if name == "" || slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
		if name == ownVideos {
			continue
		}
		if links++; links > mostLinks { // before a long list costs anything
			return storage.E(
				storage.Invalid,
				fmt.Sprintf("One stream follows %d links at most. Ask for the others with another one.", mostLinks),
				nil,
			)
		}
	}
	if len(names) == 0 {
		return storage.E(storage.Invalid, `Name the links to follow, or "me" for your own videos.`, nil)
	}
	return s.serveEvents(w, r, names, true)
}

func (s *server) serveEvents(w http.ResponseWriter, r *http.Request, names []string, named bool) error {
	ctx, v := r.Context(), visitOf(r.Context())
	leave, ok := s.parallel.enter("stream " + v.holder())
	if !ok {
		return storage.E(storage.Limited, "Too many pages are open from here. Close some of them.", nil)
	}
	defer leave()
	st := &eventStream{s: s, r: r, v: v, named: named, follower: s.Watch.NewFollower(s.StreamPause)}
	defer st.follower.Close()
	gone := map[string]bool{}
	for _, name := range names {
		// subscribe before the first look, so that no event is missed
		err := st.follow(ctx, name)
		if err != nil && (!isOver(err) || len(names) == 1 && (!named || name == ownVideos)) {
			return err
		}
		gone[name] = err != nil
	}
	st.sse = newSSE(w)
	for _, name := range names {
		if gone[name] {
			st.sse.add("gone", name, []byte("{}"))
		} else if err := st.lookAt(ctx, name, 0); err != nil {
			return err
		}
	}
	if !st.sse.flush() || !st.goesOn() {
		return nil
	}
	return st.pump(ctx)
}

func (st *eventStream) follow(ctx context.Context, name string) (err error) {
	if !st.named || name != ownVideos {
		if err = st.follower.Follow(ctx, st.v.actor, name); err == nil {
			st.links = append(st.links, &linkStream{token: name})
		}
		return err
	}
	if !st.v.actor.SignedIn() {
		return errSignIn
	}
	st.own, err = st.s.Videos.Subscribe(ctx, st.v.actor)
	st.changed = map[string]bool{}
	return err
}

// isOver reports whether a link shows nothing to its reader: to this one, or to nobody.
func isOver(err error) bool {
	k := storage.KindOf(err)
	return k == storage.NotFound || k == storage.Unauthenticated
}

// goesOn is false when there is nothing left to follow.
func (st *eventStream) goesOn() bool { return len(st.links) > 0 || st.own != nil }

// pump writes what has gathered, at most once per StreamPause. At every KeepAlive it looks at
// everything, so that a lost message and an expired right are noticed without an event. It ends
// when the client goes, the server stops, the bus closes, or nothing is left to follow.
func (st *eventStream) pump(ctx context.Context) error {
	alive := time.NewTicker(st.s.KeepAlive)
	defer alive.Stop()
	pause := time.NewTimer(st.s.StreamPause)
	defer pause.Stop()
	resting, dirty := true, false // the first events were sent already: pause first
	for {
		all := false
		select {
		case <-ctx.Done():
			return nil
		case <-st.s.Done:
			return nil
		case <-st.follower.Wake():
			dirty = true
		case id, ok := <-st.own:
			if !ok {
				return nil
			}
			st.changed[id], dirty = true, true
		case <-pause.C:
			resting = false
		case <-alive.C:
			all = true
			st.sse.waiting = append(st.sse.waiting, ": keep-alive\n\n"...)
		}
		if !all && (resting || !dirty) {
			continue
		}
		dirty, resting = false, true
		pause.Reset(st.s.StreamPause)
		if on, err := st.tell(ctx, all); err != nil || !on {
			return err
		}
	}
}

// tell reads the client's rights again and writes what it does not have yet. False when the stream
// is over.
func (st *eventStream) tell(ctx context.Context, all bool) (bool, error) {
	if err := st.s.authenticate(st.r, st.v, guest); err != nil {
		if storage.KindOf(err) == storage.Unauthenticated {
			err = nil // the stream ends, and the client gets 401 when it reconnects
		}
		return false, err
	}
	if st.own != nil && !st.v.actor.SignedIn() {
		st.own = nil
		if len(st.links) == 0 {
			return false, nil // as above
		}
		st.sse.add("gone", ownVideos, []byte("{}"))
	}
	st.addOwn()
	tokens, on := st.follower.Changed()
	if !on {
		return false, nil
	}
	age := time.Duration(math.MaxInt64) // what was read after the last event will do
	if all {
		tokens, age = nil, min(time.Second, st.s.KeepAlive)
		for _, l := range st.links {
			tokens = append(tokens, l.token)
		}
	}
	for _, token := range tokens {
		if err := st.lookAt(ctx, token, age); err != nil {
			return false, err // the client reconnects and gets the rest
		}
	}
	return st.sse.flush() && st.goesOn(), nil
}

// addOwn adds which of the client's own videos to look at again.
func (st *eventStream) addOwn() {
	delete(st.changed, "") // only rights were to be looked at
	if st.own != nil {
		for id := range st.changed {
			st.sse.add("video", ownVideos, append(append([]byte(`{"id":`), quoted(id)...), '}'))
		}
	}
	clear(st.changed)
}

// lookAt adds what the viewer does not have yet of a link. A link that has ended for this viewer is
// followed no longer.
func (st *eventStream) lookAt(ctx context.Context, token string, age time.Duration) error {
	i := slices.IndexFunc(st.links, func(l *linkStream) bool { return l.token == token })
	if i < 0 {
		return nil // its end was told already, or it is the client's own videos
	}
	link, share := st.links[i], ""
	if st.named {
		share = token
	}
	seen, err := st.follower.Look(ctx, st.v.actor, token, age)
	if err != nil && !isOver(err) {
		return err
	}
	if err != nil {
		st.follower.Leave(token)
		st.links = slices.Delete(st.links, i, i+1)
		if st.named {
			st.sse.add("gone", share, []byte("{}"))
		} else {
			st.sse.add("video", "", []byte(`{"gone":true}`))
		}
		return nil
	}
	text := watch.Rendered(seen, func(w watch.Watch) *linkText { return linkTextOf(token, w) })
	if text.err != nil {
		return fmt.Errorf("write the state of a link: %w", text.err)
	}
	last := link.sent
	link.sent = text
	if last == text {
		return nil
	}
	if last == nil || !bytes.Equal(text.state, last.state) {
		st.sse.add("video", share, text.whole)
	}
	if last != nil && text.counts != last.counts {
		counts, err := json.Marshal(text.counts)
		if err != nil {
			return err
		}
		st.sse.add("comment", share, counts)
	}
	return nil
}

func linkTextOf(token string, w watch.Watch) *linkText {
	wire := sharedVideoOf(token, w)
	text := &linkText{counts: wireCounts{Seq: w.CommentSeq, Count: w.Video.Comments}}
	text.whole, text.err = json.Marshal(wire)
	wire.CommentSeq, wire.CommentCount = 0, 0 // a comment event has these
	if text.err == nil {
		text.state, text.err = json.Marshal(wire)
	}
	return text
}
