package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
)

type pushCmd struct {
	Files []string `arg:"" name:"file" help:"Files to upload."`
	Title string   `help:"Title; default: the file's name."`
	Wait  bool     `help:"Wait until each video is ready."`
	JSON  bool     `name:"json" help:"Print one JSON object per line instead of links."`
	URL   string   `env:"MEANWHILE_URL" default:"http://localhost:8080" help:"Address of the site."`
	Token string   `env:"MEANWHILE_TOKEN" help:"API key with the scopes upload and read (meanwhile token add)."`
}

// pushed is what --json prints for one file.
type pushed struct {
	File     string `json:"file"`
	ID       string `json:"id"`
	WatchURL string `json:"watch_url"`
	State    string `json:"state"`
	Failure  string `json:"failure,omitempty"`
}

// Run uploads the files one after another and prints a watch link for each. If an upload was
// interrupted, the same command continues it where it stopped.
func (p pushCmd) Run(ctx context.Context, o out) error {
	if p.Token == "" {
		return usageError{
			errors.New("no API key: make one with `meanwhile token add --email YOU`, and set MEANWHILE_TOKEN"),
		}
	}
	if p.Title != "" && len(p.Files) > 1 {
		return usageError{errors.New("--title goes with one file")}
	}
	for _, path := range p.Files {
		if info, err := os.Stat(path); err != nil {
			return usageError{fmt.Errorf("cannot read %s: %w", path, err)}
		} else if info.IsDir() {
			return usageError{fmt.Errorf("%s is a folder: name the files in it", path)}
		}
	}
	client := newPushClient(p.URL, p.Token)
	var failed error
	for _, path := range p.Files {
		result, err := p.one(ctx, client, path, o)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := p.print(o.stdout, result); err != nil {
			return err
		}
		if result.State == "failed" {
			failed = errors.Join(failed, fmt.Errorf("%s: %s", path, result.Failure))
		}
	}
	return failed
}

func (p pushCmd) print(w io.Writer, r pushed) error {
	if p.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintln(w, r.WatchURL)
	return err
}

func (p pushCmd) one(ctx context.Context, client *pushClient, path string, o out) (pushed, error) {
	f, err := os.Open(path)
	if err != nil {
		return pushed{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return pushed{}, err
	}
	bar := newBar(o.stderr, filepath.Base(path), info.Size())
	up, err := client.upload(ctx, f, info, p.Title, func(sent int64) { bar.Set64(sent) })
	if err != nil {
		bar.Exit()
		return pushed{}, err
	}
	bar.Finish()
	r := pushed{File: path, ID: up.VideoID, WatchURL: up.WatchURL, State: "processing"}
	if !p.Wait {
		return r, nil
	}
	return p.wait(ctx, client, r, o.stderr)
}

// wait follows the video until it plays everywhere or has failed.
func (p pushCmd) wait(ctx context.Context, client *pushClient, r pushed, stderr io.Writer) (pushed, error) {
	bar := newBar(stderr, "processing", 100)
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		v, err := client.video(ctx, r.ID)
		if err != nil {
			return r, err
		}
		bar.Set(int(v.Progress * 100))
		if v.State == "ready" || v.State == "failed" {
			bar.Finish()
			r.State, r.Failure = v.State, v.Failure
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, errors.New("stopped waiting; the upload is complete and goes on being processed")
		case <-tick.C:
		}
	}
}

// newBar draws on a terminal, and nothing elsewhere.
func newBar(w io.Writer, what string, total int64) *progressbar.ProgressBar {
	visible := false
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		visible = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return progressbar.NewOptions64(
		total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetVisibility(visible),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(total != 100),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}
