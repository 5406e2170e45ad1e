package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// of waits for an event of one link.
func (f *follower) of(share, name string) map[string]any {
	f.t.Helper()
	data := f.next(name)
	if data["share"] != share {
		f.t.Fatalf("event %s %v, want one of %s", name, data, share)
	}
	return data
}

func TestOneStreamFollowsSeveralLinks(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	a, b := w.newVideo(), w.newVideo()
	f := w.follow("/api/v1/events?shares=" + a.link + "," + b.link + "," + a.link)
	if got := f.of(a.link, "video"); got["state"] != "processing" || got["owner"] != false || got["playback"] == nil {
		t.Errorf("first event %v", got)
	}
	f.of(b.link, "video")

	said := w.want(
		w.do("POST", "/api/v1/shares/"+b.link+"/comments", object{"at_ms": 0, "body": "hi", "name": "Grace"}),
		201,
	)
	if got := f.of(b.link, "comment"); got["seq"] != said.field(t, "seq") || got["count"] != 1.0 {
		t.Errorf("comment event %v", got)
	}
	w.want(w.do("PATCH", "/api/v1/videos/"+a.video, object{"title": "Another name"}, w.asOwner()), 200)
	if got := f.of(a.link, "video"); got["title"] != "Another name" {
		t.Errorf("video event %v", got)
	}

	// one link ends, the other goes on
	w.want(w.do("DELETE", "/api/v1/videos/"+a.video, nil, w.asOwner()), 204)
	f.of(a.link, "gone")
	w.want(w.do("PATCH", "/api/v1/videos/"+b.video, object{"title": "Still here"}, w.asOwner()), 200)
	if got := f.of(b.link, "video"); got["title"] != "Still here" {
		t.Errorf("video event %v", got)
	}
	w.want(w.do("DELETE", "/api/v1/videos/"+b.video, nil, w.asOwner()), 204)
	f.of(b.link, "gone")
	f.wantEnd() // nothing is left to follow
}

func TestOneStreamFollowsLinksAndOnesOwnVideos(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	mine, other := w.newVideo(), w.newVideo()
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	f := w.follow("/api/v1/events?shares=me,"+other.link, session)
	if got := f.of(other.link, "video"); got["owner"] != true {
		t.Errorf("first event %v", got)
	}
	w.want(w.do("PATCH", "/api/v1/videos/"+mine.video, object{"title": "x"}, w.asOwner()), 200)
	if got := f.of("me", "video"); got["id"] != mine.video {
		t.Errorf("event %v", got)
	}

	// when the session ends, the link is followed as a guest
	w.want(w.do("DELETE", "/api/v1/session", nil, session), 204)
	w.want(w.do("PATCH", "/api/v1/videos/"+mine.video, object{"title": "y"}, w.asOwner()), 200)
	f.of("me", "gone")
	w.want(w.do("PATCH", "/api/v1/videos/"+other.video, object{"title": "z"}, w.asOwner()), 200)
	if got := f.of(other.link, "video"); got["owner"] != false || got["title"] != "z" {
		t.Errorf("event %v", got)
	}
}

func TestAStreamSaysWhichLinksNobodyMayFollow(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	open, secret := w.newReadyVideo(), w.newReadyVideo()
	locked, _ := w.newLink(secret, object{"audience": "password", "password": linkPassword})
	members, _ := w.newLink(secret, object{"audience": "members"})
	names := strings.Join([]string{"me", "nothing", locked, members, open.link}, ",")
	f := w.follow("/api/v1/events?shares=" + names)
	for _, name := range []string{"me", "nothing", locked, members} {
		if got := f.of(name, "gone"); len(got) != 1 {
			t.Errorf("gone event %v tells more than the name", got)
		}
	}
	f.of(open.link, "video")

	// a stream with nothing to follow ends after it has said so
	f = w.follow("/api/v1/events?shares=nothing," + members)
	f.of("nothing", "gone")
	f.of(members, "gone")
	f.wantEnd()

	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	f = w.follow("/api/v1/events?shares="+members, session)
	f.of(members, "video")
}

// Two readers of one link get the same bytes only if they may do the same.
func TestReadersOfOneLinkSeeWhatTheyMay(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.rules(u, object{"comments": "off"})
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	member := w.newMember("mia@example.org", "Mia", "a long password")
	for _, tc := range []struct {
		name           string
		headers        []string
		owner, comment bool
	}{
		{"a guest", nil, false, false},
		{"another guest", nil, false, false},
		{"a member", []string{member}, false, true},
		{"the owner", []string{session}, true, true},
	} {
		single := w.follow("/api/v1/shares/"+u.link+"/events", tc.headers...)
		several := w.follow("/api/v1/events?shares="+u.link, tc.headers...)
		for _, got := range []map[string]any{single.next("video"), several.of(u.link, "video")} {
			_, named := got["video_id"]
			if got["owner"] != tc.owner || got["can_comment"] != tc.comment || named != tc.owner {
				t.Errorf("%s sees %v", tc.name, got)
			}
		}
	}
}

func TestAStreamLosesWhatItsReaderMayNoLongerSee(t *testing.T) {
	t.Parallel()
	w := newFixture(
		t,
		func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.KeepAlive = 20 * time.Millisecond },
	)
	u, other := w.newReadyVideo(), w.newReadyVideo()
	ends := w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
	token, _ := w.newLink(u, object{"expires_at": ends.Format(time.RFC3339)})
	f := w.follow("/api/v1/events?shares=" + token + "," + other.link)
	f.of(token, "video")
	f.of(other.link, "video")
	w.Clock.Move(time.Hour) // no event says so
	for {
		e := <-f.events
		if e.name == "gone" && e.data["share"] == token {
			break
		}
		if e.name != "video" { // the media's addresses are those of the next hour
			t.Fatalf("event %s %v", e.name, e.data)
		}
	}

	// a rule that changes lets others go on
	w.rules(other, object{"audience": "members"})
	for {
		e, ok := <-f.events
		if !ok {
			t.Fatal("the stream ended without saying why")
		}
		if e.name == "gone" && e.data["share"] == other.link {
			break
		}
	}
	f.wantEnd()
}

func TestAStreamIsNotTooWide(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.MaxParallel = 1 })
	u := w.newVideo()
	names := []string{u.link, "me"}
	for i := range 19 {
		names = append(names, fmt.Sprint("link", i))
	}
	for query, status := range map[string]int{
		"?shares=" + strings.Join(names, ",") + ",one-more": http.StatusBadRequest,
		"?shares=":   http.StatusBadRequest,
		"?shares=me": http.StatusUnauthorized,
		"":           http.StatusUnauthorized,
	} {
		w.want(w.do("GET", "/api/v1/events"+query, nil), status)
	}
	f := w.follow("/api/v1/events?shares=" + strings.Join(names, ","))
	f.of(u.link, "video")
	f.of("me", "gone")
	for range 19 {
		f.next("gone")
	}
	w.want(w.do("GET", "/api/v1/events?shares="+u.link, nil), http.StatusTooManyRequests)
	w.want(w.do("GET", "/api/v1/shares/"+u.link+"/events", nil), http.StatusTooManyRequests)
}

// countedBus counts the subscriptions.
type countedBus struct {
	storage.Bus
	subscribed atomic.Int64
}

func (b *countedBus) Subscribe(ctx context.Context, topic string) (<-chan string, error) {
	b.subscribed.Add(1)
	return b.Bus.Subscribe(ctx, topic)
}

func TestManyReadersOfALinkCostOneReading(t *testing.T) {
	t.Parallel()
	calls, bus := &callLog{}, &countedBus{}
	w := newFixture(t, func(c *server.Config, _ *server.Deps, lc *servertest.Config) {
		bus.Bus = lc.Bus
		lc.Store, lc.Bus, c.MaxParallel = countedStore{lc.Store, calls}, bus, 100
	})
	u := w.newReadyVideo()
	before := bus.subscribed.Load()
	var streams []*follower
	for range 40 {
		f := w.follow("/api/v1/shares/" + u.link + "/events")
		f.next("video")
		streams = append(streams, f)
	}
	if n := bus.subscribed.Load() - before; n != 1 {
		t.Errorf("%d subscriptions for one link, want 1", n)
	}
	calls.take()
	w.want(
		w.do("POST", "/api/v1/shares/"+u.link+"/comments", object{"at_ms": 0, "body": "hi", "name": "Grace"}),
		201,
	)
	for _, f := range streams {
		f.next("comment")
	}
	readings := 0
	for _, call := range calls.take() {
		if call == "VideoSummary" {
			readings++
		}
	}
	if readings > 3 {
		t.Errorf("%d readings of the video for one comment and 40 streams", readings)
	}
	// after the last one has left, the next one subscribes again, and misses nothing
	for _, f := range streams {
		f.cancel()
		f.wantEnd()
	}
	for bus.subscribed.Load()-before < 2 {
		f := w.follow("/api/v1/shares/" + u.link + "/events")
		f.next("video")
		f.cancel()
		f.wantEnd()
	}
}
