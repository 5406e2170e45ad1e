package server

import "net/http"

// recordPage is the data of record.html.
type recordPage struct {
	common
	Boot recordBoot
}

// recordBoot is the data that the recorder's script starts with.
type recordBoot struct {
	User wireUser `json:"user"`
}

// mayCapture lets this page ask for screen, camera and microphone, but no frame in it.
const mayCapture = "display-capture=(self), camera=(self), microphone=(self)"

// record shows the recorder to people who are signed in.
func (s *server) record(w http.ResponseWriter, r *http.Request) error {
	a := visitOf(r.Context()).actor
	if !a.SignedIn() {
		return redirect(w, r, "/login?next=/record")
	}
	w.Header().Set("Permissions-Policy", mayCapture)
	return s.render(
		w,
		r,
		http.StatusOK,
		"record",
		&recordPage{common: common{Title: "New recording"}, Boot: recordBoot{User: userOf(a)}},
	)
}

// scriptPolicy goes with scripts. A script that runs as a worker has the policy of its own
// response. The recorder's workers upload, and make AAC by WebAssembly in a worker of their own.
const scriptPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; " +
	"connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
