package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// unzip reads a whole archive.
func unzip(t testing.TB, body []byte) map[string][]byte {
	t.Helper()
	archive := must(zip.NewReader(bytes.NewReader(body), int64(len(body))))(t)
	files := map[string][]byte{}
	for _, f := range archive.File {
		if _, twice := files[f.Name]; twice {
			t.Errorf("%s stands there twice", f.Name)
		}
		r := must(f.Open())(t)
		files[f.Name] = must(io.ReadAll(r))(t) // checks its checksum, too
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if media := strings.HasPrefix(path.Ext(f.Name), ".mp4"); media != (f.Method == zip.Store) {
			t.Errorf("%s is written by the method %d", f.Name, f.Method)
		}
	}
	return files
}

// folderOf is the folder of a video in an archive.
func folderOf(t testing.TB, files map[string][]byte, id string) string {
	t.Helper()
	for name, body := range files {
		if path.Base(name) == "video.json" && bytes.Contains(body, []byte(id)) {
			return path.Dir(name)
		}
	}
	t.Fatalf("no folder of %s", id)
	return ""
}

var (
	// plainName matches what Windows, macOS and Linux accept as one name. No device and no parent
	// folder match.
	plainName = regexp.MustCompile(`^\d{4}-\d\d-\d\d [^\x00-\x1f\x7f/\\:*?"<>|%]+[^. ]$`)
	linksOf   = regexp.MustCompile(`href="([^"]*)"`)
)

func TestExportOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	titles := []string{
		"../../x",
		"CON",
		"🎬 Ünïcode 👩‍👩‍👧",
		strings.Repeat("長", 200),
		"<script>alert(1)</script>",
		`C:\x|y?"z*`,
		"%2e%2e",
		"...",
		"Same",
		"Same",
		"\u202Eevil.exe",
	}
	byID := map[string]string{}
	var first uploaded
	for i, title := range titles {
		u := w.newReadyVideo()
		if i == 0 {
			first = u
		}
		byID[u.video] = title
		w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": title}, w.asOwner()), 200)
	}
	said := w.want(
		w.do(
			"POST",
			"/api/v1/shares/"+first.link+"/comments",
			object{"at_ms": 83_000, "body": "First\nsecond line"},
			w.asOwner(),
		),
		201,
	)
	w.want(
		w.do(
			"POST",
			"/api/v1/shares/"+first.link+"/comments",
			object{"at_ms": 0, "body": "Why?", "name": "Client", "parent_id": said.text(t, "id")},
		),
		201,
	)
	unfinished := w.createUpload(100)
	theirs := w.newUser("eve@example.org", "Eve")
	w.trash(first)

	r := w.want(w.do("GET", "/api/v1/me/export", nil, w.asOwner()), 200)
	if r.header.Get("Content-Type") != "application/zip" ||
		!strings.Contains(r.header.Get("Content-Disposition"), ".zip") ||
		!strings.Contains(r.header.Get("Cache-Control"), "no-store") {
		t.Errorf("headers %v", r.header)
	}
	files := unzip(t, r.body)
	seen := map[string]bool{}
	for id := range byID {
		folder := folderOf(t, files, id)
		if !plainName.MatchString(folder) || len(folder) > 120 || seen[strings.ToLower(folder)] {
			t.Errorf("the folder of %q is %q", byID[id], folder)
		}
		seen[strings.ToLower(folder)] = true
		if got := string(files[folder+"/video.mp4"]); got != movieBytes {
			t.Errorf("%s/video.mp4 holds %q", folder, got)
		}
		if got := string(files[folder+"/original.mp4"]); got != "not really a film, but nobody looks" {
			t.Errorf("%s/original.mp4 holds %q", folder, got)
		}
	}
	if want := 1 + 5*len(titles) + 3; len(files) != want {
		t.Errorf("%d files, want %d", len(files), want)
	}
	waiting := folderOf(t, files, unfinished.video)
	if files[waiting+"/comments.json"] == nil || files[waiting+"/original.mp4"] != nil {
		t.Errorf("of an unfinished upload there is %q", files[waiting+"/original.mp4"])
	}

	folder := folderOf(t, files, first.video)
	var comments []struct {
		AtMS     int64 `json:"at_ms"`
		Author   string
		Guest    bool
		Body     string
		ParentID string `json:"parent_id"`
	}
	if err := json.Unmarshal(files[folder+"/comments.json"], &comments); err != nil || len(comments) != 2 {
		t.Fatalf("comments.json: %v in %s", err, files[folder+"/comments.json"])
	}
	if c := comments[0]; c.AtMS != 83_000 || c.Author != "Ada" || c.Guest || c.Body != "First\nsecond line" {
		t.Errorf("the first comment is %+v", c)
	}
	if c := comments[1]; c.ParentID != said.text(t, "id") || c.Author != "Client" || !c.Guest {
		t.Errorf("the reply is %+v", c)
	}
	for _, want := range []string{"1:23  Ada, ", "\nFirst\nsecond line\n", "    Client (guest), ", "    Why?\n"} {
		if !strings.Contains(string(files[folder+"/comments.txt"]), want) {
			t.Errorf("comments.txt has no %q in\n%s", want, files[folder+"/comments.txt"])
		}
	}
	if got := string(files[waiting+"/comments.json"]); got != "[]\n" {
		t.Errorf("without comments comments.json is %q", got)
	}

	index := string(files["index.html"])
	if strings.Contains(index, "<script") || !strings.Contains(index, "&lt;script&gt;") ||
		strings.Count(index, "(in the trash)") != 1 {
		t.Errorf("index.html:\n%s", index)
	}
	linked := map[string]bool{"index.html": true}
	for _, m := range linksOf.FindAllStringSubmatch(index, -1) {
		u := must(http.NewRequest("GET", "http://local/"+strings.ReplaceAll(m[1], "&amp;", "&"), nil))(t)
		linked[strings.TrimPrefix(path.Clean(u.URL.Path), "/")] = true
	}
	for name := range files {
		if !linked[name] {
			t.Errorf("index.html has no link to %q", name)
		}
	}
	if len(linked) != len(files) {
		t.Errorf("index.html links to %d files of %d", len(linked), len(files))
	}

	none := unzip(t, w.want(w.do("GET", "/api/v1/me/export", nil, bearer(theirs)...), 200).body)
	if len(none) != 1 || none["index.html"] == nil {
		t.Errorf("who has no videos gets %d files", len(none))
	}
}

func TestExportOfAWorkspace(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	member := w.newUser("eve@example.org", "Eve")
	mine := w.newReadyVideo()
	owner := w.key
	w.key = member
	hers := w.newReadyVideo()
	w.key = owner
	w.want(w.do("GET", "/api/v1/workspace/export", nil, bearer(member)...), 403)
	w.want(
		w.do("GET", "/api/v1/workspace/export", nil, bearer(w.newKey(servertest.OwnerEmail, storage.ScopeRead))...),
		403,
	)
	w.want(w.do("GET", "/api/v1/workspace/export", nil), 401)
	all := unzip(t, w.want(w.do("GET", "/api/v1/workspace/export", nil, w.asOwner()), 200).body)
	for _, u := range []uploaded{mine, hers} {
		if folder := folderOf(t, all, u.video); string(all[folder+"/video.mp4"]) != movieBytes {
			t.Errorf("%s holds no video", folder)
		}
	}
	own := unzip(t, w.want(w.do("GET", "/api/v1/me/export", nil, bearer(member)...), 200).body)
	if len(own) != 6 {
		t.Errorf("Eve's own are %d files, want one video's and the index", len(own))
	}
	folderOf(t, own, hers.video)
}

func TestExportOfARecording(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newRecording()
	sizes := object{}
	for _, track := range []string{"screen", "camera"} {
		bytes := 0
		for n, body := range []string{track + " one, ", track + " two"} {
			w.want(w.putChunk(u, track, n, body), 201)
			bytes += len(body)
		}
		sizes[track] = object{"chunks": 2, "bytes": bytes}
	}
	w.want(w.do("POST", u.location+"/complete", object{"tracks": sizes}, "Authorization: Bearer "+u.token), 200)
	files := unzip(t, w.want(w.do("GET", "/api/v1/me/export", nil, w.asOwner()), 200).body)
	folder := folderOf(t, files, u.video)
	for name, want := range map[string]string{
		"original.mp4":        "screen one, screen two",
		"original-camera.mp4": "camera one, camera two",
	} {
		if got := string(files[folder+"/"+name]); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
}

// breaking is a store of objects whose reading breaks off where broken says so.
type breaking struct {
	storage.Objects
	broken atomic.Value // the end of their keys
	block  chan struct{}
}

func (b *breaking) Open(ctx context.Context, key string, r storage.Range) (io.ReadCloser, error) {
	body, err := b.Objects.Open(ctx, key, r)
	if ending, ok := b.broken.Load().(string); err == nil && ok && strings.HasSuffix(key, ending) {
		return struct {
			io.Reader
			io.Closer
		}{&brokenReader{body, b.block}, body}, nil
	}
	return body, err
}

// brokenReader gives more than fits into any buffer, waits, and fails.
type brokenReader struct {
	r     io.Reader
	block chan struct{}
}

func (b *brokenReader) Read(p []byte) (int, error) {
	if b.block != nil {
		<-b.block
	}
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func newBreakingFixture(t *testing.T, block chan struct{}) (*fixture, *breaking) {
	objects := &breaking{block: block}
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, c *servertest.Config) {
		objects.Objects, c.Objects = c.Objects, objects
	})
	return w, objects
}

func TestAnExportThatBreaksIsCutOff(t *testing.T) {
	t.Parallel()
	w, objects := newBreakingFixture(t, nil)
	w.newReadyVideo()
	big := strings.Repeat("0123456789abcdef", 1<<16)
	u := w.createUpload(int64(len(big))) // the newest comes first, and fills every buffer on the way
	w.want(w.patch(u, 0, big), 204)
	w.process()
	whole := w.want(w.do("GET", "/api/v1/me/export", nil, w.asOwner()), 200)
	unzip(t, whole.body)

	objects.broken.Store("mp4")
	r := w.do("GET", "/api/v1/me/export", nil, w.asOwner())
	if r.status != 503 && r.status != 500 { // nothing had gone out yet: its best file comes first
		t.Errorf("an export that cannot begin answers %d", r.status)
	}
	parts := w.keys("u/" + u.upload() + "/")
	for _, key := range w.keys("u/") {
		if !slices.Contains(parts, key) {
			objects.broken.Store(key) // the other video's original, which comes later
		}
	}
	res, err := http.DefaultClient.Do(w.request("GET", "/api/v1/me/export", nil, w.asOwner()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if res.StatusCode != 200 || err == nil {
		t.Errorf(
			"an export that broke off after %d bytes of %d ends well: %d",
			len(body),
			len(whole.body),
			res.StatusCode,
		)
	}
	if _, err := zip.NewReader(bytes.NewReader(body), int64(len(body))); err == nil {
		t.Error("what came can be taken for a whole archive")
	}
	if !strings.Contains(w.Log.String(), "answer broken off") {
		t.Error("the operator hears nothing")
	}
}

func TestOneExportAtATime(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	w, objects := newBreakingFixture(t, block)
	member := w.newUser("eve@example.org", "Eve")
	w.newReadyVideo()
	objects.broken.Store("mp4")
	ended := make(chan error, 1)
	go func() {
		res, err := http.DefaultClient.Do(w.request("GET", "/api/v1/me/export", nil, w.asOwner()))
		if err == nil {
			err = res.Body.Close()
		}
		ended <- err
	}()
	block <- struct{}{} // it is in the middle now
	w.want(w.do("GET", "/api/v1/workspace/export", nil, w.asOwner()), 429)
	w.want(w.do("GET", "/api/v1/me/export", nil, bearer(member)...), 200)
	objects.broken.Store("none")
	close(block)
	<-ended
	w.want(w.do("GET", "/api/v1/me/export", nil, w.asOwner()), 200)
}
