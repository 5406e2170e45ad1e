package server_test

import "os"

// soaked gives what a test does in the gate, or, where make soak runs it, the longer form of it.
func soaked[T any](gate, soak T) T {
	if os.Getenv("MEANWHILE_SOAK") == "on" {
		return soak
	}
	return gate
}
