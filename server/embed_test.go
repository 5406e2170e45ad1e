package server_test

import (
	"html"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"meanwhile/server"
	"meanwhile/server/servertest"
)

// playback is the part of a link's response about media that these tests need.
type playback struct {
	Tracks []struct {
		Sources []struct {
			URL           string
			Width, Height int
		}
		HLS string
	}
	Poster, Storyboard, Waveform string
}

func (w *fixture) playbackOf(token string) playback {
	w.t.Helper()
	var s struct{ Playback playback }
	w.want(w.do("GET", "/api/v1/shares/"+token, nil), 200).decode(w.t, &s)
	return s.Playback
}

func TestALinkNamesAllThatAPlayerNeeds(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	p := w.playbackOf(u.link)
	if len(p.Tracks) != 1 || len(p.Tracks[0].Sources) != 2 || p.Tracks[0].Sources[0].Height != 1080 ||
		p.Tracks[0].Sources[1].Height != 720 {
		t.Fatalf("tracks %+v, want one with 1080 and 720, the largest first", p.Tracks)
	}
	list := p.Tracks[0].HLS
	tests := []struct{ path, mediaType, body string }{
		{list, playlistType, bodyOf(".m3u8")},
		{strings.Replace(list, "hls.m3u8", "480p.m3u8", 1), playlistType, bodyOf(".m3u8")},
		{strings.Replace(list, "hls.m3u8", "480p.m4s", 1), movieType, movieBytes},
		{p.Storyboard, cuesType, bodyOf(".vtt")},
		{strings.Replace(p.Storyboard, ".vtt", ".jpg", 1), "image/jpeg", imageBytes},
		{p.Waveform, "application/json", bodyOf(".json")},
	}
	for _, tc := range tests {
		r := w.want(w.do("GET", tc.path, nil), 200)
		wantHeaders(t, r, map[string]string{
			"Content-Type":           tc.mediaType,
			"Cache-Control":          "private, max-age=43200, immutable",
			"Accept-Ranges":          "bytes",
			"Set-Cookie":             "",
			"X-Content-Type-Options": "nosniff",
		})
		if string(r.body) != tc.body {
			t.Errorf("%s is %q, want %q", tc.mediaType, r.body, tc.body)
		}
	}
	part := w.want(w.do("GET", tests[2].path, nil, "Range: bytes=7-10"), 206)
	if string(part.body) != movieBytes[7:11] {
		t.Errorf("a range of a rung is %q", part.body)
	}
	w.want(w.do("GET", strings.Replace(list, "hls.m3u8", "speech.flac", 1), nil), 404)

	page := html.UnescapeString(string(w.want(w.do("GET", "/v/"+u.link, nil), 200).body))
	for _, want := range []string{`"hls":"` + list, `"storyboard":"` + p.Storyboard, `"waveform":"` + p.Waveform} {
		if !strings.Contains(page, want) {
			t.Errorf("the page's start data lacks %s", want)
		}
	}

	bare := w.playbackOf(w.createUpload(10).link)
	if diff := cmp.Diff(playback{Tracks: bare.Tracks[:0]}, bare); diff != "" {
		t.Errorf("a video that is uploading (-want +got):\n%s", diff)
	}
}

func TestAPageOffersTheFileThatFillsTheWindow(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI)
	page := string(w.want(w.do("GET", "/v/"+w.newReadyVideo().link, nil), 200).body)
	head, body, ok := strings.Cut(page, "<body")
	_, scripted, preloadVideo := strings.Cut(head, `<template id="kept">`)
	_, plain, player := strings.Cut(body, `<noscript><video slot="media"`)
	if !ok || !preloadVideo || !player {
		t.Fatalf(
			"the page has no player in its head for those with scripts and one in its body for those without:\n%s",
			page,
		)
	}
	offered := func(part string) (got []string) {
		for _, m := range regexp.MustCompile(
			`<source src="[^"]*/([^"/]+)" type="[^"]*"(?: media="([^"]*)")?>`,
		).FindAllStringSubmatch(part, -1) {
			got = append(got, m[1], m[2])
		}
		return got
	}
	want := []string{
		"720p.mp4",
		"(max-width: 1280px) and (max-resolution: 1dppx), (max-height: 720px) and (max-resolution: 1dppx), " +
			"(max-width: 640px) and (max-resolution: 2dppx), (max-height: 360px) and (max-resolution: 2dppx), " +
			"(max-width: 426px) and (max-resolution: 3dppx), (max-height: 240px) and (max-resolution: 3dppx)",
		"copy.mp4",
		"",
	}
	for name, part := range map[string]string{"without scripts": plain, "with scripts": scripted} {
		if diff := cmp.Diff(want, offered(part)); diff != "" {
			t.Errorf("sources %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestThePreviewIsItsOwners(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	path := "/api/v1/videos/" + u.video + "/preview"
	r := w.want(w.do("GET", path, nil, w.asOwner(), "Range: bytes=0-5"), 206)
	wantHeaders(
		t,
		r,
		map[string]string{
			"Content-Type":  `video/mp4; codecs="avc1.640028"`,
			"Cache-Control": "private, no-cache",
			"Set-Cookie":    "",
		},
	)
	w.want(w.do("GET", path, nil, "Authorization: Bearer "+w.newUser("eve@example.org", "Eve")), 404)
	w.want(w.do("GET", "/api/v1/videos/"+w.newVideo().video+"/preview", nil, w.asOwner()), 404)
}

func TestThePlayerInsideOtherPages(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI)
	u := w.newReadyVideo()
	guest := w.want(w.do("GET", "/embed/"+u.link+"?t=1m5s", nil), 200)
	for _, want := range []string{"frame-ancestors *", "script-src 'self' 'nonce-"} {
		if !strings.Contains(guest.header.Get("Content-Security-Policy"), want) {
			t.Errorf("policy %q lacks %s", guest.header.Get("Content-Security-Policy"), want)
		}
	}
	wantHeaders(
		t,
		guest,
		map[string]string{
			"Set-Cookie":      "",
			"Referrer-Policy": "no-referrer",
			"X-Robots-Tag":    "noindex",
			"Cache-Control":   "private, no-store",
			"X-Frame-Options": "",
		},
	)
	for _, want := range []string{`href="` +
		w.url + "/v/" + u.link + `?t=65"`,
		"copy.mp4#t=65",
		"/assets/embed-1.js",
		"<style>base css</style>",
		"<video"} {
		if !strings.Contains(string(guest.body), want) {
			t.Errorf("the player lacks %s:\n%s", want, guest.body)
		}
	}
	for _, never := range []string{"/login", "<form", "composer"} {
		if strings.Contains(string(guest.body), never) {
			t.Errorf("the player holds %s", never)
		}
	}
	// It is the same for everybody: it reads neither cookies nor keys.
	session := w.logIn(servertest.OwnerEmail, servertest.OwnerPassword)
	for _, who := range []string{session, w.asOwner(), "Authorization: Bearer nonsense"} {
		r := w.want(w.do("GET", "/embed/"+u.link, nil, who), 200)
		if strings.Contains(string(r.body), "video_id") || strings.Contains(string(r.body), `"owner":true`) {
			t.Error("the player knows its owner")
		}
	}
	for _, path := range []string{"/embed/unknown", "/embed/" + strings.Repeat("x", 300)} {
		r := w.want(w.do("GET", path, nil), 404)
		if !strings.Contains(r.header.Get("Content-Security-Policy"), "frame-ancestors *") ||
			!strings.Contains(string(r.body), "Ask whoever sent it") {
			t.Errorf("%s: %s %s", path, r.header.Get("Content-Security-Policy"), r.body)
		}
	}
	if p := w.want(
		w.do("GET", "/v/"+u.link, nil),
		200,
	).header.Get("Content-Security-Policy"); !strings.Contains(
		p,
		"frame-ancestors 'none'",
	) {
		t.Errorf("the watch page may be framed: %s", p)
	}
}

func TestAnErrorInAFrameIsSeenThere(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(_ *server.Config, _ *server.Deps, lc *servertest.Config) { lc.Store = away{lc.Store} })
	r := w.want(w.do("GET", "/embed/x", nil), 503)
	if !strings.Contains(r.header.Get("Content-Security-Policy"), "frame-ancestors *") {
		t.Errorf("policy %s", r.header.Get("Content-Security-Policy"))
	}
}

type oEmbed struct {
	Type, Version, Title, HTML string
	AuthorName                 string `json:"author_name"`
	ProviderName               string `json:"provider_name"`
	ProviderURL                string `json:"provider_url"`
	Width, Height              int
	ThumbnailURL               string `json:"thumbnail_url"`
	ThumbnailWidth             int    `json:"thumbnail_width"`
	ThumbnailHeight            int    `json:"thumbnail_height"`
}

func TestOEmbed(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	w.want(w.do("PATCH", "/api/v1/videos/"+u.video, object{"title": `A "title" <b>`}, w.asOwner()), 200)
	link := w.url + "/v/" + u.link
	full := oEmbed{
		Type:         "video",
		Version:      "1.0",
		Title:        `A "title" <b>`,
		AuthorName:   "Ada",
		ProviderName: "Meanwhile",
		ProviderURL:  w.url + "/",
		Width:        960,
		Height:       540,
		HTML: `<iframe src="` +
			w.url + "/embed/" + u.link +
			`" width="960" height="540" title="A &#34;title&#34; &lt;b&gt;" style="border:0" loading="lazy" allow="fullscreen; picture-in-picture" allowfullscreen></iframe>`,
		ThumbnailURL:    link + "/poster.jpg",
		ThumbnailWidth:  1280,
		ThumbnailHeight: 720,
	}
	bounded := full
	bounded.Width, bounded.Height = 400, 225
	bounded.ThumbnailURL, bounded.ThumbnailWidth, bounded.ThumbnailHeight = "", 0, 0
	bounded.HTML = strings.Replace(full.HTML, `width="960" height="540"`, `width="400" height="225"`, 1)
	flat := bounded
	flat.Width, flat.Height = 160, 90
	flat.HTML = strings.Replace(full.HTML, `width="960" height="540"`, `width="160" height="90"`, 1)
	tests := []struct {
		name, query string
		want        oEmbed
	}{
		{"a watch link", "url=" + url.QueryEscape(link), full},
		{"with its position, in so many words", "format=json&url=" + url.QueryEscape(link+"?t=90"), full},
		{"an embed link", "url=" + url.QueryEscape(w.url+"/embed/"+u.link), full},
		{"not wider than", "maxwidth=400&url=" + url.QueryEscape(link), bounded},
		{"not higher than", "maxwidth=400&maxheight=90&url=" + url.QueryEscape(link), flat},
		{"room for all of it", "maxwidth=2000&maxheight=2000&url=" + url.QueryEscape(link), full},
	}
	for _, tc := range tests {
		var got oEmbed
		r := w.want(w.do("GET", "/oembed?"+tc.query, nil), 200)
		r.decode(t, &got)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
		wantHeaders(t, r, map[string]string{"Content-Type": "application/json", "Set-Cookie": ""})
	}

	watch := string(w.want(w.do("GET", "/v/"+u.link, nil), 200).body)
	discovery := regexp.MustCompile(
		`<link rel="alternate" type="application/json\+oembed" title="[^"]*" href="([^"]+)">`,
	).
		FindStringSubmatch(watch)
	if discovery == nil {
		t.Fatalf("the watch page does not lead to its oEmbed: %s", watch)
	}
	var found oEmbed
	w.want(w.do("GET", html.UnescapeString(discovery[1]), nil), 200).decode(t, &found)
	if diff := cmp.Diff(full, found); diff != "" {
		t.Errorf("what the watch page leads to (-want +got):\n%s", diff)
	}
}

func TestOEmbedRefuses(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	u := w.newReadyVideo()
	link := url.QueryEscape(w.url + "/v/" + u.link)
	trashed := w.newReadyVideo()
	w.want(w.do("DELETE", "/api/v1/videos/"+trashed.video, nil, w.asOwner()), 204)
	tests := []struct {
		name, query string
		status      int
	}{
		{"another format", "format=xml&url=" + link, 501},
		{"no link", "format=json", 422},
		{"a width that is no number", "maxwidth=wide&url=" + link, 422},
		{"an unknown link", "url=" + url.QueryEscape(w.url+"/v/unknown"), 404},
		{"a link in the trash", "url=" + url.QueryEscape(w.url+"/v/"+trashed.link), 404},
		{"another site", "url=" + url.QueryEscape("https://elsewhere.example/v/"+u.link), 404},
		{"another page", "url=" + url.QueryEscape(w.url+"/login"), 404},
		{"a part of the page", "url=" + url.QueryEscape(w.url+"/v/"+u.link+"/poster.jpg"), 404},
		{"no address", "url=%25zz", 404},
		{
			"another scheme",
			"url=" + url.QueryEscape("javascript://"+strings.TrimPrefix(w.url, "http://")+"/v/"+u.link),
			404,
		},
	}
	missing := ""
	for _, tc := range tests {
		r := w.want(w.do("GET", "/oembed?"+tc.query, nil), tc.status)
		if tc.status != 404 {
			continue
		}
		if body := changing.ReplaceAllString(string(r.body), ""); missing == "" {
			missing = body
		} else if body != missing {
			t.Errorf("%s: %s, others %s", tc.name, body, missing)
		}
	}
}

func TestAPastedLinkLooksRight(t *testing.T) {
	t.Parallel()
	w := newFixture(t, func(c *server.Config, _ *server.Deps, _ *servertest.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	u := w.newReadyVideo()
	proxied := []string{"Host: updates.example.org", "X-Forwarded-Proto: https"}
	page := string(w.want(w.do("GET", "/v/"+u.link, nil, proxied...), 200).body)
	player := "https://updates.example.org/embed/" + u.link
	for _, want := range []string{
		`<meta property="og:video" content="` + player + `">`,
		`<meta property="og:video:secure_url" content="` + player + `">`,
		`<meta property="og:video:type" content="text/html">`,
		`<meta property="og:video:width" content="960">`,
		`<meta property="og:video:height" content="540">`,
		`<meta property="og:video" content="https://updates.example.org/v/` + u.link + `/video.mp4">`,
		`<meta property="og:video:type" content="video/mp4">`,
		`<meta name="twitter:card" content="player">`, `<meta name="twitter:player" content="` + player + `">`,
		`<meta name="twitter:image" content="https://updates.example.org/v/` + u.link + `/poster.jpg">`,
	} {
		if strings.Count(page, want) != 1 {
			t.Errorf("the page holds %s %d times", want, strings.Count(page, want))
		}
	}
	waiting := string(w.want(w.do("GET", "/v/"+w.createUpload(10).link, nil), 200).body)
	for _, never := range []string{"og:video\"", "twitter:player", "og:image\""} {
		if strings.Contains(waiting, never) {
			t.Errorf("a page without a video promises %s", never)
		}
	}
}
