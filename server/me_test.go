package server_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"

	"meanwhile/server"
	"meanwhile/server/servertest"
	"meanwhile/storage"
)

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	here, there := w.logIn(
		servertest.OwnerEmail,
		servertest.OwnerPassword,
	), w.logIn(
		servertest.OwnerEmail,
		servertest.OwnerPassword,
	)
	other := w.newPerson("bob", storage.RoleMember)
	type one struct {
		ID, Device string
		Current    bool
	}
	list := func(who string) (items []one) {
		t.Helper()
		var page struct{ Items []one }
		r := w.want(w.do("GET", "/api/v1/me/sessions", nil, who), 200)
		r.decode(t, &page)
		_, cookie, _ := strings.Cut(who, "=")
		if hash := storage.SecretHash(cookie); strings.Contains(string(r.body), hash[:16]) {
			t.Errorf("shows the hash of a session: %s", r.body)
		}
		return page.Items
	}
	of := func(who string) string {
		for _, s := range list(who) {
			if s.Current {
				return s.ID
			}
		}
		t.Fatal("no current session")
		return ""
	}
	if n := len(list(here)); n != 3 { // with the one of set-up
		t.Errorf("%d sessions, want 3", n)
	}
	w.want(w.do("DELETE", "/api/v1/me/sessions/"+of(other.session), nil, here), 404)
	w.want(w.do("DELETE", "/api/v1/me/sessions/"+of(there), nil, here), 204)
	w.want(w.do("GET", "/api/v1/session", nil, there), 401)
	there = w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	w.want(w.do("DELETE", "/api/v1/me/sessions", nil, here), 204)
	w.want(w.do("GET", "/api/v1/session", nil, there), 401)
	w.want(w.do("GET", "/api/v1/session", nil, other.session), 200)
	if left := list(here); len(left) != 1 || !left[0].Current {
		t.Errorf("left %v", left)
	}
	w.Clock.Move(time.Hour)
	before := w.want(w.do("GET", "/api/v1/me/sessions", nil, here), 200) // whose own use is noted
	w.want(w.do("DELETE", "/api/v1/me/sessions/"+of(here), nil, here), 204)
	w.want(w.do("GET", "/api/v1/session", nil, here), 401)
	var used struct {
		Items []struct {
			Created time.Time `json:"created_at"`
			Last    time.Time `json:"last_used_at"`
		}
	}
	before.decode(t, &used)
	if d := used.Items[0].Last.Sub(used.Items[0].Created); d < 59*time.Minute {
		t.Errorf("last used %v after it began", d)
	}
}

func TestAPasswordChangeEndsEverySession(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	here, there := w.logIn(
		servertest.OwnerEmail,
		servertest.OwnerPassword,
	), w.logIn(
		servertest.OwnerEmail,
		servertest.OwnerPassword,
	)
	put := func(current, password string) reply {
		return w.do("PUT", "/api/v1/me/password", object{"current": current, "password": password}, here)
	}
	w.want(put("wrong", otherPassword), 400)
	w.want(put(servertest.OwnerPassword, "short"), 400)
	w.want(w.do("GET", "/api/v1/session", nil, there), 200)
	changed := w.want(put(servertest.OwnerPassword, otherPassword), 204)
	w.want(w.do("GET", "/api/v1/session", nil, here), 401)
	w.want(w.do("GET", "/api/v1/session", nil, there), 401)
	w.want(w.do("GET", "/api/v1/session", nil, sessionIn(t, changed)), 200)
	w.want(
		w.do("POST", "/api/v1/session", object{"email": servertest.OwnerEmail, "password": servertest.OwnerPassword}),
		401,
	)
	w.logIn(servertest.OwnerEmail, otherPassword)
}

func TestTriesOfAPasswordChangeAreBounded(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) { c.LogInsPerMinute = 2 })
	here := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	for _, want := range []int{400, 400, 429} {
		w.want(w.do("PUT", "/api/v1/me/password", object{"current": "wrong", "password": otherPassword}, here), want)
	}
}

func TestKeysOfAPerson(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	ada := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	bob := w.newPerson("bob", storage.RoleMember)
	end := w.Clock.Now().Add(time.Hour)
	made := w.want(
		w.do("POST", "/api/v1/me/keys", object{"name": "ci", "scopes": []string{"read"}, "expires_at": end}, ada),
		201,
	)
	key := "Authorization: Bearer " + made.text(t, "secret")
	w.want(w.do("GET", "/api/v1/videos", nil, key), 200)
	w.want(w.do("POST", "/api/v1/videos", object{"source": "recording"}, key), 403)
	list := string(w.want(w.do("GET", "/api/v1/me/keys", nil, ada), 200).body)
	if !strings.Contains(list, "last_used_at") || !strings.Contains(list, "expires_at") ||
		strings.Contains(list, made.text(t, "secret")) {
		t.Errorf("list %s", list)
	}
	w.want(w.do("DELETE", "/api/v1/me/keys/"+made.text(t, "id"), nil, bob.session), 404)
	w.want(w.do("DELETE", "/api/v1/me/keys/"+made.text(t, "id"), nil, ada), 204)
	w.want(w.do("GET", "/api/v1/videos", nil, key), 401)
	if log := string(
		w.want(w.do("GET", "/api/v1/workspace/audit?limit=1", nil, ada), 200).body,
	); !strings.Contains(
		log,
		`"key-deleted","subject":"ci"`,
	) {
		t.Errorf("the log says %s", log)
	}
	again := w.want(
		w.do("POST", "/api/v1/me/keys", object{"name": "ci", "scopes": []string{"read"}, "expires_at": end}, ada),
		201,
	)
	key = "Authorization: Bearer " + again.text(t, "secret")
	w.want(w.do("GET", "/api/v1/videos", nil, key), 200)
	w.Clock.Move(time.Hour)
	w.want(w.do("GET", "/api/v1/videos", nil, key), 401)
	w.want(w.do("POST", "/api/v1/me/keys", object{"name": " ", "scopes": []string{"read"}}, ada), 400)
	w.want(
		w.do("POST", "/api/v1/me/keys", object{"name": "x", "scopes": []string{"read"}, "expires_at": end}, ada),
		400,
	)
	w.want(w.do("POST", "/api/v1/me/keys", object{"name": "x", "scopes": []string{"all"}}, ada), 422)
}

// TestNoKeyManagesCredentials uses the owner's key with every scope.
func TestNoKeyManagesCredentials(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	member := w.addMember()
	for _, row := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/api/v1/me/keys", nil},
		{"POST", "/api/v1/me/keys", object{"name": "x", "scopes": []string{"read"}}},
		{"DELETE", "/api/v1/me/keys/none", nil},
		{"GET", "/api/v1/me/sessions", nil},
		{"DELETE", "/api/v1/me/sessions", nil},
		{"DELETE", "/api/v1/me/sessions/none", nil},
		{"PUT", "/api/v1/me/password", object{"current": servertest.OwnerPassword, "password": otherPassword}},
		{"POST", "/api/v1/me/workspace", object{"id": w.workspace(w.asOwner())}},
		{"POST", "/api/v1/workspaces", object{"name": "x"}},
		{"POST", "/api/v1/workspace/members/" + member + "/log-in-link", nil},
		{"POST", "/api/v1/workspace/owner", object{"id": member}},
	} {
		if r := w.do(row.method, row.path, row.body, w.asOwner()); r.status != 403 {
			t.Errorf("%s %s: %d %s", row.method, row.path, r.status, r.body)
		}
	}
	some := "Authorization: Bearer " + w.newKey(servertest.OwnerEmail, storage.ScopeRead, storage.ScopeWrite)
	for _, path := range []string{"/api/v1/workspace", "/api/v1/workspace/members", "/api/v1/workspace/invites"} {
		w.want(w.do("GET", path, nil, some), 403)
		w.want(w.do("GET", path, nil, w.asOwner()), 200)
	}
}

func TestAProfile(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	patch := func(body object) reply { return w.do("PATCH", "/api/v1/me", body, w.asOwner()) }
	me := w.want(patch(object{"name": " Ada\u202e L. ", "time_zone": "Pacific/Chatham", "language": "zh-Hant-TW"}), 200)
	if me.text(t, "name") != "Ada L." || me.text(t, "time_zone") != "Pacific/Chatham" ||
		me.text(t, "language") != "zh-Hant-TW" ||
		me.field(t, "has_password") != true {
		t.Errorf("me %s", me.body)
	}
	for _, zone := range []string{
		"Mars/Olympus", "Local", "../../etc/passwd", "/etc/localtime", "Europe/../UTC", "posix/UTC", "utc\x00",
		"Europe", "Europe/Lisbon ", "zone.tab",
	} {
		if r := patch(object{"time_zone": zone}); r.status != 400 {
			t.Errorf("time zone %q: %d", zone, r.status)
		}
	}
	for _, tag := range []string{"e", "english", "en_US", "en-", "-en", "en-US<script>", "日本"} {
		if r := patch(object{"language": tag}); r.status != 400 {
			t.Errorf("language %q: %d", tag, r.status)
		}
	}
	w.want(patch(object{"name": "\u202e"}), 400)
	if me := w.want(
		patch(object{"time_zone": "", "language": ""}),
		200,
	); me.text(t, "time_zone") != "" ||
		me.text(t, "name") != "Ada L." {
		t.Errorf("me %s", me.body)
	}
}

// pngOf is a picture of one colour.
func pngOf(width, height int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer never fails
	return b.Bytes()
}

// hugePNG claims a width and a height of width, in a few bytes.
func hugePNG(width uint32) []byte {
	b := pngOf(1, 1)
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], width)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// halves is a JPEG whose left half is white. Its Exif data says how the camera was held.
func halves(t testing.TB, turned byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 400, 300))
	for y := range 300 {
		for x := range 200 {
			img.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := append(
		[]byte("\xFF\xE1\x00\x22Exif\x00\x00MM\x00\x2A\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"),
		turned,
		0,
		0,
		0,
		0,
		0,
		0,
	)
	return append(append([]byte{0xFF, 0xD8}, exif...), b.Bytes()[2:]...)
}

func TestAPicture(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	put := func(body any) reply { return w.do("PUT", "/api/v1/me/picture", body, w.asOwner()) }
	shown := func() image.Image {
		t.Helper()
		me := w.want(w.do("GET", "/api/v1/me", nil, w.asOwner()), 200)
		r := w.want(w.do("GET", me.text(t, "picture_url"), nil, w.asOwner()), 200)
		if !strings.HasPrefix(r.header.Get("Cache-Control"), "private") {
			t.Errorf("Cache-Control %s", r.header.Get("Cache-Control"))
		}
		img, _, err := image.Decode(bytes.NewReader(r.body))
		if err != nil || img.Bounds().Dx() != 256 || img.Bounds().Dy() != 256 {
			t.Fatalf("picture %v, %v", img, err)
		}
		return img
	}
	w.want(put(pngOf(1000, 20)), 204)
	first := w.want(w.do("GET", "/api/v1/me", nil, w.asOwner()), 200).text(t, "picture_url")
	shown()
	// a camera held on its side: the white left half is at the top
	w.want(put(halves(t, 6)), 204)
	img := shown()
	if top, bottom := color.GrayModel.Convert(img.At(128, 10)), color.GrayModel.Convert(
		img.At(128, 245),
	); top.(color.Gray).Y < 200 ||
		bottom.(color.Gray).Y > 50 {
		t.Errorf("top %v, bottom %v", top, bottom)
	}
	if second := w.want(w.do("GET", "/api/v1/me", nil, w.asOwner()), 200).text(t, "picture_url"); second == first {
		t.Error("the address is the same as before")
	}
	seen := image.NewNRGBA(image.Rect(0, 0, 50, 50)) // all transparent
	var b bytes.Buffer
	_ = png.Encode(&b, seen)
	w.want(put(b.Bytes()), 204)
	if _, _, _, a := shown().At(10, 10).RGBA(); a != 0 {
		t.Error("what could be seen through cannot any more")
	}
	kept := 0
	for _, err := range w.Core.Objects.List(t.Context(), "p/") {
		if err != nil {
			t.Fatal(err)
		}
		kept++
	}
	if kept != 1 {
		t.Errorf("%d pictures are kept, want the last one", kept)
	}
	w.want(w.do("DELETE", "/api/v1/me/picture", nil, w.asOwner()), 204)
	w.want(w.do("GET", first, nil, w.asOwner()), 404)
	w.want(w.do("GET", "/api/v1/people/none/picture", nil, w.asOwner()), 404)
}

func TestPicturesThatAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	var moving bytes.Buffer
	_ = gif.Encode(&moving, image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black}), nil)
	whole := pngOf(300, 300)
	scans := append(halves(t, 1), bytes.Repeat([]byte{0xFF, 0xC2, 0xFF, 0xDA}, 100)...)
	for name, tc := range map[string]struct {
		body []byte
		want int
	}{
		"nothing":                    {nil, 415},
		"a GIF":                      {moving.Bytes(), 415},
		"an SVG":                     {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), 415},
		"a page that begins as one":  {[]byte("\x89PNG<script>alert(1)</script>"), 415},
		"a header that claims a lot": {hugePNG(60_000), 413},
		"more than 16 megapixels":    {hugePNG(4_001), 413},
		"one that claims the most":   {hugePNG(1 << 31), 422},
		"half a file":                {whole[:len(whole)/2], 422},
		"a beginning alone":          {whole[:12], 422},
		"half a JPEG":                {halves(t, 1)[:60], 422},
		"a WebP of nothing":          {[]byte("RIFF\x10\x00\x00\x00WEBPVP8 \x00\x00\x00\x00"), 422},
		"many scans":                 {scans, 413},
		"more than 5 MiB":            {make([]byte, 5<<20+1), 413},
	} {
		w.Clock.Move(10 * time.Second) // a person may send ten a minute
		if r := w.do("PUT", "/api/v1/me/picture", tc.body, w.asOwner()); r.status != tc.want {
			t.Errorf("%s: %d, want %d: %s", name, r.status, tc.want, r.body)
		}
	}
	for n := range 11 {
		if r := w.do("PUT", "/api/v1/me/picture", "no picture", w.asOwner()); n == 10 && r.status != 429 {
			t.Errorf("the eleventh at once: %d", r.status)
		}
	}
	w.Clock.Move(time.Minute)
	if me := w.want(w.do("GET", "/api/v1/me", nil, w.asOwner()), 200); me.field(t, "picture_url") != nil {
		t.Errorf("me %s", me.body)
	}
}

func FuzzSmallPicture(f *testing.F) {
	f.Add(pngOf(2, 2))
	f.Add(hugePNG(60_000))
	f.Add(halves(f, 6)[:120])
	f.Add([]byte("RIFF\x10\x00\x00\x00WEBPVP8 \x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		small, ext, err := server.SmallPicture(b)
		if err != nil {
			if storage.KindOf(err) == storage.Internal {
				t.Errorf("an error that nobody classified: %v", err)
			}
			return
		}
		c, _, err := image.DecodeConfig(bytes.NewReader(small))
		if err != nil || c.Width != 256 || c.Height != 256 || ext != ".jpg" && ext != ".png" {
			t.Errorf("made %v %q, %v", c, ext, err)
		}
	})
}
