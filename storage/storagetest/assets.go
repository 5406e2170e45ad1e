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
	{"damage is stored once, and taken back", func(t *testing.T, s storage.Store) {
		ctx := t.Context()
		v := mustVideo(t, s)
		damage := func() storage.Damage { return mustGet(s.VideoSummary(ctx, v.ID))(t).Damage }
		big, small, poster := newAsset(
			v.ID,
			1,
			"1080p.mp4",
		), newAsset(
			v.ID,
			1,
			"480p.mp4",
		), newAsset(
			v.ID,
			1,
			"poster.jpg",
		)
		for _, a := range []storage.Asset{big, small, poster} {
			must(t, s.CreateAsset(ctx, a))
		}
		mustGet(s.StartGeneration(ctx, v.ID, noon))(t)
		must(t, s.PublishGeneration(ctx, v.ID, 1, noon))
		late := noon.Add(time.Hour)
		for _, step := range []struct {
			asset   storage.Asset
			at      *time.Time
			changed bool
			want    storage.Damage
		}{
			{big, nil, false, storage.DamageNone},
			{big, &noon, true, storage.DamageSome},
			{big, &late, false, storage.DamageSome},
			{small, &noon, true, storage.DamageAll},
			{big, nil, true, storage.DamageSome},
			{small, nil, true, storage.DamageNone},
			{poster, &noon, true, storage.DamageSome},
			{newAsset(v.ID, 1, "another.mp4"), &noon, false, storage.DamageSome},
		} {
			if changed := mustGet(s.MarkAsset(ctx, step.asset.ID, step.at))(t); changed != step.changed {
				t.Errorf("MarkAsset(%s, %v) = %t", step.asset.Name, step.at, changed)
			}
			if got := damage(); got != step.want {
				t.Errorf("after %s, %v: damage %q, want %q", step.asset.Name, step.at, got, step.want)
			}
		}
		if a := mustGet(s.AssetByName(ctx, v.ID, 1, "poster.jpg"))(t); a.DamagedAt == nil || !a.DamagedAt.Equal(noon) {
			t.Errorf("the row says %v", a.DamagedAt)
		}
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
