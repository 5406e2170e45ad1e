package s3store_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain runs many tests at once: most of them wait for a server that is silent.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
