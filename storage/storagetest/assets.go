package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"meanwhile/storage"
)

func newAsset(id storage.VideoID, generation int, name string) storage.Asset {
	a := storage.Asset{
		ID:         storage.AssetID(storage.NewRandomID()),
		VideoID:    id,
		Generation: generation,
		Kind:       storage.AssetRendition,
		Name:       name,
		Key:        "v/" + storage.NewRandomID(),
		MediaType:  `video/mp4; codecs="avc1.64001f, mp4a.40.2"`,
		Everywhere: true,
		Width:      1280,
		Height:     720,
		SizeBytes:  5 << 30,
		SHA256:     "sum",
		Duration:   61_234 * time.Millisecond,
		CreatedAt:  noon,
	}
	if name == "poster.jpg" {
		a.Kind, a.MediaType = storage.AssetPoster, "image/jpeg"
	}
	return a
}

var assetTests = []storeTest{
	{"assets are listed by generation, oldest first, and found by name", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		v := mustVideo(t, s)
		late, early := newAsset(v.ID, 1, "1080p.mp4"), newAsset(v.ID, 1, "copy.mp4")
		late.CreatedAt = noon.Add(time.Second)
		for _, a := range []storage.Asset{late, early, newAsset(v.ID, 2, "copy.mp4")} {
			must(t, s.CreateAsset(ctx, a))
		}
		if diff := cmp.Diff([]storage.Asset{early, late}, mustGet(s.AssetsByVideo(ctx, v.ID, 1))(t)); diff != "" {
			t.Errorf("AssetsByVideo() (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(late, mustGet(s.AssetByName(ctx, v.ID, 1, late.Name))(t)); diff != "" {
			t.Errorf("AssetByName() (-want +got):\n%s", diff)
		}
		_, err := s.AssetByName(ctx, v.ID, 2, late.Name)
		wantKind(t, "AssetByName in another generation", err, storage.NotFound)
	}},
	{"a name is taken once in a generation", func(t *testing.T, s storage.Store) {
		v := mustVideo(t, s)
		must(t, s.CreateAsset(t.Context(), newAsset(v.ID, 1, "copy.mp4")))
		wantKind(t, "CreateAsset", s.CreateAsset(t.Context(), newAsset(v.ID, 1, "copy.mp4")), storage.Conflict)
	}},
	{"a probe is kept whole and replaced", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		v := mustVideo(t, s)
		_, err := s.ProbeOf(ctx, v.ID, 1)
		wantKind(t, "ProbeOf", err, storage.NotFound)
		must(t, s.SaveProbe(ctx, v.ID, 1, storage.Probe{Container: storage.ContainerAVI}))
		want := storage.Probe{
			Container:  storage.ContainerMP4,
			SizeBytes:  5 << 30,
			DurationMS: 61_234,
			Streams:    2,
			Fragmented: true,
			Video: &storage.VideoStream{
				Codec:         "hevc",
				Profile:       "Main 10",
				FPS:           29.97,
				ColorTransfer: "arib-std-b67",
				Frames:        1835,
			},
			Audio: &storage.AudioStream{Codec: "aac", Channels: 2, SampleRate: 48_000},
		}
		must(t, s.SaveProbe(ctx, v.ID, 1, want))
		if diff := cmp.Diff(want, mustGet(s.ProbeOf(ctx, v.ID, 1))(t)); diff != "" {
			t.Errorf("ProbeOf() (-want +got):\n%s", diff)
		}
	}},
}
