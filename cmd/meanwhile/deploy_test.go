package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDeployNamesOnlySettingsThatExist reads everything that deploys the program, so that the old
// name of a renamed setting does not stay there.
func TestDeployNamesOnlySettingsThatExist(t *testing.T) {
	t.Parallel()
	var known []string
	for i := range reflect.TypeFor[Config]().NumField() {
		name := reflect.TypeFor[Config]().Field(i).Tag.Get("env")
		known = append(known, name, name+"_FILE")
	}
	setting := regexp.MustCompile(`\bMEANWHILE_[A-Z_]+\b`)
	for path, atLeast := range map[string]int{
		"docker-compose.yml": 7, "deploy/Dockerfile": 4, "deploy/caddy/Caddyfile": 1,
		"deploy/nginx.conf": 2, "deploy/systemd/meanwhile.service": 2,
	} {
		text, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		names := setting.FindAllString(string(text), -1)
		if len(names) < atLeast {
			t.Errorf("%s names %d settings, want %d at least", path, len(names), atLeast)
		}
		for _, name := range names {
			if !slices.Contains(known, name) {
				t.Errorf("%s sets %s, which does not exist (meanwhile --help-config)", path, name)
			}
		}
	}
}

// TestComposeMountsTheSecretsThatAreMade compares docker-compose.yml with deploy/make-secrets.sh.
func TestComposeMountsTheSecretsThatAreMade(t *testing.T) {
	t.Parallel()
	read := func(path, pattern string) (names []string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			names = append(names, found[1])
		}
		slices.Sort(names)
		return names
	}
	made := read("deploy/make-secrets.sh", `(?m)^keep ([a-z0-9_]+) `)
	mounted := read("docker-compose.yml", `file: \./secrets/([a-z0-9_]+)`)
	if len(made) == 0 || !slices.Equal(made, mounted) {
		t.Errorf(
			"make-secrets.sh makes %s, docker-compose.yml mounts %s",
			strings.Join(made, " "),
			strings.Join(mounted, " "),
		)
	}
}
