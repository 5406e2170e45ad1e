package storage

import (
	"cmp"
	"slices"
	"time"
)

// AssetKind says what a derived object is for.
type AssetKind string

// The kinds of assets.
const (
	AssetCopy      AssetKind = "copy"      // the source's streams in a container that plays
	AssetRendition AssetKind = "rendition" // made to play everywhere
	AssetPoster    AssetKind = "poster"

	AssetCamera     AssetKind = "camera"     // the second track, without sound
	AssetRung       AssetKind = "rung"       // a fragmented MP4 for HLS
	AssetPlaylist   AssetKind = "playlist"   // where its fragments lie: 720p.m3u8 beside 720p.m4s
	AssetStoryboard AssetKind = "storyboard" // a sheet of small pictures
	AssetCues       AssetKind = "cues"       // WebVTT that says when each of them is shown
	AssetPreview    AssetKind = "preview"    // a few moving seconds without sound
	AssetPeaks      AssetKind = "peaks"      // the sound's waveform, JSON
	// screen and camera as one picture; FlatName says by which layout
	AssetFlat   AssetKind = "flat"
	AssetSpeech AssetKind = "speech" // 16 kHz mono, for speech recognition; no viewer's
)

// Asset is an immutable object derived from a source. Viewers read only what these rows name.
type Asset struct {
	ID         AssetID
	VideoID    VideoID
	Generation int
	Kind       AssetKind
	Name       string // unique in its generation: copy.mp4, 1080p.mp4, poster.jpg
	Key        string // in Objects
	MediaType  string // with codecs where they are known (RFC 6381)
	Everywhere bool   // plays in every supported browser
	Width      int
	Height     int
	SizeBytes  int64
	SHA256     string
	Duration   time.Duration
	// BandwidthBPS is the rate of a rung's fastest segment, 0 if the asset is no rung.
	BandwidthBPS int64
	CreatedAt    time.Time
	// DamagedAt is when its object was found not to be as this row says; nil if it is whole.
	DamagedAt *time.Time
}

// Whole are the assets whose objects were not found to be damaged.
func Whole(assets []Asset) []Asset {
	return slices.DeleteFunc(slices.Clone(assets), func(a Asset) bool { return a.DamagedAt != nil })
}

// Playable lists what a player may choose from, largest first. Once something plays everywhere, the
// rest is not needed.
func Playable(assets []Asset) []Asset {
	var all, everywhere []Asset
	for _, a := range assets {
		if a.Kind != AssetCopy && a.Kind != AssetRendition {
			continue
		}
		all = append(all, a)
		if a.Everywhere {
			everywhere = append(everywhere, a)
		}
	}
	if len(everywhere) > 0 {
		all = everywhere
	}
	slices.SortStableFunc(all, func(a, b Asset) int { return cmp.Compare(b.Width*b.Height, a.Width*a.Height) })
	return all
}

// AssetOf finds the asset of a kind, and of a name if one is given.
func AssetOf(assets []Asset, kind AssetKind, name string) *Asset {
	i := slices.IndexFunc(assets, func(a Asset) bool { return a.Kind == kind && (name == "" || a.Name == name) })
	if i < 0 {
		return nil
	}
	return &assets[i]
}
