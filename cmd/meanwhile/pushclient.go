package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pushTries is how often an upload is resumed without any progress before push gives up.
const pushTries = 8

// pushClient speaks tus 1.0 (https://tus.io/protocols/resumable-upload) and the JSON API.
type pushClient struct {
	base   string
	token  string
	client *http.Client
	memory uploadMemory
}

func newPushClient(base, token string) *pushClient {
	return &pushClient{
		base:   strings.TrimSuffix(base, "/"),
		token:  token,
		client: &http.Client{},
		memory: uploadMemory{path: memoryPath()},
	}
}

// remembered is an upload known to the server.
type remembered struct {
	Location string `json:"location"`
	VideoID  string `json:"video_id"`
	WatchURL string `json:"watch_url"`
}

// upload sends the file from where an earlier try stopped. It retries with growing waits while the
// network is down.
func (c *pushClient) upload(
	ctx context.Context,
	f *os.File,
	info os.FileInfo,
	title string,
	sent func(int64),
) (remembered, error) {
	key := fmt.Sprintf("%s|%s|%d|%d", c.base, absolute(f.Name()), info.Size(), info.ModTime().UnixMilli())
	up, known := c.memory.get(key)
	var last int64 = -1
	for try := 1; ; try++ {
		offset, err := c.attempt(ctx, f, info, title, key, &up, &known, sent)
		if err == nil {
			return up, c.memory.forget(key)
		}
		var final *problem
		if ctx.Err() != nil {
			return up, errors.New("interrupted; run the same command again to continue where it stopped")
		}
		if errors.As(err, &final) && !final.retryable() {
			return up, err
		}
		if offset > last {
			last, try = offset, 1
		}
		if try >= pushTries {
			return up, fmt.Errorf(
				"no progress after %d tries (run the same command again to continue): %w",
				pushTries,
				err,
			)
		}
		if err := pause(ctx, try); err != nil {
			return up, err
		}
	}
}

// attempt creates the upload if there is none, asks for its offset, and sends the rest.
func (c *pushClient) attempt(
	ctx context.Context,
	f *os.File,
	info os.FileInfo,
	title, key string,
	up *remembered,
	known *bool,
	sent func(int64),
) (int64, error) {
	if *known {
		offset, err := c.offset(ctx, up.Location)
		var gone *problem
		if errors.As(err, &gone) && (gone.Status == http.StatusNotFound || gone.Status == http.StatusGone) {
			*known = false
		} else if err != nil {
			return -1, err
		} else {
			return c.send(ctx, f, info.Size(), offset, up.Location, sent)
		}
	}
	made, err := c.create(ctx, filepath.Base(f.Name()), title, info.Size())
	if err != nil {
		return -1, err
	}
	*up, *known = made, true
	if err := c.memory.put(key, made); err != nil {
		return -1, err
	}
	return c.send(ctx, f, info.Size(), 0, up.Location, sent)
}

func (c *pushClient) create(ctx context.Context, filename, title string, size int64) (remembered, error) {
	meta := "filename " + base64.StdEncoding.EncodeToString([]byte(filename))
	if title != "" {
		meta += ",title " + base64.StdEncoding.EncodeToString([]byte(title))
	}
	res, err := c.do(ctx, http.MethodPost, c.base+"/api/v1/files/", nil, map[string]string{
		"Upload-Length": strconv.FormatInt(size, 10), "Upload-Metadata": meta,
	})
	if err != nil {
		return remembered{}, err
	}
	defer res.Body.Close()
	location, err := url.Parse(c.base + "/api/v1/files/")
	if err == nil {
		location, err = location.Parse(res.Header.Get("Location"))
	}
	if err != nil {
		return remembered{}, fmt.Errorf("read the upload's address: %w", err)
	}
	return remembered{
		Location: location.String(),
		VideoID:  res.Header.Get("Meanwhile-Video-Id"),
		WatchURL: res.Header.Get("Meanwhile-Watch-Url"),
	}, nil
}

func (c *pushClient) offset(ctx context.Context, location string) (int64, error) {
	res, err := c.do(ctx, http.MethodHead, location, nil, nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return strconv.ParseInt(res.Header.Get("Upload-Offset"), 10, 64)
}

// send streams the file from offset in one request, without holding it in memory.
func (c *pushClient) send(
	ctx context.Context,
	f *os.File,
	size, offset int64,
	location string,
	sent func(int64),
) (int64, error) {
	if offset == size {
		return offset, nil
	}
	body := &counting{r: io.NewSectionReader(f, offset, size-offset), at: offset, sent: sent}
	res, err := c.do(ctx, http.MethodPatch, location, body, map[string]string{
		"Upload-Offset": strconv.FormatInt(offset, 10), "Content-Type": "application/offset+octet-stream",
	})
	if err != nil {
		return offset, err
	}
	defer res.Body.Close()
	now, err := strconv.ParseInt(res.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return offset, fmt.Errorf("read the upload's offset: %w", err)
	}
	if now != size {
		return now, fmt.Errorf("the server has %d of %d bytes", now, size)
	}
	return now, nil
}

// videoState is the part of a video that push reads.
type videoState struct {
	State    string  `json:"state"`
	Failure  string  `json:"failure"`
	Progress float64 `json:"progress"`
}

func (c *pushClient) video(ctx context.Context, id string) (videoState, error) {
	var v videoState
	for try := 1; ; try++ {
		res, err := c.do(ctx, http.MethodGet, c.base+"/api/v1/videos/"+id, nil, nil)
		if err == nil {
			defer res.Body.Close()
			return v, json.NewDecoder(res.Body).Decode(&v)
		}
		var final *problem
		if try >= pushTries || (errors.As(err, &final) && !final.retryable()) {
			return v, err
		}
		if err := pause(ctx, try); err != nil {
			return v, err
		}
	}
}

// do sends one request. It returns an answer of 400 and above as a *problem.
func (c *pushClient) do(
	ctx context.Context,
	method, address string,
	body io.Reader,
	header map[string]string,
) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if b, ok := body.(*counting); ok {
		req.ContentLength = b.r.Size()
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Tus-Resumable", "1.0.0")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reach the site: %w", err)
	}
	if res.StatusCode < 400 {
		return res, nil
	}
	defer res.Body.Close()
	p := &problem{Status: res.StatusCode}
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil || json.NewDecoder(bytes.NewReader(raw)).Decode(p) != nil || p.Detail == "" {
		p.Detail = "the site answered " + res.Status
	}
	return nil, p
}

// problem is an answer in application/problem+json (RFC 9457).
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// Error returns the sentence for people.
func (p *problem) Error() string { return p.Detail }

// retryable reports problems that may pass by themselves: a busy or restarting server, or a changed
// offset.
func (p *problem) retryable() bool {
	switch p.Status {
	case http.StatusConflict, http.StatusLocked, http.StatusTooManyRequests, http.StatusRequestTimeout:
		return true
	}
	return p.Status >= 500 && p.Status != http.StatusInsufficientStorage
}

// pause waits longer with each try, with jitter, up to 10 s.
func pause(ctx context.Context, try int) error {
	wait := min(200*time.Millisecond<<try, 10*time.Second)
	wait = wait/2 + rand.N(wait/2)
	select {
	case <-ctx.Done():
		return errors.New("interrupted; run the same command again to continue where it stopped")
	case <-time.After(wait):
		return nil
	}
}

type counting struct {
	r    *io.SectionReader
	at   int64
	sent func(int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.at += int64(n)
	c.sent(c.at)
	return n, err
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
