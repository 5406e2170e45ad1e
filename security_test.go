package meanwhile_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityDocumentIsTrue holds that each test and file that docs/security.md names is there.
func TestSecurityDocumentIsTrue(t *testing.T) {
	document, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	err = fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || path == "bin" || path == "data") {
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		b, err := os.ReadFile(path)
		tests.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(string(document), -1)
	if len(names) < 40 {
		t.Errorf("%d tests are named", len(names))
	}
	for _, name := range names {
		if !strings.Contains(tests.String(), "func "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
	for _, file := range regexp.MustCompile("`((?:web/e2e|server/testdata)/[^`]+)`").FindAllStringSubmatch(string(document), -1) {
		if _, err := os.Stat(file[1]); err != nil {
			t.Error(err)
		}
	}
}
