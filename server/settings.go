package server

import (
	"net/http"
	"net/url"
	"slices"
)

// settingsTabs are the parts of the settings. Each has its own address. The API decides what
// somebody may see and do there.
var settingsTabs = []string{"you", "sessions", "keys", "members", "workspace", "comments", "log"}

// settingsPage is the data of settings.html.
type settingsPage struct {
	common
	Boot settingsBoot
}

// settingsBoot is the data that the script of the settings starts with.
type settingsBoot struct {
	User wireUser `json:"user"`
}

// settings shows the settings to people who are signed in.
func (s *server) settings(w http.ResponseWriter, r *http.Request) error {
	tab := r.PathValue("tab")
	if tab != "" && !slices.Contains(settingsTabs, tab) {
		return errNoRoute
	}
	a := visitOf(r.Context()).actor
	if !a.SignedIn() {
		return redirect(w, r, "/login?next="+url.QueryEscape(r.URL.Path))
	}
	return s.render(
		w,
		r,
		http.StatusOK,
		"settings",
		&settingsPage{common: common{Title: "Settings"}, Boot: settingsBoot{User: userOf(a)}},
	)
}
