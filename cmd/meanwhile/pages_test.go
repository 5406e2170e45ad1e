package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var namedTest = regexp.MustCompile("`([a-z0-9/_.]+_test\\.go):(Test\\w+)`")

// TestPagesNameTestsThatExist checks that the tests named by pages with promises exist.
func TestPagesNameTestsThatExist(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"README.md", "docs/security.md"} {
		page, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		named := namedTest.FindAllStringSubmatch(string(page), -1)
		if len(named) == 0 {
			t.Errorf("%s names no test", path)
		}
		for _, m := range named {
			source, err := os.ReadFile(filepath.Join("../..", m[1]))
			if err != nil {
				t.Errorf("%s: %s: %v", path, m[0], err)
				continue
			}
			if !strings.Contains(string(source), "func "+m[2]+"(") {
				t.Errorf("%s: %s is not there", path, m[0])
			}
		}
	}
}
