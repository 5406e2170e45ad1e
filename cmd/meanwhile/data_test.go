package main

import (
	"path/filepath"
	"testing"
)

func TestWorkersOnOneMachineHaveFoldersOfTheirOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	take := func() (string, func() error) {
		t.Helper()
		path, unlock, err := ownFolder(dir, "scratch")
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Base(path), unlock
	}
	first, leave := take()
	second, _ := take()
	if first != "scratch" || second != "scratch-2" {
		t.Errorf("two workers got %s and %s, want scratch and scratch-2", first, second)
	}
	if err := leave(); err != nil {
		t.Fatal(err)
	}
	if third, _ := take(); third != "scratch" {
		t.Errorf("the next worker got %s, want what the first has left", third)
	}
}
