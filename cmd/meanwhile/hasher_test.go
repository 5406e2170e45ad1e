package main

import (
	"testing"
	"time"

	"meanwhile/storage"
)

func TestAPasswordWaitsForItsTurnForAWhile(t *testing.T) {
	t.Parallel()
	h := newHasher()
	h.within = 10 * time.Millisecond
	hash, err := h.Hash(t.Context(), "a long password")
	if err != nil {
		t.Fatal(err)
	}
	for range hashersAtOnce {
		h.slots <- struct{}{}
	}
	if _, err := h.Verify(t.Context(), "a long password", hash); storage.KindOf(err) != storage.Unavailable {
		t.Errorf("in a crowd: %v, want Unavailable", err)
	}
	h.within = time.Minute
	verified := make(chan bool)
	go func() {
		ok, err := h.Verify(t.Context(), "a long password", hash)
		verified <- ok && err == nil
	}()
	<-h.slots
	if !<-verified {
		t.Error("whose turn it is does not get in")
	}
}
