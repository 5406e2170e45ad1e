package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// follower reads a stream of events.
type follower struct {
	t      testing.TB
	events chan event
	cancel context.CancelFunc
	retry  chan string
}

type event struct {
	name string
	data map[string]any
}

func (w *fixture) follow(path string, headers ...string) *follower {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	req := w.request("GET", path, nil, headers...).WithContext(ctx)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("stream answers %d %v", res.StatusCode, res.Header)
	}
	f := &follower{t: w.t, events: make(chan event, 64), cancel: cancel, retry: make(chan string, 64)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(f.events)
		defer res.Body.Close()
		f.read(bufio.NewScanner(res.Body))
	}()
	w.t.Cleanup(func() {
		cancel()
		<-ended
	})
	return f
}

func (f *follower) read(lines *bufio.Scanner) {
	var e event
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				f.t.Errorf("data %q: %v", value, err)
			}
		case "":
			if e.name != "" {
				f.events <- e
				e = event{}
				continue
			}
			if value == "keep-alive" {
				f.retry <- value
			}
		case "retry":
			f.retry <- value
		}
	}
}

// next waits for an event.
func (f *follower) next(name string) map[string]any {
	f.t.Helper()
	select {
	case e, ok := <-f.events:
		if !ok {
			f.t.Fatal("the stream ended")
		}
		if e.name != name {
			f.t.Fatalf("event %s %v, want %s", e.name, e.data, name)
		}
		return e.data
	case <-time.After(10 * time.Second):
		f.t.Fatal("no event came")
	}
	return nil
}

func (f *follower) wantEnd() {
	f.t.Helper()
	select {
	case e, ok := <-f.events:
		if ok {
			f.t.Fatalf("event %v after the end", e)
		}
	case <-time.After(10 * time.Second):
		f.t.Fatal("the stream did not end")
	}
}

func TestViewersHearOfEverything(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newVideo()
	f := w.follow("/api/v1/shares/" + u.link + "/events")
	if got := <-f.retry; got != "2000" {
		t.Errorf("retry is %q", got)
	}
	first := f.next("video")
	if first["state"] != "processing" || first["playback"] == nil || first["owner"] != false {
		t.Errorf("first event %v", first)
	}
	said := w.want(
		w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 0, "body": "hi", "name": "Grace"}),
		201,
	)
	if got := f.next("comment"); got["seq"] != said.field(t, "seq") || got["count"] != 1.0 {
		t.Errorf("comment event %v", got)
	}
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": "Another name"}, w.asOwner()), 200)
	if got := f.next("video"); got["title"] != "Another name" {
		t.Errorf("video event %v", got)
	}

	// after a reconnect, a viewer gets the current state and asks for what it missed
	f.cancel()
	w.want(
		w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 1, "body": "while away", "name": "Grace"}),
		201,
	)
	again := w.follow("/api/v1/shares/" + u.link + "/events")
	if got := again.next("video"); got["comment_seq"] != 2.0 {
		t.Errorf("after the reconnection %v", got)
	}
	missed := w.want(w.do("GET", "/api/v1/shares/"+u.link+"/comments?since=1", nil), 200)
	if !strings.Contains(string(missed.body), "while away") || strings.Contains(string(missed.body), `"hi"`) {
		t.Errorf("since=1 answers %s", missed.body)
	}

	w.want(w.do("DELETE", "/api/v1/videos/"+u.video, nil, w.asOwner()), 204)
	if got := again.next("video"); got["gone"] != true {
		t.Errorf("after the end %v", got)
	}
	again.wantEnd()
	w.want(w.do("GET", "/api/v1/shares/"+u.link+"/events", nil), 404)
}

func TestALostMessageIsNoticedAtTheNextBeat(t *testing.T) {
	t.Parallel()
	w := newFixture(
		t,
		func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.KeepAlive = 20 * time.Millisecond },
	)
	u := w.newVideo()
	f := w.follow("/api/v1/shares/" + u.link + "/events")
	f.next("video")
	change := storage.VideoChange{Title: new("Told to nobody")}
	if err := w.Core.Store.ChangeVideo(t.Context(), storage.VideoID(u.video), change, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := f.next("video"); got["title"] != "Told to nobody" {
		t.Errorf("event %v", got)
	}
	<-f.retry
	if got := <-f.retry; got != "keep-alive" {
		t.Errorf("comment line %q", got)
	}
}

func TestOwnersHearWhichVideosChanged(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newVideo()
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	f := w.follow("/api/v1/events", session)
	<-f.retry
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": "x"}, w.asOwner()), 200)
	if got := f.next("video"); got["id"] != u.video {
		t.Errorf("event %v", got)
	}
	w.want(w.do("DELETE", "/api/v1/session", nil, session), 204)
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": "y"}, w.asOwner()), 200)
	f.wantEnd()
	w.want(w.do("GET", "/api/v1/events", nil), 401)
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	w := newFixture(t, func(_ *server.Config, d *server.Deps, _ *servertest.Config) { d.Done = stop })
	u := w.newVideo()
	f := w.follow("/api/v1/shares/" + u.link + "/events")
	f.next("video")
	close(stop)
	f.wantEnd()
}

func TestStreamsOfOneAddressAreBounded(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.MaxParallel = 1 })
	u := w.newVideo()
	f := w.follow("/api/v1/shares/" + u.link + "/events")
	f.next("video")
	w.want(w.do("GET", "/api/v1/shares/"+u.link+"/events", nil), 429)
}

func TestEventsAreGathered(t *testing.T) {
	t.Parallel()
	w := newFixture(
		t,
		func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.StreamPause = 300 * time.Millisecond },
	)
	u := w.newVideo()
	f := w.follow("/api/v1/shares/" + u.link + "/events")
	f.next("video")
	for range 20 {
		w.want(
			w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 0, "body": "hi", "name": "Grace"}),
			201,
		)
	}
	seen := 0
	for last := 0.0; last < 20; seen++ {
		last, _ = f.next("comment")["count"].(float64)
	}
	if seen > 5 {
		t.Errorf("%d events for 20 comments in a moment", seen)
	}
}

// flaky is a store that fails while a viewer follows.
type flaky struct {
	storage.Store
	away atomic.Bool
}

func (f *flaky) VideoByToken(ctx context.Context, token string) (storage.Video, storage.Link, error) {
	if f.away.Load() {
		return storage.Video{}, storage.Link{}, storage.E(
			storage.Unavailable,
			"The database does not answer.",
			nil,
		)
	}
	return f.Store.VideoByToken(ctx, token)
}

func TestAStreamThatBreaksSaysNothingWrong(t *testing.T) {
	t.Parallel()
	store := &flaky{}
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) {
		store.Store = lc.Store
		lc.Store = store
	})
	u := w.newVideo()
	f := w.follow("/api/v1/shares/" + u.link + "/events")
	f.next("video")
	store.away.Store(true)
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": "x"}, w.asOwner()), 200)
	f.wantEnd() // without "gone": the browser reconnects by itself
}
