package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"meanwhile/storage"
	"meanwhile/worker/ffmpeg"
	"meanwhile/worker/stages"
)

// verified checks a file against want and stores it, both at once because somebody may be waiting.
// Nobody sees the file until finish names it.
func (j *job) verified(ctx context.Context, path string, want ffmpeg.Want, a storage.Asset) (storage.Asset, error) {
	var made storage.Probe
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		made, err = j.Tools.Verify(ctx, path, want)
		return err
	})
	both.Go(func() (err error) {
		a, err = j.stored(ctx, path, a)
		return err
	})
	if err := both.Wait(); err != nil {
		return a, err
	}
	return j.described(a, made, want), nil
}

// described adds what the check found in a file to its row.
func (j *job) described(a storage.Asset, made storage.Probe, want ffmpeg.Want) storage.Asset {
	a.Duration = time.Duration(made.DurationMS) * time.Millisecond
	if made.Video != nil {
		a.Width, a.Height = made.Video.Width, made.Video.Height
	}
	if want.Copied { // rotated and stretched as in the source
		a.Width, a.Height = j.task.Probe.Video.Width, j.task.Probe.Video.Height
	}
	if a.MediaType == "" {
		a.MediaType = made.MediaType()
	}
	return a
}

// stored stores a file with the files for viewers, and fills in key, size and hash. On an error the
// key may be set, and finish removes the object.
func (j *job) stored(ctx context.Context, path string, a storage.Asset) (storage.Asset, error) {
	both, ctx := errgroup.WithContext(ctx)
	var sum string
	both.Go(func() (err error) {
		sum, err = hashFile(ctx, path)
		return err
	})
	both.Go(func() error {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open output: %w", err)
		}
		defer f.Close()
		// The file itself, so that a folder of objects can take it over without a copy.
		a.Key, a.SizeBytes, err = j.Stages.PutDerived(ctx, j.task, extension(a.Name), f)
		return err
	})
	err := both.Wait()
	a.SHA256 = sum
	return a, err
}

// written stores content that this process made.
func (j *job) written(ctx context.Context, content []byte, a storage.Asset) (storage.Asset, error) {
	sum := sha256.Sum256(content)
	a.SHA256 = hex.EncodeToString(sum[:])
	var err error
	a.Key, a.SizeBytes, err = j.Stages.PutDerived(ctx, j.task, extension(a.Name), bytes.NewReader(content))
	return a, err
}

func extension(name string) string { return strings.TrimPrefix(filepath.Ext(name), ".") }

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open output: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	defer context.AfterFunc(ctx, func() { _ = f.Close() })()
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 1<<20)); err != nil {
		return "", fmt.Errorf("hash output: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// all makes one asset after another and stops at the first error. It also returns the assets made
// before the error.
func (j *job) all(makers ...func() (storage.Asset, error)) ([]storage.Asset, error) {
	var assets []storage.Asset
	for _, make := range makers {
		a, err := make()
		assets = append(assets, a)
		if err != nil {
			return assets, err
		}
	}
	return assets, nil
}

// finish names the new objects in one fenced commit. If err is set or the lease is lost, it removes
// them.
func (j *job) finish(ctx context.Context, o stages.Outcome, err error) error {
	if err == nil {
		err = j.Stages.Finish(ctx, j.task, o)
	}
	if err == nil {
		return nil
	}
	for _, a := range o.Assets {
		if a.Key != "" {
			j.discard(ctx, a.Key)
		}
	}
	return err
}
