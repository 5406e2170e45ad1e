package servertest

import (
	"bytes"
	"io"
	"testing"

	"meanwhile/storage"
)

// Damages are what a broken disk or half a restore does to a stored object.
var Damages = []string{"cut", "grown", "gone"}

// Spoil damages a stored object.
func Spoil(t testing.TB, o storage.Objects, key, damage string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := o.Open(t.Context(), key, storage.Range{})
	must(err)
	content, err := io.ReadAll(r)
	must(err)
	must(r.Close())
	must(o.Delete(t.Context(), key))
	switch damage {
	case "gone":
		return
	case "cut":
		content = content[:len(content)/2]
	case "grown":
		content = append(content, '!')
	default:
		t.Fatalf("nobody knows the damage %q", damage)
	}
	_, err = o.Put(t.Context(), key, bytes.NewReader(content))
	must(err)
}

// PartKeys are the objects of a video's upload, in order.
func (f *Fixture) PartKeys(t testing.TB, id storage.VideoID, track string) (keys []string) {
	t.Helper()
	u, err := f.Core.Store.UploadByVideo(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := f.Core.Store.Parts(t.Context(), u.ID, storage.FileTrack)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		keys = append(keys, p.Key)
	}
	chunks, err := f.Core.Store.Chunks(t.Context(), u.ID, track)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range chunks {
		keys = append(keys, c.Key)
	}
	return keys
}
