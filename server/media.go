package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"

	"meanwhile/storage"
)

// How caches may keep bytes. Never in a shared cache, because permission is checked per link.
const (
	cacheGranted = "private, max-age=43200, immutable" // the address itself ends within 12 hours
	cacheChecked = "private, no-cache"                 // kept, but asked for each time
)

// media serves a player. It reads no cookies: the grant in the address gives the permission.
func (s *server) media(w http.ResponseWriter, r *http.Request) error {
	number, ok := strings.CutPrefix(r.PathValue("generation"), "g")
	generation, err := strconv.Atoi(number)
	if !ok || err != nil {
		return errNoRoute
	}
	if generation == 0 {
		return s.liveMedia(w, r)
	}
	a, err := s.Core.MediaByGrant(r.Context(), r.PathValue("grant"), generation, r.PathValue("name"))
	if err != nil {
		return err
	}
	if done, err := s.redirect(w, r, a); done || err != nil {
		return err
	}
	return s.serveAsset(w, r, a, cacheGranted)
}

// linkPoster is the picture for places that show a pasted link. Permission is checked each time.
func (s *server) linkPoster(w http.ResponseWriter, r *http.Request) error {
	a, err := s.Watch.Poster(r.Context(), visitOf(r.Context()).actor, r.PathValue("token"))
	if err != nil {
		return err
	}
	// other sites are meant to show it
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	return s.serveAsset(w, r, a, cacheChecked)
}

func (s *server) linkDownload(w http.ResponseWriter, r *http.Request) error {
	deadline(w, 0)
	a, v, err := s.Watch.Download(r.Context(), visitOf(r.Context()).actor, r.PathValue("token"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", attachment(v.Title+path.Ext(a.Name), "video"+path.Ext(a.Name)))
	return s.serveAsset(w, r, a, cacheChecked)
}

// linkFile is the whole video as one file, for places that show a pasted link that allows download.
// Permission is checked each time.
func (s *server) linkFile(w http.ResponseWriter, r *http.Request) error {
	deadline(w, 0)
	a, err := s.Watch.File(r.Context(), visitOf(r.Context()).actor, r.PathValue("token"))
	if err != nil {
		return err
	}
	// other sites are meant to show it
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	return s.serveAsset(w, r, a, cacheChecked)
}

func (s *server) serveAsset(w http.ResponseWriter, r *http.Request, a storage.Asset, cache string) error {
	src, err := s.openAsset(r.Context(), a)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", a.MediaType)
	h.Set("Cache-Control", cache)
	h.Set("ETag", `"`+assetTag(a)+`"`)
	if !packable(a) {
		err := serveContent(w, r, src)
		return errors.Join(err, src.Close())
	}
	h.Add("Vary", "Accept-Encoding")
	err = servePacked(w, r, src)
	return errors.Join(err, src.Close())
}

// maxPacked limits what is compressed while it is sent. The playlist of a four-hour rung is half as
// large.
const maxPacked = 1 << 20

// packable reports whether gzip makes an asset much smaller. Lists and cues repeat themselves, and
// on a slow line the start of the video waits for them.
func packable(a storage.Asset) bool {
	switch a.Kind {
	case storage.AssetPlaylist, storage.AssetCues, storage.AssetPeaks:
		return a.SizeBytes >= tooSmallToPack && a.SizeBytes <= maxPacked
	}
	return false
}

// servePacked sends all of src compressed if the client accepts gzip. It sends parts as they are.
func servePacked(w http.ResponseWriter, r *http.Request, src io.ReadSeeker) error {
	if r.Header.Get("Range") != "" || !accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		return serveContent(w, r, src)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, src); err != nil {
		return fmt.Errorf("pack asset: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("pack asset: %w", err)
	}
	h := w.Header()
	h.Set("ETag", strings.TrimSuffix(h.Get("ETag"), `"`)+`-gzip"`) // other bytes, another name (RFC 9110, 8.8.3)
	h.Set("Content-Encoding", "gzip")
	return serveContent(w, r, bytes.NewReader(b.Bytes()))
}

// assetTag is the ETag of bytes that never change under it.
func assetTag(a storage.Asset) string {
	if len(a.SHA256) >= 32 {
		return a.SHA256[:32]
	}
	return string(a.ID)
}

// openAsset returns the object itself if it can seek (a file, which leaves by sendfile). If not, it
// reads ranges of it.
func (s *server) openAsset(ctx context.Context, a storage.Asset) (io.ReadSeekCloser, error) {
	whole, err := s.Watch.OpenAsset(ctx, a)
	if err != nil {
		return nil, err
	}
	if seeker, ok := whole.(io.ReadSeekCloser); ok {
		return seeker, nil
	}
	return &ranged{objects: s.Core.Objects, key: a.Key, size: a.SizeBytes, open: whole, ctx: ctx}, nil
}

// ranged seeks in an object whose reader cannot seek. It opens the object again at the new place.
type ranged struct {
	objects storage.Objects
	key     string
	size    int64
	at      int64
	open    io.ReadCloser   // nil until needed
	openAt  int64           // where the next read of open starts
	ctx     context.Context //nolint:containedctx // lives as long as the request that opened it
}

// Read reads from the current place.
func (o *ranged) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.open == nil || o.openAt != o.at {
		if err := o.reopen(); err != nil {
			return 0, err
		}
	}
	n, err := o.open.Read(p)
	o.at += int64(n)
	o.openAt = o.at
	return n, err
}

func (o *ranged) reopen() error {
	if err := o.Close(); err != nil {
		return err
	}
	r, err := storage.OpenStored(o.ctx, o.objects, o.key, o.size, o.at)
	if err != nil {
		return fmt.Errorf("open %s from %d: %w", o.key, o.at, err)
	}
	o.open, o.openAt = r, o.at
	return nil
}

// Seek moves. It opens nothing until the next Read.
func (o *ranged) Seek(offset int64, whence int) (int64, error) {
	offset, err := storage.SeekTo(o.at, o.size, offset, whence)
	if err != nil {
		return 0, err
	}
	o.at = offset
	return offset, nil
}

// Close closes what is open.
func (o *ranged) Close() error {
	if o.open == nil {
		return nil
	}
	err := o.open.Close()
	o.open = nil
	return err
}

// maxFilename keeps names below the limit of file systems, with room for what a browser adds.
const maxFilename = 150

// attachment is a Content-Disposition for a name that a person chose (RFC 6266): ASCII for old
// clients, UTF-8 for the rest.
func attachment(name, otherwise string) string {
	name = safeFilename(name)
	if name == "" {
		name = otherwise
	}
	plain := strings.Map(func(r rune) rune {
		if r > 126 || r == '"' || r == '%' || r == ';' {
			return '_'
		}
		return r
	}, name)
	escaped := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, plain, escaped)
}

// safeFilename removes what has a meaning for a file system or a shell window. If the name is too
// long, it cuts the end before the extension.
func safeFilename(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) {
			return -1
		}
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	ext := path.Ext(name)
	if len(ext) > 10 {
		ext = ""
	}
	stem := []rune(strings.Trim(strings.TrimSuffix(name, ext), " ."))
	for len(string(stem)) > maxFilename {
		stem = stem[:len(stem)-1]
	}
	if len(stem) == 0 {
		return ""
	}
	return strings.TrimSpace(string(stem)) + ext
}
