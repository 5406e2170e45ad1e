package server

import (
	"encoding/json"
	"net/http"
	"slices"
)

type wireHealth struct {
	Status  string   `json:"status" enum:"ok,unavailable"`
	Missing []string `json:"missing" nullable:"false" doc:"Needed services that do not answer"`
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, wireHealth{Status: "ok", Missing: []string{}})
}

// readiness names what is missing. The reason is in the log.
func (s *server) readiness(w http.ResponseWriter, r *http.Request) error {
	out := wireHealth{Status: "ok", Missing: []string{}}
	if s.Ready != nil {
		for name, err := range s.Ready(r.Context()) {
			if err != nil {
				s.Log.Warn("not ready", "part", name, "error", err)
				out.Missing = append(out.Missing, name)
			}
		}
	}
	slices.Sort(out.Missing)
	status := http.StatusOK
	if len(out.Missing) > 0 {
		out.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	return writeJSON(w, status, out)
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // who has gone needs no answer
	return nil
}
