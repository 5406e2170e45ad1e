package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var namedTest = regexp.MustCompile("`([a-z0-9/_.]+_test\\.go):(Test\\w+)`")

// TestTheSecurityPageNamesTestsThatExist holds docs/security.md to what is there.
func TestTheSecurityPageNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	named := namedTest.FindAllStringSubmatch(string(page), -1)
	if len(named) == 0 {
		t.Error("it names no test")
	}
	for _, m := range named {
		source, err := os.ReadFile(filepath.Join("../..", m[1]))
		if err != nil {
			t.Errorf("%s: %v", m[0], err)
			continue
		}
		if !strings.Contains(string(source), "func "+m[2]+"(") {
			t.Errorf("%s is not there", m[0])
		}
	}
}
