package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// uploadMemory keeps the addresses of unfinished uploads in the user's cache folder, so that push
// can continue after an interruption. The addresses alone open nothing: that needs the API key.
type uploadMemory struct{ path string }

func memoryPath() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "meanwhile", "uploads.json")
}

func (m uploadMemory) all() map[string]remembered {
	known := make(map[string]remembered)
	b, err := os.ReadFile(m.path)
	if err != nil || json.Unmarshal(b, &known) != nil {
		// nothing remembered: the upload begins again, which costs only time
		return make(map[string]remembered)
	}
	return known
}

func (m uploadMemory) get(key string) (remembered, bool) {
	r, ok := m.all()[key]
	return r, ok
}

func (m uploadMemory) put(key string, r remembered) error {
	known := m.all()
	known[key] = r
	return m.write(known)
}

func (m uploadMemory) forget(key string) error {
	known := m.all()
	if _, ok := known[key]; !ok {
		return nil
	}
	delete(known, key)
	return m.write(known)
}

func (m uploadMemory) write(known map[string]remembered) error {
	b, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("remember upload: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(m.path), 0o700); err != nil {
		return fmt.Errorf("remember upload: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(m.path), "uploads-*")
	if err != nil {
		return fmt.Errorf("remember upload: %w", err)
	}
	_, err = tmp.Write(b)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return fmt.Errorf("remember upload: %w", err)
	}
	return os.Rename(tmp.Name(), m.path)
}
