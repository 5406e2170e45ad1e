package s3store_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets many tests wait at once: most of them wait for a server that says nothing.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
