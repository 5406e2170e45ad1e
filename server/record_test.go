package server_test

import (
	"strings"
	"testing"
)

func TestTheRecorderAloneMayAskForScreenCameraAndMicrophone(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI)
	const want = "display-capture=(self), camera=(self), microphone=(self)"
	page := w.want(w.do("GET", "/record", nil, w.asOwner()), 200)
	wantHeaders(t, page, map[string]string{"Permissions-Policy": want, "Cache-Control": "private, no-store"})
	if !strings.Contains(string(page.body), `id="boot"`) {
		t.Errorf("the page holds no boot: %s", page.body)
	}
	for _, path := range []string{"/", "/login"} {
		if got := w.do("GET", path, nil, w.asOwner()).header.Get("Permissions-Policy"); got == want {
			t.Errorf("%s may ask, too: %q", path, got)
		}
	}
	wantHeaders(t, w.want(w.do("GET", "/record", nil), 303), map[string]string{"Location": "/login?next=/record"})
}

func TestAScriptThatRunsAsAWorkerMayUploadAndMakeSound(t *testing.T) {
	t.Parallel()
	w := newFixture(t, withUI)
	script := w.want(
		w.do("GET", "/assets/watch-1.js", nil, "Accept-Encoding: identity"),
		200,
	).header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "connect-src 'self'", "script-src 'self' 'wasm-unsafe-eval'",
		"worker-src 'self' blob:",
	} {
		if !strings.Contains(script, want) {
			t.Errorf("policy of a script %q lacks %s", script, want)
		}
	}
	style := w.want(
		w.do("GET", "/assets/watch-1.css", nil, "Accept-Encoding: identity"),
		200,
	).header.Get("Content-Security-Policy")
	if strings.Contains(style, "connect-src") || strings.Contains(style, "wasm") {
		t.Errorf("policy of a style %q", style)
	}
}
