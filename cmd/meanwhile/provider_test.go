package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDoctorLooksAtTheProvider(t *testing.T) {
	t.Parallel()
	var issuer string // its own name
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).
			Encode(map[string]any{"issuer": issuer, "authorization_endpoint": issuer +
				"/a", "token_endpoint": issuer + "/t", "jwks_uri": issuer + "/k"})
	}))
	t.Cleanup(provider.Close)
	look := func() finding { return checkProvider(t.Context(), patient{config: &Config{OIDCIssuer: provider.URL}}) }
	issuer = provider.URL
	if f := look(); f.Result != "ok" || !strings.Contains(f.Detail, provider.URL) {
		t.Errorf("of one that answers the doctor says %+v", f)
	}
	issuer = "https://somebody.example.com"
	if f := look(); f.Result != "fail" || f.Mend == "" {
		t.Errorf("of one that is another the doctor says %+v", f)
	}
	provider.Close()
	if f := look(); f.Result != "fail" || f.Mend == "" {
		t.Errorf("of one that is away the doctor says %+v", f)
	}
	if f := checkProvider(t.Context(), patient{config: &Config{}}); f.Result != "ok" {
		t.Errorf("of none the doctor says %+v", f)
	}
}
