package server_test

import "os"

// soaked returns gate for a normal test run, and soak, the longer form, for make soak.
func soaked[T any](gate, soak T) T {
	if os.Getenv("MEANWHILE_SOAK") == "on" {
		return soak
	}
	return gate
}
