package source

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"meanwhile/storage"
	"meanwhile/worker/media"
)

// BeginsAsMP4 reports whether a source begins like an MP4 from a browser.
func BeginsAsMP4(src *Source) bool {
	var head [8]byte
	n, _ := src.ReadAt(head[:], 0)
	return n == len(head) && string(head[4:]) == "ftyp"
}

// Take adds to t what a walk found.
func Take(t *storage.Track, w media.FragmentWalk) error {
	timing, err := json.Marshal(w.Tracks)
	if err != nil {
		return fmt.Errorf("encode timing: %w", err)
	}
	t.Timing, t.InitBytes, t.IndexedBytes = string(timing), w.Index.InitBytes, w.Settled()
	t.Fragments += len(w.Index.Fragments)
	for _, f := range w.Index.Fragments {
		t.DurationMS = max(t.DurationMS, (f.Start + f.Duration).Milliseconds())
	}
	var codecs []string
	for _, m := range w.Tracks {
		if m.Codec != "" {
			codecs = append(codecs, m.Codec)
		}
		if m.Width > 0 {
			t.Width, t.Height = m.Width, m.Height
		}
	}
	t.Codecs = strings.Join(codecs, ", ")
	return nil
}

// Track finds a track. NotFound if there is none.
func (o *Opener) Track(ctx context.Context, id storage.UploadID, name string) (storage.Track, error) {
	tracks, err := o.store.Tracks(ctx, id)
	if err != nil {
		return storage.Track{}, fmt.Errorf("list tracks: %w", err)
	}
	for _, t := range tracks {
		if t.Name == name {
			return t, nil
		}
	}
	return storage.Track{}, storage.E(storage.NotFound, "There is nothing of this track.", nil)
}

// HasTrack reports whether any part of a recording's track has arrived.
func (o *Opener) HasTrack(ctx context.Context, id storage.VideoID, name string) (bool, error) {
	u, err := o.store.UploadByVideo(ctx, id)
	if err != nil {
		return false, fmt.Errorf("find upload: %w", err)
	}
	chunks, _, err := o.store.TrackEnd(ctx, u.ID, name)
	return chunks > 0, err
}
