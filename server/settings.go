package server

import (
	"net/http"
	"net/url"
	"slices"
)

// settingsTabs are the parts of the settings, each with an address of its own. What somebody may
// see and do there is asked of the API.
var settingsTabs = []string{"you", "sessions", "keys", "members", "workspace", "comments", "log"}

// settingsPage is the data of settings.html.
type settingsPage struct {
	common
	Boot settingsBoot
}

// settingsBoot is what the script of the settings begins with.
type settingsBoot struct {
	User wireUser `json:"user"`
}

// settings shows the settings to who is signed in.
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
