package main_test

import "os"

// soaked returns gate, or soak in the longer tests of make soak.
func soaked[T any](gate, soak T) T {
	if os.Getenv("MEANWHILE_SOAK") == "on" {
		return soak
	}
	return gate
}
