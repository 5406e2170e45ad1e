package server_test

import (
	"testing"
	"time"
)

// TestAProxyThatNobodyTrustsIsNoticed asks as a proxy does, then as visitors who come by
// themselves.
func TestAProxyThatNobodyTrustsIsNoticed(t *testing.T) {
	t.Parallel()
	want := func(w *fixture, proxy string) {
		t.Helper()
		if got, err := w.Core.Store.UntrustedProxy(t.Context()); got != proxy || err != nil {
			t.Errorf("the proxy is %q, %v; want %q", got, err, proxy)
		}
	}
	ask := func(w *fixture, times int, headers ...string) {
		for range times {
			w.want(w.do("GET", "/login", nil, headers...), 200)
		}
	}
	w := newFixture(t)
	ask(w, 10, fromAddress("192.0.2.1"))
	ask(w, 1) // somebody comes directly
	ask(w, 15, fromAddress("192.0.2.2"))
	want(w, "")
	for range 3 { // the proxy's own probe says nothing about visitors
		w.do("GET", "/healthz", nil)
	}
	w.Clock.Move(time.Minute)
	ask(w, 5, fromAddress("192.0.2.3"))
	want(w, "127.0.0.1")
	ask(w, 1) // a probe of a load balancer does not end it at once
	want(w, "127.0.0.1")
	w.Clock.Move(time.Minute)
	ask(w, 1)
	want(w, "")

	told := newFixture(t, behindProxy)
	// as an earlier process left it, before somebody did what the warning says
	if err := told.Core.Store.SetUntrustedProxy(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	ask(told, 1, fromAddress("192.0.2.1"))
	want(told, "")
	ask(told, 30, fromAddress("192.0.2.1"))
	want(told, "")
}
