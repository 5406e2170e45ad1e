package server_test

import (
	"strings"
	"testing"
)

func TestSettingsAreForWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for path, login := range map[string]string{
		"/settings":         "/login?next=%2Fsettings",
		"/settings/members": "/login?next=%2Fsettings%2Fmembers",
	} {
		if got := w.want(w.do("GET", path, nil), 303).header.Get("Location"); got != login {
			t.Errorf("%s sends a guest to %q, want %q", path, got, login)
		}
		page := string(w.want(w.do("GET", path, nil, w.asOwner()), 200).body)
		if !strings.Contains(page, `id="app"`) || !strings.Contains(page, `href="/settings"`) {
			t.Errorf("%s shows %s", path, page)
		}
	}
	for _, who := range [][]string{nil, {w.asOwner()}} {
		w.want(w.do("GET", "/settings/nothing", nil, who...), 404)
	}
}
