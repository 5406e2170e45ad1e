package server_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"meanwhile/server/servertest"
	"meanwhile/storage"
)

// fetched is an answer that may be broken off in its middle.
type fetched struct {
	status int
	body   []byte
	kind   string // of the problem
	broken error
}

func (w *fixture) fetch(path string, headers ...string) fetched {
	w.t.Helper()
	res, err := http.DefaultClient.Do(w.request("GET", path, nil, headers...))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	f := fetched{status: res.StatusCode}
	f.body, f.broken = io.ReadAll(res.Body)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		f.kind = reply{status: f.status, body: f.body}.text(w.t, "type")
	}
	return f
}

// assetOf is an asset of a video's published generation.
func (w *fixture) assetOf(u uploaded, name string) storage.Asset {
	w.t.Helper()
	v := must(w.Core.Store.VideoByID(w.t.Context(), storage.VideoID(u.video)))(w.t)
	return must(w.Core.Store.AssetByName(w.t.Context(), v.ID, v.Published, name))(w.t)
}

func (w *fixture) warnings(u uploaded) string {
	w.t.Helper()
	var v struct {
		Warnings []string
		State    string
		Failure  string
	}
	w.want(w.do("GET", "/api/v1/videos/"+u.video, nil, w.asOwner()), 200).decode(w.t, &v)
	return v.State + ": " + strings.Join(append(v.Warnings, v.Failure), " ")
}

// TestADamagedOriginalIsNotSentAsWhole damages one of three parts of an upload.
func TestADamagedOriginalIsNotSentAsWhole(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	pieces := []string{
		strings.Repeat("one ", 50_000),
		strings.Repeat("two ", 50_000),
		strings.Repeat("end ", 50_000),
	}
	for _, damage := range servertest.Damages {
		u := w.createUpload(600_000)
		for i, p := range pieces {
			w.want(w.patch(u, int64(i)*200_000, p), 204)
		}
		address := "/api/v1/videos/" + u.video + "/original"
		servertest.Spoil(t, w.Core.Objects, w.PartKeys(t, storage.VideoID(u.video), storage.ScreenTrack)[1], damage)
		if r := w.fetch(address, w.asOwner()); r.status != 200 || r.broken == nil ||
			!strings.HasPrefix(strings.Join(pieces, ""), string(r.body)) {
			t.Errorf("%s: all of it: %d, %d bytes (%v), want it broken off", damage, r.status, len(r.body), r.broken)
		}
		if r := w.fetch(address, w.asOwner(), "Range: bytes=200000-200009"); r.status != 500 ||
			r.kind != "urn:meanwhile:damaged" || !strings.Contains(string(r.body), "from 33 % on it cannot be read") {
			t.Errorf("%s: a range in the damage: %d %q (%v), want 500", damage, r.status, r.body, r.broken)
		}
		for _, from := range []string{"100000-100009", "400000-400009"} {
			if r := w.fetch(address, w.asOwner(), "Range: bytes="+from); r.status != 206 || len(r.body) != 10 {
				t.Errorf("%s: a range beside the damage: %d %q (%v), want 206", damage, r.status, r.body, r.broken)
			}
		}
	}
}

// TestADamagedVersionIsToldOnceAndMadeAnew damages one of two published versions.
func TestADamagedVersionIsToldOnceAndMadeAnew(t *testing.T) {
	t.Parallel()
	for _, damage := range servertest.Damages {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			u := w.newReadyVideo()
			source, _ := w.mediaOf(u)
			key := w.assetOf(u, "copy.mp4").Key
			servertest.Spoil(t, w.Core.Objects, key, damage)
			if !strings.HasSuffix(source, "/copy.mp4") {
				t.Fatalf("the first source is %s", source)
			}
			if r := w.fetch(source); r.status != 500 || r.kind != "urn:meanwhile:damaged" {
				t.Errorf("%d %q (%v), want 500", r.status, r.body, r.broken)
			}
			for range 3 {
				if r := w.fetch(source, "Range: bytes=1-2"); r.status != 410 {
					t.Errorf("asked again: %d %q, want 410", r.status, r.body)
				}
			}
			named := 0
			for line := range strings.Lines(w.Log.String()) {
				if strings.Contains(line, key) {
					named++
				}
			}
			if named != 1 {
				t.Errorf("%d lines of the log name the object, want one", named)
			}
			if next, _ := w.mediaOf(u); !strings.HasSuffix(next, "/720p.mp4") {
				t.Errorf("viewers are offered %s, want the next best", next)
			}
			const sentence = "ready: A version of this video is damaged in the storage. " +
				"Process it again to make it anew. "
			if got := w.warnings(u); got != sentence {
				t.Errorf("the owner reads %q, want %q", got, sentence)
			}
			page := w.want(w.do("GET", "/v/"+u.link, nil, w.asOwner()), 200)
			if !bytes.Contains(page.body, []byte("is damaged in the storage")) {
				t.Error("the watch page says nothing to its owner")
			}
			w.want(w.do("POST", "/api/v1/videos/"+u.video+"/reprocess", nil, w.asOwner()), 202)
			w.process()
			if got := w.warnings(u); got != "ready: " {
				t.Errorf("after another generation the owner reads %q", got)
			}
			source, _ = w.mediaOf(u)
			if r := w.fetch(source); r.status != 200 || string(r.body) != movieBytes {
				t.Errorf("after another generation: %d %q", r.status, r.body)
			}
		})
	}
}

// TestAVideoWhoseEveryVersionIsDamagedHasFailed damages all published versions.
func TestAVideoWhoseEveryVersionIsDamagedHasFailed(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	for range 2 {
		source, _ := w.mediaOf(u)
		name := source[strings.LastIndex(source, "/")+1:]
		servertest.Spoil(t, w.Core.Objects, w.assetOf(u, name).Key, "gone")
		w.fetch(source)
	}
	const sentence = "failed: This video is damaged in the storage. Process it again to make it anew."
	if got := strings.Join(strings.Fields(w.warnings(u)), " "); got != sentence {
		t.Errorf("the owner reads %q, want %q", got, sentence)
	}
	shared := w.want(w.do("GET", "/api/v1/shares/"+u.link, nil), 200)
	if shared.text(t, "state") != "failed" {
		t.Errorf("viewers read %s", shared.body)
	}
	w.want(w.do("POST", "/api/v1/videos/"+u.video+"/reprocess", nil, w.asOwner()), 202)
	if got := w.warnings(u); !strings.HasPrefix(got, "processing: ") {
		t.Errorf("while it is processed again the owner reads %q", got)
	}
	w.process()
	if got := w.warnings(u); got != "ready: " {
		t.Errorf("after another generation the owner reads %q", got)
	}
}

// TestAMarkedVersionThatIsWholeAgainPlays brings a file back, as the second half of a restore does.
func TestAMarkedVersionThatIsWholeAgainPlays(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	source, _ := w.mediaOf(u)
	key := w.assetOf(u, "copy.mp4").Key
	servertest.Spoil(t, w.Core.Objects, key, "gone")
	w.fetch(source)
	must(w.Core.Objects.Put(t.Context(), key, strings.NewReader(movieBytes)))(t)
	if again, _ := w.mediaOf(u); again != source {
		t.Errorf("viewers are offered %s, want %s again", again, source)
	}
	if got := w.warnings(u); got != "ready: " {
		t.Errorf("the owner still reads %q", got)
	}
}

// TestAnExportLeavesOutWhatIsDamagedAndSaysSo damages the largest version and the original.
func TestAnExportLeavesOutWhatIsDamagedAndSaysSo(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	servertest.Spoil(t, w.Core.Objects, w.assetOf(u, "copy.mp4").Key, "cut")
	servertest.Spoil(t, w.Core.Objects, w.PartKeys(t, storage.VideoID(u.video), storage.ScreenTrack)[0], "cut")
	files := unzip(t, w.want(w.do("GET", "/api/v1/me/export", nil, w.asOwner()), 200).body)
	folder := folderOf(t, files, u.video)
	if got := string(files[folder+"/video.mp4"]); got != movieBytes {
		t.Errorf("video.mp4 is %q, want the next version", got)
	}
	if _, ok := files[folder+"/original.mp4"]; ok {
		t.Error("there is an original, but it is damaged")
	}
	const want = "This version of the video is damaged in the storage.\n" +
		"The original is damaged in the storage: it cannot be read.\n"
	if got := string(files[folder+"/damaged.txt"]); got != want {
		t.Errorf("damaged.txt is %q, want %q", got, want)
	}
}
