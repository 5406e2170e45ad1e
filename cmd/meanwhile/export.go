package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"meanwhile/server"
	"meanwhile/storage"
)

type exportCmd struct {
	Video string `xor:"what" required:"" placeholder:"ID" help:"One video."`
	All   bool   `xor:"what" required:"" help:"All videos of every workspace, the trash as well."`
	Dir   string `arg:"" help:"Folder to write to; it must be empty or new."`
}

// Run writes the same files as the site's archives, beside a running server or without one.
func (e exportCmd) Run(ctx context.Context, c *Config, o out) error {
	return withServices(ctx, c, o, func(services *server.Services) (err error) {
		export, err := services.Archive.ExportForOperator(ctx, storage.VideoID(e.Video))
		if err != nil {
			return err
		}
		tree, err := newFolderTree(e.Dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, tree.close()) }()
		if err := export.Write(ctx, tree, server.ExportIndex); err != nil {
			return fmt.Errorf("this export is not complete: empty %s and try again: %w", e.Dir, err)
		}
		fmt.Fprintln(o.stdout, filepath.Join(e.Dir, "index.html"))
		return nil
	})
}

// folderTree writes an export into a folder, and never outside it, whatever its files are called.
type folderTree struct {
	root     *os.Root
	open     *os.File
	name     string
	modified time.Time
}

// newFolderTree creates the folder if it is missing, and refuses one that is not empty.
func newFolderTree(dir string) (*folderTree, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look into folder: %w", err)
	}
	if len(entries) > 0 {
		return nil, storage.E(
			storage.Conflict,
			fmt.Sprintf("%s is not empty. Name an empty or a new folder.", dir),
			nil,
		)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	return &folderTree{root: root}, nil
}

// File begins the next file.
func (t *folderTree) File(name string, modified time.Time, _ bool) (io.Writer, error) {
	if err := t.end(); err != nil {
		return nil, err
	}
	if dir := path.Dir(name); dir != "." {
		if err := t.root.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make folder: %w", err)
		}
	}
	f, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make file: %w", err)
	}
	t.open, t.name, t.modified = f, name, modified
	return f, nil
}

// end completes the open file.
func (t *folderTree) end() error {
	if t.open == nil {
		return nil
	}
	err := errors.Join(t.open.Close(), t.root.Chtimes(t.name, t.modified, t.modified))
	t.open = nil
	if err != nil {
		return fmt.Errorf("end file: %w", err)
	}
	return nil
}

func (t *folderTree) close() error { return errors.Join(t.end(), t.root.Close()) }
