// Package ffmpegtest makes the clips that tests need, with ffmpeg's own sources. A clip with the
// same arguments is made once on a machine and then comes from the user's cache folder.
package ffmpegtest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Clip makes a clip in a folder of the test and returns its path. words are ffmpeg's arguments,
// separated by spaces. The file extension chooses the container unless the words do.
func Clip(t testing.TB, name, words string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	Make(t, path, strings.Fields(words)...)
	return path
}

// Make is Clip for arguments with spaces in them: args are all but the output. The test owns the
// file at path.
func Make(t testing.TB, path string, args ...string) {
	t.Helper()
	kept, err := keptAs(filepath.Ext(path), args)
	if err != nil {
		t.Fatalf("find a place for a clip: %v", err)
	}
	if _, err := os.Stat(kept); errors.Is(err, fs.ErrNotExist) {
		if err := encode(t, kept, args); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyFile(path, kept); err != nil {
		t.Fatalf("copy a clip: %v", err)
	}
}

// encode makes the cached file. If two processes make the same file, the later one replaces the
// first.
func encode(t testing.TB, kept string, args []string) error {
	dir, err := os.MkdirTemp(filepath.Dir(kept), "making-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, filepath.Base(kept))
	all := append(append([]string{"-v", "error", "-nostdin"}, args...), made)
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", all...).CombinedOutput(); err != nil {
		return fmt.Errorf("ffmpeg %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	if err := os.Rename(made, kept); err != nil {
		return fmt.Errorf("keep a clip: %w", err)
	}
	return nil
}

// keptAs is the cache path. It depends on the arguments, on the content of the files that they
// name, and on this version of ffmpeg.
func keptAs(ext string, args []string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	dir := filepath.Join(cache, "meanwhile", "clips")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	v, err := version()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n", v, ext)
	for _, arg := range args {
		content, err := os.ReadFile(arg)
		if err != nil { // not a file name
			content = []byte(arg)
		}
		fmt.Fprintf(sum, "%d\n%s\n", len(content), content)
	}
	return filepath.Join(dir, hex.EncodeToString(sum.Sum(nil))+ext), nil
}

var version = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("ffmpeg", "-version").Output()
	if err != nil {
		return "", fmt.Errorf("ask ffmpeg for its version: %w", err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line, nil
})

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
